import { createDecipheriv, createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { ThirdpartyError } from './thirdparty-error.ts';

/** The platform's Token and EncodingAESKey, as configured at WeChat. */
export interface EnvelopeKeys {
  readonly component: string;
  readonly token: string;
  readonly aesKey: Buffer;
}

/** The query that WeChat sends beside a push. */
export interface PushQuery {
  readonly timestamp?: unknown;
  readonly nonce?: unknown;
  readonly msg_signature?: unknown;
}

export interface SignedPush {
  readonly query: string;
  readonly body: string;
}

const BLOCK_BYTES = 32;
const IV_BYTES = 16;
/** Random bytes and the length of the message. */
const HEAD_BYTES = 20;

/** Protocol §2.1. Throws ThirdpartyError `invalid_request`. */
export function readEncodingAesKey(encodingAesKey: unknown): Buffer {
  if (typeof encodingAesKey !== 'string' || !/^[A-Za-z0-9]{43}$/.test(encodingAesKey)) {
    const message = 'The key must be the EncodingAESKey of the platform: 43 letters and digits.';
    throw new ThirdpartyError(message, { code: 'invalid_request', remedy: 'fix-request' });
  }
  // 43 characters have 258 bits, and the last two need not be zero; Buffer decodes leniently.
  return Buffer.from(`${encodingAesKey}=`, 'base64');
}

/**
 * The ciphertext in the body of a push. Text before the XML does no harm: the example of 2015 appends the body to
 * `undefined`.
 */
export function encryptOf(rawXml: unknown): string {
  const xml = textOf(rawXml);
  const encrypt = /<Encrypt>\s*(?:<!\[CDATA\[)?([A-Za-z0-9+/=\s]*?)(?:\]\]>)?\s*<\/Encrypt>/.exec(xml)?.[1]?.trim();
  if (!encrypt) throw refused('the body has no Encrypt');
  return encrypt;
}

function textOf(rawXml: unknown): string {
  if (typeof rawXml === 'string') return rawXml;
  if (rawXml instanceof Uint8Array) return Buffer.from(rawXml.buffer, rawXml.byteOffset, rawXml.byteLength).toString();
  const message =
    'save_ticket needs the body of the request as it arrived, a string or a Buffer. Mount it before every body parser, or use one for text: express.text({ type: "*/*" }).';
  throw new ThirdpartyError(message, { code: 'raw_body_needed', remedy: 'fix-request' });
}

/** The message in the ciphertext (protocol §2.1). Throws ThirdpartyError unless it is addressed to the component. */
export function openEncrypt({ component, aesKey }: EnvelopeKeys, encrypt: string): string {
  const sealed = Buffer.from(encrypt, 'base64');
  if (sealed.length === 0 || sealed.length % IV_BYTES !== 0) throw refused('the ciphertext is not of whole blocks');
  const decipher = createDecipheriv('aes-256-cbc', aesKey, aesKey.subarray(0, IV_BYTES));
  // The blocks have 32 bytes, which automatic padding refuses.
  decipher.setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(sealed), decipher.final()]);
  const pad = padded.at(-1)!;
  const plain = padded.subarray(0, padded.length - (pad >= 1 && pad <= BLOCK_BYTES ? pad : 0));
  const end = plain.length < HEAD_BYTES ? Number.POSITIVE_INFINITY : HEAD_BYTES + plain.readUInt32BE(IV_BYTES);
  if (end > plain.length || plain.subarray(end).toString() !== component) {
    throw refused('it was encrypted with another EncodingAESKey, or for another component');
  }
  return plain.subarray(HEAD_BYTES, end).toString();
}

/** `msg_signature`; without a ciphertext, `signature` (protocol §2.1). */
export function signatureOf(token: string, timestamp: string, nonce: string, encrypt?: string): string {
  const parts = [token, timestamp, nonce, ...(encrypt === undefined ? [] : [encrypt])];
  return createHash('sha1').update(parts.sort().join('')).digest('hex');
}

/** Throws ThirdpartyError unless WeChat signed the ciphertext with the platform's Token. */
export function verifySignature({ token }: EnvelopeKeys, encrypt: string, query: PushQuery): void {
  const { timestamp, nonce, msg_signature: given } = query;
  if (typeof timestamp !== 'string' || typeof nonce !== 'string' || typeof given !== 'string') {
    throw refused('the query has no timestamp, nonce and msg_signature');
  }
  const [expected, actual] = [Buffer.from(signatureOf(token, timestamp, nonce, encrypt)), Buffer.from(given)];
  if (expected.length !== actual.length || !timingSafeEqual(expected, actual)) {
    throw refused('its signature does not match the Token');
  }
}

/** The push as WeChat would send it at the given time (protocol §1.2). */
export function signPush({ component, token }: EnvelopeKeys, encrypt: string, at: Date): SignedPush {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  const nonce = randomBytes(8).toString('hex');
  const query = new URLSearchParams({
    signature: signatureOf(token, timestamp, nonce),
    timestamp,
    nonce,
    encrypt_type: 'aes',
    msg_signature: signatureOf(token, timestamp, nonce, encrypt),
  });
  const body = `<xml><AppId><![CDATA[${component}]]></AppId><Encrypt><![CDATA[${encrypt}]]></Encrypt></xml>`;
  return { query: query.toString(), body };
}

function refused(why: string): ThirdpartyError {
  return new ThirdpartyError(`The push was refused: ${why}.`, { code: 'envelope_refused', remedy: 'fix-request' });
}
