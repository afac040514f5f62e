import { readXml } from '@wxthirdparty/wechat';
import type { OpenedPush } from '../../journal/opened-push.ts';
import type { WeChatSecrets } from '../../subscription/subscription.ts';
import type { Addressee, FormattedPush } from './outgoing.ts';
import { receiverUrl, withQuery } from './receiver-url.ts';
import { plainQuery, sealedPost, type WeChatPost } from './wechat-post.ts';

/** As WeChat sends to one ordinary account (protocol §1.2): the XML is WeChat's, byte for byte. */
export function formatWeChat(addressee: Addressee, secrets: WeChatSecrets, push: OpenedPush, at: Date): FormattedPush {
  const { type, appid, payload } = push;
  const openid = fieldOf(payload, 'FromUserName');
  const { query, body }: WeChatPost =
    addressee.mode === 'plain'
      ? { query: { ...plainQuery(secrets.token, at), openid }, body: payload }
      : sealedPost(secrets, payload, {
          appid: appid ?? '',
          addressee: { element: 'ToUserName', value: fieldOf(payload, 'ToUserName') },
          openid,
          at,
        });
  return { url: withQuery(receiverUrl(addressee, type, appid), query), contentType: 'text/xml', body };
}

/** Text: only readable pushes are messages and events. */
export function fieldOf(payload: Buffer, name: 'FromUserName' | 'ToUserName'): string {
  const value = readXml(payload)[name];
  return typeof value === 'string' ? value : '';
}
