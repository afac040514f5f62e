import type { CallRequest } from '../call.ts';
import type { CallId } from '../call-id.ts';
import type { Created, InlineDeparture } from '../create-call.ts';

/** The record was created, and this process sends the call. */
export interface InlineRun {
  /** Ends with the run: true if the call is settled or has a job. */
  readonly sent: Promise<boolean>;
}

/** Sends calls in the process that receives them. Nothing outside of this folder knows how. */
export interface InlineCalls {
  /** Creates the record by `create`, and sends the call if it departed with that. */
  create(
    call: CallId,
    request: CallRequest,
    create: (departure?: InlineDeparture) => Promise<Created>,
  ): Promise<Exclude<Created, { readonly departure: unknown }> | InlineRun>;
  /** To be called before a call's id is returned: a call that this process sends gets a job, so that it is settled in any case. */
  ensureJob(id: string): Promise<void>;
}
