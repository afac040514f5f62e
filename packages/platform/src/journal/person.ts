import { createHmac, hkdfSync } from 'node:crypto';

/** The user of a push. The journal stores no openid, only an HMAC of it under a key that is derived from SECRETS_KEY. */
export class Persons {
  readonly #keys: readonly Buffer[];

  /** The first key makes the HMACs; rows of the others are found until they expire. At least one. */
  constructor(secretsKeys: readonly Buffer[]) {
    this.#keys = secretsKeys.map((key) => Buffer.from(hkdfSync('sha256', key, '', 'wxthirdparty persons', 32)));
  }

  /** Under the first key. */
  hash(component: string, appid: string, openid: string): string {
    return hashUnder(this.#keys[0]!, component, appid, openid);
  }

  /** Under each key: what a row of this person can contain. */
  hashes(component: string, appid: string, openid: string): string[] {
    return this.#keys.map((key) => hashUnder(key, component, appid, openid));
  }
}

function hashUnder(key: Buffer, ...parts: readonly string[]): string {
  return createHmac('sha256', key).update(JSON.stringify(parts)).digest('base64url');
}
