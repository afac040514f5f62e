import { EnvelopeFailure } from './envelope-failure.ts';
import type { EnvelopeKeys } from './envelope-keys.ts';
import { openEnvelope } from './open-envelope.ts';
import { sameSignature, signatureOf } from './signature.ts';

/**
 * What a GET of a push URL answers (protocol §1.6): `echostr` as it came under the plain signature, decrypted when
 * there is a `msg_signature`; undefined when neither holds.
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
