import { EnvelopeFailure } from './envelope-failure.ts';
import type { EnvelopeKeys } from './envelope-keys.ts';
import { openEnvelope } from './open-envelope.ts';
import { sameSignature, signatureOf } from './signature.ts';

/**
 * The answer to a GET of a push URL (protocol §1.6): `echostr` unchanged if the plain signature is valid, decrypted if
 * there is a valid `msg_signature`; otherwise undefined.
 */
export function verifyEcho(keys: EnvelopeKeys, query: Record<string, unknown>): string | undefined {
  const { signature, msg_signature: msgSignature, timestamp, nonce, echostr } = query;
  if (typeof timestamp !== 'string' || typeof nonce !== 'string' || typeof echostr !== 'string') return undefined;
  if (msgSignature === undefined) {
    if (typeof signature !== 'string') return undefined;
    const known = keys.keys.some(({ token }) => sameSignature(signatureOf(token, timestamp, nonce), signature));
    return known ? echostr : undefined;
  }
  if (typeof msgSignature !== 'string') return undefined;
  try {
    return openEnvelope(keys, { timestamp, nonce, msgSignature, encrypt: echostr }).xml;
  } catch (error) {
    if (error instanceof EnvelopeFailure) return undefined;
    throw error;
  }
}
