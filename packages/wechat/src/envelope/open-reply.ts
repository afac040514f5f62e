import { decrypt } from './cipher.ts';
import { EnvelopeFailure } from './envelope-failure.ts';
import type { EnvelopeKey } from './envelope-keys.ts';
import type { XmlNode } from './read-xml.ts';
import { sameSignature, signatureOf } from './signature.ts';

/**
 * Opens the wrapper of a passive reply (protocol §1.5) that a receiver wrote. The signature is checked over `TimeStamp` as
 * it is written: npm `wechat` and others write milliseconds. The appid at the end is not checked: a receiver that was
 * configured for another appid still answers over our own connection. Throws EnvelopeFailure.
 */
export function openReply({ token, aesKey }: EnvelopeKey, wrapper: XmlNode): Buffer {
  const encrypt = textOf(wrapper, 'Encrypt').trim();
  const claimed = textOf(wrapper, 'MsgSignature').trim();
  const signature = signatureOf(token, textOf(wrapper, 'TimeStamp'), textOf(wrapper, 'Nonce'), encrypt);
  if (!sameSignature(signature, claimed)) throw new EnvelopeFailure(-40001);
  return decrypt(aesKey, encrypt).message;
}

function textOf(wrapper: XmlNode, name: string): string {
  const value = wrapper[name];
  if (typeof value !== 'string') throw new EnvelopeFailure(-40002, `it needs exactly one ${name}`);
  return value;
}
