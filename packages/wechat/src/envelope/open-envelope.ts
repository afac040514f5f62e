import { decrypt } from './cipher.ts';
import type { Envelope } from './envelope.ts';
import { EnvelopeFailure } from './envelope-failure.ts';
import type { EnvelopeKeys } from './envelope-keys.ts';
import { sameSignature, signatureOf } from './signature.ts';

export interface OpenedEnvelope {
  readonly xml: string;
  /** The same as bytes, exactly as WeChat sealed them: not everything that a user types is valid UTF-8. */
  readonly bytes: Buffer;
  /** The key that decrypted it; a reply must be sealed with the same (protocol §2.2). */
  readonly keyIndex: number;
}

/** Verifies, decrypts, and checks that it is addressed to us; throws EnvelopeFailure. */
export function openEnvelope(keys: EnvelopeKeys, envelope: Envelope): OpenedEnvelope {
  const signer = signerOf(keys, envelope);
  const appid = Buffer.from(keys.appid);
  let failure: EnvelopeFailure | undefined;
  for (const keyIndex of decryptionOrder(keys, signer)) {
    const key = keys.keys[keyIndex];
    if (key === undefined) continue;
    try {
      const { message: bytes, tail } = decrypt(key.aesKey, envelope.encrypt);
      if (!tail.equals(appid)) throw new EnvelopeFailure(-40005);
      return { xml: bytes.toString('utf8'), bytes, keyIndex };
    } catch (error) {
      if (!(error instanceof EnvelopeFailure)) throw error;
      // A wrong key fails at the padding. A key that gets as far as the appid is the right key of another component,
      // which is the more helpful answer.
      if (failure === undefined || error.wechatCode === -40005) failure = error;
    }
  }
  throw failure ?? new EnvelopeFailure(-40001);
}

/** The index of the token that signed it. */
function signerOf(keys: EnvelopeKeys, { timestamp, nonce, encrypt, msgSignature }: Envelope): number {
  const signer = keys.keys.findIndex(({ token }) =>
    sameSignature(signatureOf(token, timestamp, nonce, encrypt), msgSignature),
  );
  if (signer < 0) throw new EnvelopeFailure(-40001);
  return signer;
}

/** The signer's own key first, so that the answer is signed as the push was; then all others, because the token and
 * the key need not have changed together. */
function decryptionOrder(keys: EnvelopeKeys, signer: number): number[] {
  return [signer, ...keys.keys.map((_key, index) => index).filter((index) => index !== signer)];
}
