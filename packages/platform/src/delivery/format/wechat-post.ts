import { randomInt } from 'node:crypto';
import {
  type EnvelopeKey,
  readEncodingAesKey,
  type SealPushOptions,
  sealPush,
  signatureOf,
} from '@wxthirdparty/wechat';
import type { WeChatSecrets } from '../../subscription/subscription.ts';

/** The parameters by which a receiver recognizes WeChat (protocol §1.2), and the body that they sign. */
export interface WeChatPost {
  readonly query: Readonly<Record<string, string>>;
  readonly body: string | Buffer;
}

/** Digits, as WeChat's nonces are (protocol §1.2). */
export function newNonce(): string {
  return String(randomInt(1_000_000_000, 10_000_000_000));
}

export function envelopeKeyOf({ token, encodingAesKey }: WeChatSecrets): EnvelopeKey {
  return { token, aesKey: readEncodingAesKey(encodingAesKey) };
}

/** The signature of a request whose body is not sealed. */
export function plainQuery(token: string, at: Date, nonce = newNonce()): Record<string, string> {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  return { signature: signatureOf(token, timestamp, nonce), timestamp, nonce };
}

/** Seals the message as WeChat does in safe mode. `openid`: of the sender; undefined on an event URL. */
export function sealedPost(
  secrets: WeChatSecrets,
  message: Buffer,
  { appid, addressee, openid, at }: Pick<SealPushOptions, 'appid' | 'addressee'> & { openid?: string; at: Date },
): WeChatPost {
  const key = envelopeKeyOf(secrets);
  const nonce = newNonce();
  const { signature = '', timestamp = '' } = plainQuery(key.token, at, nonce);
  const sealed = sealPush(key, message, { appid, addressee, timestamp, nonce });
  return {
    query: {
      signature,
      timestamp,
      nonce,
      ...(openid === undefined ? {} : { openid }),
      encrypt_type: 'aes',
      msg_signature: sealed.msgSignature,
    },
    body: sealed.body,
  };
}
