import type { ReplyReason, ReplyState } from '../reply/reply.ts';
import type { AttemptCode } from './delivery.ts';

/** What came of asking a receiver while WeChat waits. The gateway appends it to the stream, and the journaler settles the delivery by it. */
export interface AskedOutcome {
  /** When the request was sent (ms). */
  readonly at: number;
  /** Null: the delivery is settled already, and only the reply is news. */
  readonly attempt: {
    readonly status: number | null;
    /** Null: it was answered 2xx. */
    readonly code: AttemptCode | null;
    readonly ms: number;
    /** The start of a refusal, at most 1 kB. */
    readonly answer: string | null;
    /** What the receiver asked for by `Retry-After` of a 429 or 503. */
    readonly retryAfterMs: number | null;
  } | null;
  /** Null: there is none yet; it may come late. */
  readonly reply: { readonly state: ReplyState; readonly reason: ReplyReason | null } | null;
}
