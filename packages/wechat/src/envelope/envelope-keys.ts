import { EnvelopeFailure } from './envelope-failure.ts';

/** One Token + EncodingAESKey pair of the component; AES key decoded. */
export interface EnvelopeKey {
  readonly token: string;
  readonly aesKey: Buffer;
}

export interface EnvelopeKeys {
  /** The component's appid, never the authorizer's (protocol §1.1): it is at the end of every plaintext. */
  readonly appid: string;
  /** Current first, then previous (protocol §2.2). */
  readonly keys: readonly EnvelopeKey[];
}

/** Throws EnvelopeFailure −40004 unless it is 43 letters and digits. */
export function readEncodingAesKey(encodingAesKey: string): Buffer {
  if (!/^[A-Za-z0-9]{43}$/.test(encodingAesKey)) throw new EnvelopeFailure(-40004);
  // 43 characters carry 258 bits; the surplus two need not be zero (protocol §2.1). Buffer decodes leniently.
  return Buffer.from(`${encodingAesKey}=`, 'base64');
}
