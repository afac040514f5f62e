import { cdata, Failure } from '@wxthirdparty/wechat';
import type { OpenedPush } from '../../journal/opened-push.ts';
import { isFromWeChat } from '../../journal/push-data.ts';
import type { WeChatSecrets } from '../../subscription/subscription.ts';
import type { Addressee, FormattedPush } from './outgoing.ts';
import { receiverUrl, withQuery } from './receiver-url.ts';
import type { VirtualCodes } from './virtual-code.ts';
import { partiesOf } from './wechat.ts';
import { sealedPost } from './wechat-post.ts';

/** The notices that WeChat's own pushes report to a third-party platform (protocol §1.4). */
const INFO_TYPES = new Map([
  ['authorizer.authorized', 'authorized'],
  ['authorizer.updated', 'updateauthorized'],
  ['authorizer.unauthorized', 'unauthorized'],
]);

/**
 * As WeChat sends to a third-party platform: everything sealed, with the component's appid at its end; messages and events
 * go to the message URL, notices to the event URL as WeChat's own pushes, with a code of ours.
 */
export function formatWeChatComponent(
  addressee: Addressee,
  secrets: WeChatSecrets,
  push: OpenedPush,
  at: Date,
  codes: VirtualCodes,
): FormattedPush {
  const { component, type, appid, payload } = push;
  if (!isFromWeChat(type)) return onEventUrl(addressee, secrets, component, type, noticeXml(push, at, codes), at);
  const { openid, userName } = partiesOf(payload);
  const { query, body } = sealedPost(secrets, payload, {
    appid: component,
    addressee: { element: 'ToUserName', value: userName },
    openid,
    at,
  });
  return { url: withQuery(receiverUrl(addressee, type, appid), query), contentType: 'text/xml', body };
}

/** A push to the receiver's event URL. */
export function onEventUrl(
  addressee: Addressee,
  secrets: WeChatSecrets,
  component: string,
  type: string,
  xml: string,
  at: Date,
): FormattedPush {
  const { query, body } = sealedPost(secrets, Buffer.from(xml), {
    appid: component,
    addressee: { element: 'AppId', value: component },
    at,
  });
  return { url: withQuery(receiverUrl(addressee, type, null), query), contentType: 'text/xml', body };
}

/** The common fields of a push to the event URL (protocol §1.4), and the others in their order. */
export function infoXml(
  component: string,
  createTime: Date,
  infoType: string,
  fields: readonly (readonly [name: string, value: string | number])[],
): string {
  const others = fields.map(
    ([name, value]) => `\n<${name}>${typeof value === 'number' ? value : cdata(value)}</${name}>`,
  );
  return `<xml>
<AppId>${cdata(component)}</AppId>
<CreateTime>${Math.floor(createTime.getTime() / 1000)}</CreateTime>
<InfoType>${cdata(infoType)}</InfoType>${others.join('')}
</xml>`;
}

function noticeXml({ component, type, appid, createTime, payload }: OpenedPush, at: Date, codes: VirtualCodes): string {
  const infoType = INFO_TYPES.get(type);
  if (infoType === undefined || appid === null) {
    throw new Failure('not_in_format', 'fix-request', 'WeChat has no push of this type for third-party platforms.');
  }
  if (infoType === 'unauthorized') return infoXml(component, createTime, infoType, [['AuthorizerAppid', appid]]);
  const { grantVersion, preAuthCode }: { grantVersion?: number; preAuthCode?: string | null } = JSON.parse(
    payload.toString('utf8'),
  );
  const { code, expiresAt } = codes.issue({ component, appid, grantVersion: grantVersion ?? 0 }, at);
  return infoXml(component, createTime, infoType, [
    ['AuthorizerAppid', appid],
    ['AuthorizationCode', code],
    ['AuthorizationCodeExpiredTime', expiresAt],
    // Empty where the consent was started elsewhere, as at WeChat.
    ['PreAuthCode', preAuthCode ?? ''],
  ]);
}
