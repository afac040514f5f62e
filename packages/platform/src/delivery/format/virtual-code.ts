import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';

/** What a virtual code stands for: the consent of an account, as of one version of its grant. */
export interface VirtualConsent {
  readonly component: string;
  readonly appid: string;
  readonly grantVersion: number;
}

export interface IssuedCode {
  readonly code: string;
  /** Unix seconds. */
  readonly expiresAt: number;
}

export type ReadCode =
  | { readonly verdict: 'valid'; readonly consent: VirtualConsent }
  /** WeChat's own code, or no code at all. */
  | { readonly verdict: 'foreign' }
  | { readonly verdict: 'altered' }
  | { readonly verdict: 'expired' }
  | { readonly verdict: 'other_component' };

const PREFIX = 'queryauthcode@@@wxv.';
const MAX_LENGTH = 512;
const MAC_BYTES = 32;
/** As long as WeChat's own code (protocol §1.4). */
const LIFE_S = 3_600;

/**
 * Authorization codes of ours, for receivers of format `wechat-component`: stateless, so that every process verifies what
 * any process issued, as often as it is asked. A code is no credential: it is exchanged with an API key only.
 */
export class VirtualCodes {
  readonly #keys: readonly KeyObject[];

  /** The first key signs, all verify. */
  constructor(secretsKeys: readonly Buffer[]) {
    // As KeyObjects: with a key as bytes, Node takes four times as long for a hash.
    this.#keys = secretsKeys.map((secret) =>
      createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'wxthirdparty virtual authorization code v1', 32))),
    );
  }

  issue({ component, appid, grantVersion }: VirtualConsent, at: Date): IssuedCode {
    const expiresAt = Math.floor(at.getTime() / 1000) + LIFE_S;
    const claims = Buffer.from(JSON.stringify([component, appid, grantVersion, expiresAt]));
    const mac = macOf(this.#keys[0]!, claims);
    return { code: PREFIX + Buffer.concat([mac, claims]).toString('base64url'), expiresAt };
  }

  /** `component`: whose program presents the code. */
  read(code: string, component: string, at: Date): ReadCode {
    if (!code.startsWith(PREFIX)) return { verdict: 'foreign' };
    const encoded = code.slice(PREFIX.length);
    const bytes = Buffer.from(encoded, 'base64url');
    // Decoding ignores what is not base64url, and the unused bits of the last character.
    const isCanonical = bytes.toString('base64url') === encoded;
    if (code.length > MAX_LENGTH || bytes.length <= MAC_BYTES || !isCanonical) return { verdict: 'altered' };
    const claims = bytes.subarray(MAC_BYTES);
    const mac = bytes.subarray(0, MAC_BYTES);
    if (!this.#keys.some((key) => timingSafeEqual(macOf(key, claims), mac))) return { verdict: 'altered' };
    // Signed by us, therefore of this form.
    const [owner, appid, grantVersion, expiresAt]: [string, string, number, number] = JSON.parse(claims.toString());
    if (owner !== component) return { verdict: 'other_component' };
    if (expiresAt * 1000 <= at.getTime()) return { verdict: 'expired' };
    return { verdict: 'valid', consent: { component, appid, grantVersion } };
  }
}

function macOf(key: KeyObject, claims: Buffer): Buffer {
  return createHmac('sha256', key).update(claims).digest();
}
