import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';

// The padding uses blocks of 32 bytes, not AES's 16, so a library's own padding is wrong (protocol §2.1).
const BLOCK = 32;

/** The 43 characters of an EncodingAESKey as 32 bytes for AES. Ignores the last character's low bits. */
export function aesKeyOf(encodingAesKey: string): Buffer {
  const key = Buffer.from(`${encodingAesKey}=`, 'base64');
  if (encodingAesKey.length !== 43 || key.length !== 32) throw new Error('EncodingAESKey must be 43 characters');
  return key;
}

/** Seals a message for the platform `appid`; `random16` are the 16 bytes in front. */
export function seal(message: string, appid: string, encodingAesKey: string, random16: Buffer): string {
  const key = aesKeyOf(encodingAesKey);
  const body = Buffer.from(message, 'utf8');
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const full = Buffer.concat([random16, length, body, Buffer.from(appid, 'utf8')]);
  const pad = BLOCK - (full.length % BLOCK);
  const cipher = createCipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(full), cipher.update(Buffer.alloc(pad, pad)), cipher.final()]).toString('base64');
}

/** Opens what `seal` made. Throws if the key is wrong or the text is not an envelope. */
export function open(encrypt: string, encodingAesKey: string): { message: string; appid: string } {
  const key = aesKeyOf(encodingAesKey);
  const decipher = createDecipheriv('aes-256-cbc', key, key.subarray(0, 16)).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(Buffer.from(encrypt, 'base64')), decipher.final()]);
  const pad = padded.at(-1) ?? 0;
  const full = padded.subarray(0, padded.length - (pad >= 1 && pad <= BLOCK ? pad : 0));
  if (full.length < 20) throw new Error('too short for an envelope');
  const end = 20 + full.readUInt32BE(16);
  if (end > full.length) throw new Error('the envelope declares more bytes than it has');
  return { message: full.toString('utf8', 20, end), appid: full.toString('utf8', end) };
}

/** sha1 over the sorted parts: with `Encrypt` among them it is `msg_signature`, without it is `signature`. */
export function sign(...parts: string[]): string {
  return createHash('sha1').update(parts.toSorted().join('')).digest('hex');
}
