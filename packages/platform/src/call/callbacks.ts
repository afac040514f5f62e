import { Failure } from '@wxthirdparty/wechat';
import type { OpenQueue } from '../queue/queues.ts';
import { callAnswer } from './call-answer.ts';
import { type CallId, parseCallId } from './call-id.ts';
import type { CallStore } from './call-store.ts';
import type { CallbackPayload } from './callback-job.ts';
import type { CallbackSigner } from './callback-signer.ts';
import { lastPartOf } from './lane-store.ts';

const ANSWER_WITHIN_MS = 15_000;
/** Says that it never wants to hear of it again. */
const GONE = 410;
/** No answer: this process leaves. */
const LEFT = 0;

/** `refused`: the receiver wants no more of it. `gone`: there is nothing to tell. `left`: another process has to try. */
export interface Told {
  readonly outcome: 'delivered' | 'refused' | 'gone' | 'left';
  readonly status?: number;
}

/** Tells business programs how their calls ended. At least once: who hears twice knows it by `webhook-id`. */
export class Callbacks {
  readonly #store: CallStore;
  readonly #signer: CallbackSigner;
  readonly #queue: OpenQueue<CallbackPayload>;

  constructor(store: CallStore, signer: CallbackSigner, queue: OpenQueue<CallbackPayload>) {
    this.#store = store;
    this.#signer = signer;
    this.#queue = queue;
  }

  /** After the call is settled, and before whoever settled it forgets it: a second time does no harm. */
  tell({ id, corrected = false }: CallbackPayload): Promise<void> {
    return this.#queue.add(corrected ? { id, corrected } : { id });
  }

  async tellWhereWanted(call: CallId): Promise<void> {
    if ((await this.#store.callbackUrl(call)) !== undefined) await this.tell(call);
  }

  /** Throws Failure `callback_failed` where it has to be tried again; its message never names the address. */
  async deliver(id: string, signal: AbortSignal): Promise<Told> {
    const callId = parseCallId(id);
    const call = callId && (await this.#store.find(callId));
    const url = call && (await this.#store.callbackUrl(callId));
    if (!url || call.settledAt === null) return { outcome: 'gone' };
    const { quota: _, ...data } = callAnswer({ ...call, quota: null });
    const body = JSON.stringify({ type: 'call.settled', timestamp: call.settledAt, data });
    const status = await this.#post(url, body, this.#signer.headersFor(lastPartOf(callId), body, new Date()), signal);
    if (status >= 200 && status < 300) return { outcome: 'delivered', status };
    if (status === LEFT) return { outcome: 'left' };
    if (status === GONE) return { outcome: 'refused', status };
    throw failed(`the receiver answered ${status}`);
  }

  async #post(url: string, body: string, signature: Record<string, string>, signal: AbortSignal): Promise<number> {
    try {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'user-agent': 'wxthirdparty', ...signature },
        body,
        // A signed message is for the one it was addressed to.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      // Nothing but the status counts; whatever else it says is not waited for.
      await response.body?.cancel();
      return response.status;
    } catch (error) {
      if (signal.aborted) return LEFT;
      throw failed(error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'no connection');
    }
  }
}

function failed(why: string): Failure {
  return new Failure('callback_failed', 'retry', `The outcome could not be told: ${why}.`);
}
