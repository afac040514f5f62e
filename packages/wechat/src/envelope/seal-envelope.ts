import { cdata } from './cdata.ts';
import { encrypt } from './cipher.ts';
import { EnvelopeFailure } from './envelope-failure.ts';
import type { EnvelopeKeys } from './envelope-keys.ts';
import { signatureOf } from './signature.ts';

export interface SealOptions {
  readonly timestamp: string;
  readonly nonce: string;
  /** The key that opened the push to which this is the reply; 0, the current one, by default. */
  readonly keyIndex?: number;
  /** For tests: the random prefix. */
  readonly random16?: Buffer;
}

export interface SealedEnvelope {
  readonly encrypt: string;
  readonly msgSignature: string;
  /** The reply wrapper of protocol §1.5. */
  readonly xml: string;
}

/** Throws EnvelopeFailure −40006 for a key that does not exist, −40011 for a timestamp that is not digits. */
export function sealEnvelope(keys: EnvelopeKeys, xml: string, options: SealOptions): SealedEnvelope {
  const { timestamp, nonce, keyIndex = 0, random16 } = options;
  const key = keys.keys[keyIndex];
  if (key === undefined) throw new EnvelopeFailure(-40006, 'there is no such key');
  if (!/^\d+$/.test(timestamp)) throw new EnvelopeFailure(-40011, 'the timestamp is not a number');
  const sealed = encrypt(key.aesKey, keys.appid, xml, random16);
  const msgSignature = signatureOf(key.token, timestamp, nonce, sealed);
  return {
    encrypt: sealed,
    msgSignature,
    xml: `<xml>
<Encrypt>${cdata(sealed)}</Encrypt>
<MsgSignature>${cdata(msgSignature)}</MsgSignature>
<TimeStamp>${timestamp}</TimeStamp>
<Nonce>${cdata(nonce)}</Nonce>
</xml>`,
  };
}
