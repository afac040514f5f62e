import { readAttempt } from '../../delivery/attempt.ts';
import { MAX_ANSWER_BYTES, readAnswer } from '../../delivery/format/read-answer.ts';
import { envelopeKeyOf } from '../../delivery/format/wechat-post.ts';
import { excerptOf } from '../../delivery/judge-attempt.ts';
import { type SendingParts, sendAttempt } from '../../delivery/send-attempt.ts';
import type { AskedPush } from './asked-push.ts';
import type { ReceiverAnswer } from './asking.ts';

/**
 * Posts the push to its receiver and reads the answer as a reply. Never rejects; what cannot be composed counts as aborted,
 * so that the delivery's own attempts settle it.
 */
export async function askReceiver(
  parts: SendingParts,
  { push, subscription, limits }: AskedPush,
  replyBefore: Date,
  signal: AbortSignal,
): Promise<ReceiverAnswer> {
  const at = new Date();
  const aborted: ReceiverAnswer = { at: at.getTime(), attempt: null, answer: null, isNotHandled: false };
  const terms = { number: 1, at, replyBefore };
  const sent = await sendAttempt(parts, subscription, push, terms, { maxAnswerBytes: MAX_ANSWER_BYTES, signal });
  if ('notSent' in sent) return aborted;
  const { result } = sent;
  const { format, secrets } = subscription;
  const outcome = readAttempt(result, { format, type: push.type, now: new Date() });
  switch (outcome.kind) {
    case 'aborted':
      return aborted;
    case 'failed': {
      const { status, code, ms, holdMs: retryAfterMs, notHandled: isNotHandled } = outcome;
      const answer = result.kind === 'answered' ? excerptOf(result.body) : null;
      return { at: at.getTime(), attempt: { status, code, ms, answer, retryAfterMs }, answer: null, isNotHandled };
    }
    case 'delivered': {
      const { status, ms } = outcome;
      const key = secrets.wechat ? envelopeKeyOf(secrets.wechat) : undefined;
      const answer = result.kind === 'answered' ? readAnswer(result, key, limits) : null;
      return {
        at: at.getTime(),
        attempt: { status, code: null, ms, answer: null, retryAfterMs: null },
        answer,
        isNotHandled: false,
      };
    }
    default:
      return outcome satisfies never;
  }
}
