import { Failure } from '@wxthirdparty/wechat';
import type { OpenedPush } from '../../journal/opened-push.ts';
import type { SubscriptionSecrets, WeChatSecrets } from '../../subscription/subscription.ts';
import { signatureHeaders } from '../../webhook/standard-webhooks.ts';
import { formatJson } from './json.ts';
import type { Addressee, AttemptTerms, ComposedRequest, FormattedPush } from './outgoing.ts';
import type { VirtualCodes } from './virtual-code.ts';
import { formatWeChat } from './wechat.ts';
import { formatWeChatComponent } from './wechat-component.ts';

/**
 * The request of one attempt. Throws Failure `not_in_format` for a type that the format cannot carry (`canCarry`), and
 * EnvelopeFailure for a payload that is not what its type says.
 */
export function compose(
  addressee: Addressee,
  push: OpenedPush,
  attempt: AttemptTerms,
  codes: VirtualCodes,
): ComposedRequest {
  return signed(format(addressee, push, attempt.at, codes), addressee.secrets, push.id, attempt);
}

function format(addressee: Addressee, push: OpenedPush, at: Date, codes: VirtualCodes): FormattedPush {
  switch (addressee.format) {
    case 'json':
      return formatJson(addressee, push);
    case 'wechat':
      return formatWeChat(addressee, weChatSecretsOf(addressee), push, at);
    case 'wechat-component':
      return formatWeChatComponent(addressee, weChatSecretsOf(addressee), push, at, codes);
    default:
      return addressee.format satisfies never;
  }
}

/** The request with the headers of every format. `id`: `webhook-id`. */
export function signed(
  { url, contentType, body }: FormattedPush,
  { signing }: SubscriptionSecrets,
  id: string,
  { number, at, replyBefore, replay, isTest = false }: AttemptTerms,
): ComposedRequest {
  const valid = signing.filter(({ until }) => until === null || until > at.getTime());
  return {
    url,
    body,
    headers: {
      'content-type': contentType,
      'user-agent': 'wxthirdparty',
      ...signatureHeaders(
        valid.map(({ secret }) => secret),
        id,
        body,
        at,
      ),
      'wx-attempt': String(number),
      ...(replyBefore === undefined
        ? {}
        : {
            'wx-reply-before': replyBefore.toISOString(),
            'wx-reply-within-ms': String(Math.max(0, replyBefore.getTime() - at.getTime())),
          }),
      ...(replay === undefined ? {} : { 'wx-replay': replay }),
      ...(isTest ? { 'wx-test': 'true' } : {}),
    },
  };
}

export function weChatSecretsOf({ secrets: { wechat } }: Pick<Addressee, 'secrets'>): WeChatSecrets {
  if (wechat === null) throw new Failure('no_token', 'operator', 'The subscription has no Token and EncodingAESKey.');
  return wechat;
}
