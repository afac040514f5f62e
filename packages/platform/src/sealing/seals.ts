import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createSecretKey,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import { BoundedCache } from '../bounded-cache.ts';

const FORMAT = 1;
const KEY_ID_BYTES = 4;
const SALT_BYTES = 16;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + KEY_ID_BYTES + SALT_BYTES + IV_BYTES;
const MAX_DERIVED_KEYS = 1_000;

/** The result for one value that may be sealed under an older key; `superseded`: it was changed meanwhile, so try again. */
export type Resealed = 'none' | 'current' | 'resealed' | 'superseded';

/** The bytes that identify the key. */
export const SEALED_HEAD_BYTES = 1 + KEY_ID_BYTES;

/**
 * Seals what is stored: AES-256-GCM under SECRETS_KEY, with its place (component, owner, field) as
 * associated data, so that a value copied elsewhere does not open.
 *
 * Layout: format, key id, salt, iv, ciphertext, tag. Each process seals under a key of its own, derived with a random
 * salt, and counts its ivs: random ivs under one key would be unsafe after 2^32 bodies.
 */
export class Seals {
  readonly #masters: readonly { readonly id: Buffer; readonly key: Buffer }[];
  /** As KeyObjects: Node takes four times as long over a cipher whose key comes as bytes. */
  readonly #derived = new BoundedCache<string, KeyObject>(MAX_DERIVED_KEYS);
  readonly #salt = randomBytes(SALT_BYTES);
  readonly #ivPrefix = randomBytes(4);
  #sealed = 0n;
  #hashKey: Buffer | undefined;

  /** The first key seals; all open, so that keys rotate. */
  constructor(keys: readonly Buffer[]) {
    if (keys.length === 0) throw new Failure('no_secrets_key', 'operator', 'SECRETS_KEY is missing.');
    this.#masters = keys.map((key) => ({
      id: createHash('sha256').update(key).digest().subarray(0, KEY_ID_BYTES),
      key,
    }));
  }

  seal(text: string, place: string): string {
    return this.sealBytes(Buffer.from(text, 'utf8'), place).toString('base64url');
  }

  open(sealed: string, place: string): string {
    return this.openBytes(Buffer.from(sealed, 'base64url'), place).toString('utf8');
  }

  /** Undefined if none of our keys opens it: for values that can be fetched again. */
  openIfPossible(sealed: string, place: string): string | undefined {
    return unlessUnsealable(() => this.open(sealed, place));
  }

  openBytesIfPossible(sealed: Buffer, place: string): Buffer | undefined {
    return unlessUnsealable(() => this.openBytes(sealed, place));
  }

  sealBytes(plain: Buffer, place: string): Buffer {
    const master = this.#masters[0]!;
    const iv = Buffer.alloc(IV_BYTES);
    this.#ivPrefix.copy(iv);
    iv.writeBigUInt64BE(this.#sealed++, 4);
    const cipher = createCipheriv('aes-256-gcm', this.#key(master, this.#salt), iv);
    cipher.setAAD(Buffer.from(place, 'utf8'));
    const body = Buffer.concat([cipher.update(plain), cipher.final()]);
    return Buffer.concat([Buffer.from([FORMAT]), master.id, this.#salt, iv, body, cipher.getAuthTag()]);
  }

  /** Throws Failure `unsealable` if no key opens it. */
  openBytes(sealed: Buffer, place: string): Buffer {
    if (sealed.length < HEADER_BYTES + TAG_BYTES || sealed[0] !== FORMAT) throw unsealable(place);
    const id = sealed.subarray(1, 1 + KEY_ID_BYTES);
    const salt = sealed.subarray(1 + KEY_ID_BYTES, 1 + KEY_ID_BYTES + SALT_BYTES);
    const iv = sealed.subarray(HEADER_BYTES - IV_BYTES, HEADER_BYTES);
    const master = this.#masters.find((m) => m.id.equals(id));
    if (!master) throw unsealable(place);
    const decipher = createDecipheriv('aes-256-gcm', this.#key(master, salt), iv);
    decipher.setAAD(Buffer.from(place, 'utf8'));
    decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
    try {
      return Buffer.concat([
        decipher.update(sealed.subarray(HEADER_BYTES, sealed.length - TAG_BYTES)),
        decipher.final(),
      ]);
    } catch (cause) {
      throw unsealable(place, cause);
    }
  }

  /** An HMAC under the first key, base64url, for a name that must not be stored in clear. */
  hash(text: string, place: string): string {
    this.#hashKey ??= Buffer.from(hkdfSync('sha256', this.#masters[0]!.key, '', 'wxthirdparty names', 32));
    return createHmac('sha256', this.#hashKey)
      .update(JSON.stringify([place, text]))
      .digest('base64url');
  }

  /** Whether one of our keys sealed it. If none did, a process with more keys may still open it. */
  hasKeyOf(sealed: Buffer): boolean {
    const id = sealed.subarray(1, 1 + KEY_ID_BYTES);
    return sealed[0] === FORMAT && this.#masters.some((master) => master.id.equals(id));
  }

  /** The position of the key that sealed it among ours; -1: none of them. The first few bytes suffice. */
  indexOfKey(sealed: Buffer): number {
    if (sealed[0] !== FORMAT) return -1;
    const id = sealed.subarray(1, 1 + KEY_ID_BYTES);
    return this.#masters.findIndex((master) => master.id.equals(id));
  }

  /** The same value under the first key; undefined if it is sealed under that one. Throws Failure `unsealable`. */
  reseal(sealed: string, place: string): string | undefined {
    const bytes = Buffer.from(sealed, 'base64url');
    return this.isFresh(bytes) ? undefined : this.sealBytes(this.openBytes(bytes, place), place).toString('base64url');
  }

  /** Whether it is sealed under the first key. The first few bytes suffice. */
  isFresh(sealed: Buffer): boolean {
    return sealed[0] === FORMAT && this.#masters[0]!.id.equals(sealed.subarray(1, 1 + KEY_ID_BYTES));
  }

  #key(master: { readonly id: Buffer; readonly key: Buffer }, salt: Buffer): KeyObject {
    const name = `${master.id.toString('hex')}${salt.toString('hex')}`;
    const known = this.#derived.get(name);
    if (known) return known;
    const key = createSecretKey(Buffer.from(hkdfSync('sha256', master.key, salt, 'wxthirdparty seal', 32)));
    this.#derived.set(name, key);
    return key;
  }
}

function unlessUnsealable<T>(open: () => T): T | undefined {
  try {
    return open();
  } catch (error) {
    if (error instanceof Failure && error.code === 'unsealable') return undefined;
    throw error;
  }
}

function unsealable(place: string, cause?: unknown): Failure {
  return new Failure(
    'unsealable',
    'operator',
    `A stored secret (${place}) does not open; is SECRETS_KEY the one under which it was sealed?`,
    { cause },
  );
}
