import type { Reply } from '../reply/reply.ts';
import { type ReplyType, replyLimitsOf } from '../reply/reply-limits.ts';
import type { Subscription } from '../subscription/subscription.ts';
import type { DueDelivery } from './delivery-store.ts';
import { type ReceivedAnswer, readAnswer } from './format/read-answer.ts';
import { envelopeKeyOf } from './format/wechat-post.ts';
import type { DeliveryReply } from './settle-steps.ts';

/** What becomes of the answer to a push that was asked before: a reply that comes now is late. */
export type LateAnswer =
  /** The delivery's reply is decided. */
  | { readonly kind: 'final'; readonly reply: DeliveryReply }
  | { readonly kind: 'late'; readonly reply: Reply }
  /** It comes by a request of its own. */
  | { readonly kind: 'later' };

/** `types`: what WeChat accepts as a reply to this type of push. */
export function readLateReply(
  subscription: Pick<Subscription, 'reply' | 'secrets'>,
  delivery: Pick<DueDelivery, 'type' | 'replay'>,
  answer: ReceivedAnswer,
  types: readonly ReplyType[],
): LateAnswer {
  const { wechat } = subscription.secrets;
  const key = wechat ? envelopeKeyOf(wechat) : undefined;
  const read = readAnswer(answer, key, replyLimitsOf(delivery.type, types));
  switch (read.kind) {
    case 'none':
      return final('none', null);
    case 'later':
      return { kind: 'later' };
    case 'invalid':
      return final('invalid', read.reason);
    case 'reply':
      // The user may have been answered the first time.
      if (delivery.replay !== null) return final('dropped', 'replayed');
      if (subscription.reply === null || subscription.reply.late === null) return final('dropped', 'late_disabled');
      return { kind: 'late', reply: read.reply };
    default:
      return read satisfies never;
  }
}

function final(state: DeliveryReply['state'], reason: DeliveryReply['reason']): LateAnswer {
  return { kind: 'final', reply: { state, reason, callId: null } };
}
