import { createHash, randomBytes } from 'node:crypto';

const ID_BYTES = 8;
const SECRET_BYTES = 32;
/** The id finds the key, the secret is compared. `wxk_` shows readers and secret scanners what the text is. */
const SHAPE = /^wxk_([0-9a-f]{16})_[A-Za-z0-9_-]{43}$/;

export interface ReadKeyText {
  readonly id: string;
  /** SHA-256 of the whole text. A random secret of 256 bits needs no slow hash. */
  readonly hash: Buffer;
}

export function newKeyText(): ReadKeyText & { readonly text: string } {
  const id = randomBytes(ID_BYTES).toString('hex');
  const text = `wxk_${id}_${randomBytes(SECRET_BYTES).toString('base64url')}`;
  return { id, text, hash: hashOf(text) };
}

/** Undefined for a text without the shape of a key. */
export function readKeyText(text: string): ReadKeyText | undefined {
  const id = SHAPE.exec(text)?.[1];
  return id === undefined ? undefined : { id, hash: hashOf(text) };
}

function hashOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
