import type { Envelope } from './envelope.ts';
import { EnvelopeFailure } from './envelope-failure.ts';
import { readXml, type XmlLimits } from './read-xml.ts';

/** WeChat sends two elements, each with one section. So a body that no signature vouches for costs no more to read than an ordinary one. */
const LIMITS: XmlLimits = { maxBytes: 1024 * 1024, maxParts: 32 };

/** Longer than anything WeChat sends; envelopes are stored, so their sender must not choose their size. */
const MAX_NONCE_LENGTH = 128;

/** What the URL of a push says about its body. */
export type EnvelopeQuery = Omit<Envelope, 'encrypt'>;

/**
 * Takes a push apart without opening it. `AppId` and `ToUserName` beside the ciphertext are not signed, so they count for
 * nothing. The 3-element `signature` is ignored: it does not cover the body (protocol
 * §1.2). Throws EnvelopeFailure −40001 for the query, −40002 for the body.
 */
export function readEnvelope(query: Record<string, unknown>, body: Buffer): Envelope {
  const signed = readEnvelopeQuery(query);
  const { Encrypt: found } = readXml(body, LIMITS);
  // Blanks around the ciphertext are the doing of something between WeChat and us: WeChat signs without them.
  const encrypt = typeof found === 'string' ? found.trim() : '';
  if (encrypt === '') throw new EnvelopeFailure(-40002, 'it needs exactly one Encrypt');
  return { ...signed, encrypt };
}

/**
 * The part of an envelope that can be judged before its body is read. Each parameter must be there exactly once: one
 * that is given twice arrives as an array, and two readers might pick different ones. Throws EnvelopeFailure −40001.
 */
export function readEnvelopeQuery({ timestamp, nonce, msg_signature }: Record<string, unknown>): EnvelopeQuery {
  if (typeof timestamp !== 'string' || !/^\d{1,20}$/.test(timestamp)) {
    throw new EnvelopeFailure(-40001, 'timestamp must be given once, in digits');
  }
  if (typeof nonce !== 'string' || nonce === '' || nonce.length > MAX_NONCE_LENGTH) {
    throw new EnvelopeFailure(-40001, 'nonce must be given once');
  }
  if (typeof msg_signature !== 'string' || !/^[0-9a-f]{40}$/.test(msg_signature)) {
    throw new EnvelopeFailure(-40001, 'msg_signature must be given once, as 40 hexadecimal digits');
  }
  return { timestamp, nonce, msgSignature: msg_signature };
}
