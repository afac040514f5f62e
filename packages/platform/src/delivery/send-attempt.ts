import type { OpenedPush } from '../journal/opened-push.ts';
import type { Subscription } from '../subscription/subscription.ts';
import type { OutboundResult } from '../webhook/outbound-request.ts';
import type { OutboundSender } from '../webhook/outbound-sender.ts';
import { compose } from './format/compose.ts';
import type { AttemptTerms, ComposedRequest } from './format/outgoing.ts';
import type { VirtualCodes } from './format/virtual-code.ts';

export interface SendingParts {
  readonly sender: Pick<OutboundSender, 'send'>;
  readonly codes: VirtualCodes;
}

/**
 * Sends one push to its receiver, once. `notSent`: the push cannot be composed in the subscription's format, so that no attempt
 * will ever succeed.
 */
export async function sendAttempt(
  { sender, codes }: SendingParts,
  subscription: Subscription,
  push: OpenedPush,
  terms: AttemptTerms,
  { maxAnswerBytes, signal }: { readonly maxAnswerBytes: number; readonly signal: AbortSignal },
): Promise<{ readonly request: ComposedRequest; readonly result: OutboundResult } | { readonly notSent: unknown }> {
  let request: ComposedRequest;
  try {
    request = compose(subscription, push, terms, codes);
  } catch (error) {
    return { notSent: error };
  }
  const { timeoutMs } = subscription;
  return { request, result: await sender.send({ ...request, timeoutMs, maxAnswerBytes, signal }) };
}
