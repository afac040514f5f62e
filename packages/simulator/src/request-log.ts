import { hash } from 'node:crypto';

/** A request of a caller, and how it was answered. */
export interface LoggedRequest {
  readonly kind: 'request';
  /** Unix milliseconds of its arrival, and of the end of its answer. */
  readonly at: number;
  readonly answeredAt: number;
  readonly method: string;
  readonly path: string;
  readonly component: string | null;
  readonly account: string | null;
  /** SHA-256 of the body, in hex; null if the body was not read to its end. */
  readonly bodyHash: string | null;
  /** The errcode of the answer, or the name of the fault instead of it. */
  readonly answer: number | string;
  /** Whether the caller's connection was still open when the answer was written. */
  readonly connected: boolean;
  /** The caller's IP address. */
  readonly from: string;
}

/** One delivery of a push, and how it was answered. */
export interface LoggedPush {
  readonly kind: 'push';
  readonly at: number;
  readonly answeredAt: number;
  readonly path: 'events' | 'messages';
  readonly component: string;
  readonly account: string | null;
  /** InfoType, MsgType, or `event:` and the Event. */
  readonly what: string;
  readonly msgId: string | null;
  readonly attempt: number;
  /** SHA-256 of the body, in hex; each delivery has a ciphertext of its own. */
  readonly bodyHash: string;
  /** The HTTP status; 0 without an answer. */
  readonly answer: number;
  /** Whether the answer is valid, so that WeChat does not deliver the push again. */
  readonly accepted: boolean;
}

type Logged = LoggedRequest | LoggedPush;

const MAX_ENTRIES = 100_000;

/** All requests in the order of their answers, from both sides; the oldest are forgotten. */
export class RequestLog {
  #entries: (Logged & { readonly seq: number })[] = [];
  #last = 0;

  add(entry: Logged): void {
    this.#last += 1;
    this.#entries.push({ seq: this.#last, ...entry });
    // Trimmed in batches: removing one at a time would cost more than the request.
    if (this.#entries.length > 2 * MAX_ENTRIES) this.#entries = this.#entries.slice(-MAX_ENTRIES);
  }

  /** NDJSON of the entries whose number `seq` is greater. */
  linesAfter(seq: number): string {
    return this.#entries
      .filter((entry) => entry.seq > seq)
      .map((entry) => `${JSON.stringify(entry)}\n`)
      .join('');
  }
}

export function hashOf(body: Buffer | string): string {
  return hash('sha256', body);
}
