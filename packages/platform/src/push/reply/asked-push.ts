import type { OpenedPush } from '../../journal/opened-push.ts';
import type { Reply } from '../../reply/reply.ts';
import { faultOf, type ReplyLimits } from '../../reply/reply-limits.ts';
import type { ReplyTerms, Subscription } from '../../subscription/subscription.ts';

/** A push whose receiver is asked while WeChat waits. */
export interface AskedPush {
  readonly push: OpenedPush & { readonly appid: string };
  readonly subscription: Subscription & { readonly reply: ReplyTerms };
  /** What a reply to this push may be, passive or late. */
  readonly limits: ReplyLimits;
  /** What WeChat accepts at once: less for mini programs, nothing as long as the account's kind is not known. */
  readonly passive: ReplyLimits;
  /** When WeChat gets its answer at the latest, on the clock of `performance.now()`. */
  readonly answerBy: number;
}

/** What WeChat is answered; undefined: `success`. */
export type PassiveAnswer = Reply | undefined;

/** What the user gets where the receiver did not answer in time: messages only, since an event expects nothing. */
export function fallbackOf({ push, subscription, passive }: AskedPush): PassiveAnswer {
  const { fallback } = subscription.reply;
  if (fallback === null || !push.type.startsWith('message.')) return undefined;
  return faultOf(fallback, passive) === undefined ? fallback : undefined;
}
