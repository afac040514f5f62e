import { Failure } from '@wxthirdparty/wechat';
import { callAnswer, callSummaryAnswer, readableHeaders } from '../call/call-answer.ts';
import { type CallId, parseCallId } from '../call/call-id.ts';
import { lastPartOf } from '../call/call-record.ts';
import type { CallStore } from '../call/call-store.ts';
import type { CallbackEventResult } from '../call/recorded-events.ts';
import type { Events } from '../events.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { CallbackSigner } from '../webhook/webhook-signer.ts';
import type { CallbackPayload } from './callback-job.ts';
import type { CallbackSender } from './callback-sender.ts';

/** A larger answer is not included; the receiver reads it with `GET /v1/calls/:id`. */
const MAX_ANSWER_BYTES = 256 * 1024;
/** In memory: the answer, its base64, its JSON, and the bytes that are sent. */
const COPIES = 4;
const ENVELOPE_BYTES = 4 * 1024;
/** The receiver will never accept this message. */
const GONE = 410;

/** `refused`: the receiver does not accept it, now or later. `gone`: there is nothing to deliver. `aborted`: another process has to try. */
export type CallbackResult =
  | { readonly outcome: 'delivered' | 'refused'; readonly status: number }
  | { readonly outcome: 'gone' | 'aborted' }
  /** Nothing was sent: other callbacks of this receiver come first, or it does not answer at the moment. */
  | { readonly outcome: 'postponed'; readonly afterMs: number };

/** The handle of an account; undefined: there is no such account. */
export type HandleOf = (component: string, appid: string) => Promise<string | undefined>;

/** Reports outcomes of calls to business programs, at least once; a receiver recognizes a duplicate by its `webhook-id`. */
export class Callbacks {
  readonly #store: CallStore;
  readonly #signer: CallbackSigner;
  readonly #queue: OpenQueue<CallbackPayload>;
  readonly #sender: CallbackSender;
  readonly #handleOf: HandleOf;
  readonly #events: Events;

  constructor(options: {
    store: CallStore;
    signer: CallbackSigner;
    queue: OpenQueue<CallbackPayload>;
    sender: CallbackSender;
    handleOf: HandleOf;
    events: Events;
  }) {
    this.#store = options.store;
    this.#signer = options.signer;
    this.#queue = options.queue;
    this.#sender = options.sender;
    this.#handleOf = options.handleOf;
    this.#events = options.events;
  }

  /** To be called after the call is settled and before its job ends; a repetition does no harm. */
  enqueue({ id, corrected = false }: CallbackPayload): Promise<void> {
    return this.#queue.add(corrected ? { id, corrected } : { id });
  }

  async enqueueIfRequested(call: CallId): Promise<void> {
    if (await this.#store.hasCallback(call)) await this.enqueue(call);
  }

  /**
   * `slots`: callbacks that this process can deliver at the same time. `tries`: of this callback, with this one. Throws
   * Failure `callback_failed` if it has to be tried again; its message never contains the address.
   */
  async deliver(id: string, run: { readonly slots: number; readonly tries: number }, signal: AbortSignal) {
    const startedAt = performance.now();
    const result = await this.#deliver(id, run.slots, signal);
    const ms = Math.round(performance.now() - startedAt);
    this.#events.publish('callback', { call: id, tries: run.tries, ms, ...result });
    return result;
  }

  async #deliver(id: string, slots: number, signal: AbortSignal): Promise<CallbackResult> {
    const callId = parseCallId(id);
    const found = callId && (await this.#store.callback(callId));
    if (!found) return { outcome: 'gone' };
    const message = {
      url: found.url,
      bytes: ENVELOPE_BYTES + COPIES * Math.min(found.resultBytes, MAX_ANSWER_BYTES),
      make: async () => {
        const body = await this.#bodyOf(callId);
        return body === undefined
          ? undefined
          : { body, headers: this.#signer.headersFor(lastPartOf(callId), body, new Date()) };
      },
    };
    const sent = await this.#sender.send(message, slots, signal).catch((error: unknown) => {
      if (!(error instanceof Failure)) throw error;
      this.#note(callId, 'failed', undefined);
      throw failed(error.message);
    });
    switch (sent.kind) {
      case 'postponed':
        return { outcome: 'postponed', afterMs: sent.afterMs };
      case 'withdrawn':
        return { outcome: 'gone' };
      case 'aborted':
        return { outcome: 'aborted' };
      case 'answered': {
        const { status } = sent;
        if (status >= 200 && status < 300) return this.#noted(callId, { outcome: 'delivered', status });
        if (status === GONE) return this.#noted(callId, { outcome: 'refused', status });
        this.#note(callId, 'failed', status);
        throw failed(`The receiver answered ${status}.`);
      }
      default:
        return sent satisfies never;
    }
  }

  #noted<R extends { readonly outcome: CallbackEventResult; readonly status: number }>(call: CallId, result: R): R {
    this.#note(call, result.outcome, result.status);
    return result;
  }

  /** For the call's timeline. Not awaited: the delivery neither waits for it nor fails with it. */
  #note(call: CallId, result: CallbackEventResult, status: number | undefined): void {
    this.#store.noteCallback(call, result, status).catch(() => {});
  }

  async #bodyOf(callId: CallId): Promise<string | undefined> {
    const found = await this.#store.findUpTo(callId, MAX_ANSWER_BYTES);
    if (!found || found.call.settledAt === null) return undefined;
    const { call, omittedBytes } = found;
    const data = omittedBytes === undefined ? whole(call) : withoutBody(call, omittedBytes);
    // The report is not delayed until the database can be reached.
    const handle = (await this.#handleOf(call.component, call.appid).catch(() => undefined)) ?? null;
    return JSON.stringify({
      type: 'call.settled',
      timestamp: call.settledAt,
      data: { ...data, handle },
    });
  }
}

type Found = NonNullable<Awaited<ReturnType<CallStore['findUpTo']>>>['call'];

function whole(call: Found) {
  const { quota: _, ...data } = callAnswer({ ...call, quota: null });
  return data;
}

function withoutBody(call: Found, bodyBytes: number) {
  const { failure, ...summary } = callSummaryAnswer(call);
  const { status, headers } = call.response!;
  return {
    ...summary,
    response: { status, headers: readableHeaders(headers), body: null, bodyOmitted: true, bodyBytes },
    explanation: null,
    failure,
  };
}

function failed(why: string): Failure {
  return new Failure('callback_failed', 'retry', `The callback could not be delivered. ${why}`);
}
