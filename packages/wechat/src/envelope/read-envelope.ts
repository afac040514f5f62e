import type { Envelope } from './envelope.ts';
import { EnvelopeFailure } from './envelope-failure.ts';
import { readXml, type XmlLimits } from './read-xml.ts';

/**
 * The size of everything around the ciphertext: WeChat sends two or three short elements. Anyone can send a push, so
 * large text must not reach the parser before the signature is verified.
 */
const MAX_AROUND_BYTES = 4 * 1024;
const MAX_CIPHERTEXT_BYTES = 1024 * 1024;

/** Not base64, so it cannot be a ciphertext. */
const PLACEHOLDER = '-ciphertext-';

const LIMITS: XmlLimits = { maxBytes: MAX_AROUND_BYTES + PLACEHOLDER.length, maxParts: 32 };

/** Longer than anything WeChat sends; envelopes are stored, so their sender must not choose their size. */
const MAX_NONCE_LENGTH = 128;

/** The parameters of a push's URL that authenticate its body. */
export type EnvelopeQuery = Omit<Envelope, 'encrypt'>;

/**
 * Takes a push apart without opening it. `AppId` and `ToUserName` beside the ciphertext are not signed, so they count for
 * nothing. The 3-element `signature` is ignored: it does not cover the body (protocol
 * §1.2). Throws EnvelopeFailure −40001 for the query, −40002 for the body.
 */
export function readEnvelope(query: Record<string, unknown>, body: Buffer): Envelope {
  const signed = readEnvelopeQuery(query);
  const encrypt = readEncrypt(body);
  if (encrypt === '') throw new EnvelopeFailure(-40002, 'it needs exactly one Encrypt');
  return { ...signed, encrypt };
}

/** Empty where there is not exactly one element `Encrypt` with text. */
function readEncrypt(body: Buffer): string {
  if (body.length <= MAX_AROUND_BYTES) return encryptIn(body);
  const { start, end } = longestBase64(body);
  if (body.length - (end - start) > MAX_AROUND_BYTES || end - start > MAX_CIPHERTEXT_BYTES) {
    throw new EnvelopeFailure(-40002, 'there is too much around the ciphertext');
  }
  const before = body.toString('utf8', 0, start);
  const after = body.toString('utf8', end);
  // Inside a tag, `/` and `=` of base64 would be markup.
  const isText = /[>[\s]$/.test(before) && /^[<\]\s]/.test(after);
  if (!isText || before.includes(PLACEHOLDER) || after.includes(PLACEHOLDER)) throw new EnvelopeFailure(-40002);
  const encrypt = encryptIn(before + PLACEHOLDER + after);
  return encrypt === PLACEHOLDER ? body.toString('latin1', start, end) : encrypt;
}

function encryptIn(xml: string | Buffer): string {
  const { Encrypt: found } = readXml(xml, LIMITS);
  // Blanks around the ciphertext are added between WeChat and us: WeChat signs without them.
  return typeof found === 'string' ? found.trim() : '';
}

const isBase64 = Uint8Array.from({ length: 256 }, (_, byte) =>
  /[A-Za-z0-9+/=]/.test(String.fromCharCode(byte)) ? 1 : 0,
);

/** The longest run of letters of base64. A loop, because expressions cost more over many short runs. */
function longestBase64(body: Buffer): { readonly start: number; readonly end: number } {
  let longest = { start: 0, end: 0 };
  let start = 0;
  for (let at = 0; at <= body.length; at++) {
    if (at < body.length && isBase64[body[at]!] === 1) continue;
    if (at - start > longest.end - longest.start) longest = { start, end: at };
    start = at + 1;
  }
  return longest;
}

/**
 * The part of an envelope that can be checked before its body is read. Each parameter must be present exactly once: a
 * repeated one is an array, of which two readers might pick different values. Throws EnvelopeFailure −40001.
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
