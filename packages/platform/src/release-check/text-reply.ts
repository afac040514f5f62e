import { type EnvelopeKeys, sealEnvelope } from '@wxthirdparty/wechat';
import type { Conversation } from './answer.ts';

export interface ReplyKey {
  readonly keys: EnvelopeKeys;
  /** The key that opened this delivery of the push; WeChat expects the same (protocol §2.2). */
  readonly keyIndex: number;
  /** The nonce of the push. */
  readonly nonce: string;
}

/** A sealed passive text reply (protocol §1.5). */
export function sealedText(content: string, { openid, userName }: Conversation, key: ReplyKey): string {
  const now = String(Math.floor(Date.now() / 1_000));
  const xml =
    `<xml><ToUserName>${cdata(openid)}</ToUserName><FromUserName>${cdata(userName)}</FromUserName>` +
    `<CreateTime>${now}</CreateTime><MsgType>${cdata('text')}</MsgType><Content>${cdata(content)}</Content></xml>`;
  return sealEnvelope(key.keys, xml, { timestamp: now, nonce: key.nonce, keyIndex: key.keyIndex }).xml;
}

/** The name of an event comes from the push. */
function cdata(text: string): string {
  return `<![CDATA[${text.replaceAll(']]>', ']]]]><![CDATA[>')}]]>`;
}
