import { readXml } from '@wxthirdparty/wechat';
import type { OpenedPush } from '../../journal/opened-push.ts';
import type { WeChatSecrets } from '../../subscription/subscription.ts';
import type { Addressee, FormattedPush } from './outgoing.ts';
import { receiverUrl, withQuery } from './receiver-url.ts';
import { plainQuery, sealedPost, type WeChatPost } from './wechat-post.ts';

/** As WeChat sends to one ordinary account (protocol §1.2): the XML is WeChat's, byte for byte. */
export function formatWeChat(addressee: Addressee, secrets: WeChatSecrets, push: OpenedPush, at: Date): FormattedPush {
  const { type, appid, payload } = push;
  const { openid, userName } = partiesOf(payload);
  const { query, body }: WeChatPost =
    addressee.mode === 'plain'
      ? { query: { ...plainQuery(secrets.token, at), openid }, body: payload }
      : sealedPost(secrets, payload, {
          appid: appid ?? '',
          addressee: { element: 'ToUserName', value: userName },
          openid,
          at,
        });
  return { url: withQuery(receiverUrl(addressee, type, appid), query), contentType: 'text/xml', body };
}

/** Its sender and its account; both are text, since only readable pushes are messages and events. */
export function partiesOf(payload: Buffer): { readonly openid: string; readonly userName: string } {
  const { FromUserName, ToUserName } = readXml(payload);
  return {
    openid: typeof FromUserName === 'string' ? FromUserName : '',
    userName: typeof ToUserName === 'string' ? ToUserName : '',
  };
}
