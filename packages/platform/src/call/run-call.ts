import { Failure } from '@wxthirdparty/wechat';
import type { Call, CallRequest } from './call.ts';
import type { Accepted } from './submit.ts';

export type RunCallOptions = {
  /** How long the caller waits. 0: the call is a background call. */
  readonly waitMs: number;
  /** Ends the waiting earlier, for instance because the caller has disconnected. */
  readonly signal?: AbortSignal | undefined;
  /** The caller has disconnected: a call that this process is about to send does not depart any more. */
  readonly disconnected?: AbortSignal | undefined;
  /** Called with the id as soon as the call is accepted. */
  readonly accepted?: (id: string) => void;
} & (
  | { readonly onTimeout: 'keep' }
  /** A call that has departed cannot be cancelled: its outcome is waited for `settleTimeoutMs` longer, or until `settleSignal`. */
  | {
      readonly onTimeout: 'cancel';
      readonly settleTimeoutMs: number;
      readonly settleSignal?: AbortSignal | undefined;
    }
);

/** The parts of a run. */
export interface CallSteps {
  submit(request: CallRequest, disconnected?: AbortSignal): Promise<Accepted>;
  settled(id: string, waitMs: number, signal?: AbortSignal): Promise<Call | undefined>;
  cancel(id: string): Promise<boolean>;
  find(id: string): Promise<Call | undefined>;
}

/** `call`: settled or not; missing if its record cannot be read at present, or if it was cancelled. */
export interface CallRun {
  readonly id: string;
  readonly call?: Call;
  readonly cancelled?: boolean;
}

/**
 * Submits a call and waits for its outcome. A call is pending in this process until its outcome is known or the wait has
 * ended, so the wait also takes place if the caller has disconnected before. Throws what `submit` throws, and Failure
 * `call_lost` if the record has vanished.
 */
export async function runCall(
  calls: CallSteps,
  request: Omit<CallRequest, 'waitMs'>,
  options: RunCallOptions,
): Promise<CallRun> {
  const { waitMs, signal, disconnected, accepted } = options;
  const { id } = await calls.submit({ ...request, waitMs }, disconnected);
  accepted?.(id);
  const settled = async (timeoutMs: number, abort: AbortSignal | undefined): Promise<Call | undefined> => {
    try {
      return await calls.settled(id, timeoutMs, abort);
    } catch (error) {
      if (abort?.aborted) return undefined;
      throw error;
    }
  };
  if (options.onTimeout === 'keep') {
    try {
      return { id, call: (await settled(waitMs, signal)) ?? (await read(calls, id)) };
    } catch (error) {
      // The call is accepted: to report an error would make the caller send it twice.
      if (error instanceof Failure && error.code === 'redis_unreachable') return { id };
      throw error;
    }
  }
  const inTime = await settled(waitMs, signal);
  if (inTime) return { id, call: inTime };
  if (await calls.cancel(id)) return { id, cancelled: true };
  const late = await settled(options.settleTimeoutMs, options.settleSignal);
  return { id, call: late ?? (await read(calls, id)) };
}

async function read(calls: Pick<CallSteps, 'find'>, id: string): Promise<Call> {
  const call = await calls.find(id);
  if (call) return call;
  throw new Failure('call_lost', 'operator', 'The record of the call has vanished; the call may have been sent.');
}
