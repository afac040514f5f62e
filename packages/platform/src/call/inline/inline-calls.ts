import type { CallRequest } from '../call.ts';
import type { CallId } from '../call-id.ts';

/** A call that this process sends without a record. */
export interface InlineRun {
  /** Ends with the run: true if the call is settled or has a job. */
  readonly sent: Promise<boolean>;
}

export interface InlineCaller {
  /** Fires when the caller has disconnected: a call that has not departed never will. */
  readonly disconnected?: AbortSignal | undefined;
  /** Called once the call has a record, which other processes can read. */
  readonly markRecorded: () => void;
}

/** Sends calls in the process that receives them. Nothing outside of this folder knows how. */
export interface InlineCalls {
  /**
   * Takes the call if this process can send it, and returns once its quota is taken; undefined if the call has to go through
   * the queue. Throws QuotaClosedFailure, and what Redis throws: the call was not sent then, and never will be.
   */
  start(call: CallId, request: CallRequest, caller: InlineCaller): Promise<InlineRun | undefined>;
  /**
   * To be called before a call's id is returned: a call that this process sends receives a record and a job, so that it is
   * settled in any case. Returns early if it is answered meanwhile. False if Redis has confirmed nothing for ten seconds.
   */
  secure(id: string): Promise<boolean>;
}
