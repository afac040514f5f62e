import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { EnvelopeFailure } from './envelope-failure.ts';

/** PKCS#7 with blocks of 32 bytes, not AES's 16, so a library's own padding cannot be used (protocol §2.1). */
const PAD_BLOCK_BYTES = 32;
const PREFIX_BYTES = 16;
const HEAD_BYTES = PREFIX_BYTES + 4;

export interface Decrypted {
  readonly message: Buffer;
  /** The appid at the end: to which component or account the message is addressed. */
  readonly tail: Buffer;
}

/** `Encrypt`: base64 of AES-256-CBC over random16 ‖ length ‖ message ‖ appid ‖ padding. */
export function encrypt(
  aesKey: Buffer,
  appid: string,
  message: string | Buffer,
  random16: Buffer = randomBytes(PREFIX_BYTES),
): string {
  if (random16.length !== PREFIX_BYTES) throw new EnvelopeFailure(-40006, 'the random prefix is not 16 bytes');
  const body = typeof message === 'string' ? Buffer.from(message) : message;
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  const plain = Buffer.concat([random16, length, body, Buffer.from(appid)]);
  const pad = PAD_BLOCK_BYTES - (plain.length % PAD_BLOCK_BYTES);
  const cipher = createCipheriv('aes-256-cbc', aesKey, aesKey.subarray(0, 16)).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.update(Buffer.alloc(pad, pad)), cipher.final()]).toString(
    'base64',
  );
}

/** Throws EnvelopeFailure −40010, −40007 or −40008. */
export function decrypt(aesKey: Buffer, encrypted: string): Decrypted {
  // Buffer ignores characters that are not base64; WeChat never sends them.
  if (encrypted.length % 4 !== 0 || !/^[A-Za-z0-9+/]+={0,2}$/.test(encrypted)) throw new EnvelopeFailure(-40010);
  const sealed = Buffer.from(encrypted, 'base64');
  if (sealed.length === 0 || sealed.length % 16 !== 0) throw new EnvelopeFailure(-40007);
  const decipher = createDecipheriv('aes-256-cbc', aesKey, aesKey.subarray(0, 16)).setAutoPadding(false);
  const padded = Buffer.concat([decipher.update(sealed), decipher.final()]);
  const pad = padded[padded.length - 1] ?? 0;
  if (pad < 1 || pad > PAD_BLOCK_BYTES || pad > padded.length) throw new EnvelopeFailure(-40007);
  const end = padded.length - pad;
  for (let at = end; at < padded.length; at++) if (padded[at] !== pad) throw new EnvelopeFailure(-40007);
  if (end < HEAD_BYTES) throw new EnvelopeFailure(-40008);
  const messageEnd = HEAD_BYTES + padded.readUInt32BE(PREFIX_BYTES);
  if (messageEnd > end) throw new EnvelopeFailure(-40008);
  return { message: padded.subarray(HEAD_BYTES, messageEnd), tail: padded.subarray(messageEnd, end) };
}
