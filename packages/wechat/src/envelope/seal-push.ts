import { cdata } from './cdata.ts';
import { encrypt } from './cipher.ts';
import type { EnvelopeKey } from './envelope-keys.ts';
import { signatureOf } from './signature.ts';

export interface SealPushOptions {
  /** At the end of the plaintext: the component's appid, or an ordinary account's own (protocol §1.1). */
  readonly appid: string;
  /** The element beside the ciphertext: `ToUserName` on a message URL, `AppId` on an event URL (protocol §1.2). */
  readonly addressee: { readonly element: 'ToUserName' | 'AppId'; readonly value: string };
  readonly timestamp: string;
  readonly nonce: string;
  /** For tests: the random prefix. */
  readonly random16?: Buffer;
}

export interface SealedPush {
  readonly body: string;
  readonly msgSignature: string;
}

/** A push in the envelope in which WeChat sends it (protocol §1.2); the message is sealed byte for byte. */
export function sealPush({ token, aesKey }: EnvelopeKey, message: Buffer, options: SealPushOptions): SealedPush {
  const { appid, addressee, timestamp, nonce, random16 } = options;
  const sealed = encrypt(aesKey, appid, message, random16);
  const { element, value } = addressee;
  return {
    body: `<xml>
<${element}>${cdata(value)}</${element}>
<Encrypt>${cdata(sealed)}</Encrypt>
</xml>`,
    msgSignature: signatureOf(token, timestamp, nonce, sealed),
  };
}
