import type { Reply } from '../reply/reply.ts';

export const subscriptionFormats = ['json', 'wechat', 'wechat-component'] as const;
/** To what the receiver is built: our JSON, an ordinary WeChat account, or a third-party platform. */
export type SubscriptionFormat = (typeof subscriptionFormats)[number];

/** `failing`: one probe at a time is sent. `paused`: nothing is sent. */
export type SubscriptionState = 'active' | 'failing' | 'paused';

export type PauseReason = 'manual' | 'gone' | 'failing_too_long';

/** Which pushes a subscription receives; all given parts must hold. */
export interface SubscriptionFilter {
  /** Exact, or a prefix with `*` at its end. */
  readonly types?: readonly string[] | undefined;
  readonly accounts?: readonly string[] | undefined;
  readonly handles?: readonly string[] | undefined;
  readonly components?: readonly string[] | undefined;
  readonly openids?: readonly string[] | undefined;
  /** Of text fields at the top: equal, one of, or with a prefix. */
  readonly where?: Readonly<Record<string, string | readonly string[] | { readonly prefix: string }>> | undefined;
}

/** How the receiver's answers reach the user. */
export interface ReplyTerms {
  /** How long WeChat waits for a passive reply (ms). */
  readonly waitMs: number;
  /** What becomes of a reply that comes later. */
  readonly late: 'customer_message' | null;
  /** The passive reply if none came in time; for messages only. */
  readonly fallback: Reply | null;
  /** Open requests for each gateway. */
  readonly maxInFlight: number;
}

/** Of format `wechat` or `wechat-component`: the Token and EncodingAESKey by which the receiver knows us. */
export interface WeChatSecrets {
  readonly token: string;
  /** 43 characters. */
  readonly encodingAesKey: string;
}

/** Sealed together in one column. */
export interface SubscriptionSecrets {
  /** Signing secrets of 32 bytes, the newest first; the second one signs until `until` (ms). */
  readonly signing: readonly { readonly secret: Buffer; readonly until: number | null }[];
  readonly wechat: WeChatSecrets | null;
}

export interface LastFailure {
  readonly code: string;
  readonly status: number | null;
  readonly at: Date;
}

export interface LastTicket {
  readonly at: Date;
  readonly status: number | null;
  /** Null: it was answered 2xx. */
  readonly code: string | null;
  /** How often this ticket has failed so far, if it is repeated. */
  readonly failures?: number | undefined;
}

/** A subscription with all that is needed to send to it; only its owner's answer shows secrets. */
export interface Subscription {
  readonly id: string;
  readonly name: string;
  /** May contain `$APPID$`. */
  readonly url: string;
  /** Format `wechat-component` only: for messages and events of accounts. */
  readonly messageUrl: string | null;
  readonly format: SubscriptionFormat;
  /** Format `wechat` only. */
  readonly mode: 'safe' | 'plain' | null;
  /** Format `wechat-component` only. */
  readonly component: string | null;
  readonly filter: SubscriptionFilter;
  readonly reply: ReplyTerms | null;
  readonly maxInFlight: number;
  readonly timeoutMs: number;
  /** Null: the smaller of three days and the retention. */
  readonly giveUpAfterMs: number | null;
  readonly state: SubscriptionState;
  readonly reason: PauseReason | null;
  readonly failures: number;
  readonly failingSince: Date | null;
  readonly probeAt: Date | null;
  readonly holdUntil: Date | null;
  readonly ticketAt: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly behindSince: Date | null;
  readonly lastFailure: LastFailure | null;
  readonly lastTicket: LastTicket | null;
  readonly secrets: SubscriptionSecrets;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}
