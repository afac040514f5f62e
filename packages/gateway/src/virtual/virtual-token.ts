import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';
import { BoundedCache } from '@wxthirdparty/platform';

/** The account of a token of this gateway, and the API key for which it was issued. */
export interface VirtualGrant {
  readonly keyFingerprint: string;
  readonly component: string;
  readonly appid: string;
}

type ReadToken =
  | { readonly verdict: 'good'; readonly grant: VirtualGrant }
  | { readonly verdict: 'expired' }
  | { readonly verdict: 'made-up' };

export interface VirtualTokens {
  sign(grant: VirtualGrant): string;
  read(token: string): ReadToken;
}

const PREFIX = 'wxt_';
const MAC_BYTES = 32;
/** Tokens, of about 300 bytes each, whose next requests cost no HMAC. */
const MAX_VERIFIED = 10_000;
export const LIFE_S = 7200;

/**
 * Tokens of the virtual WeChat: signed, stored nowhere, worthless at WeChat. Their content is not secret, so it is not sealed. They
 * are URL-safe and far below the 512 characters that SDKs reserve.
 *
 * @param secretsKeys the first signs, all verify
 */
export function openVirtualTokens(secretsKeys: readonly Buffer[], now: () => number = Date.now): VirtualTokens {
  // As KeyObjects: with a key as bytes, Node takes four times as long for a hash.
  const keys = secretsKeys.map((secret) =>
    createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'wxthirdparty virtual access token v1', 32))),
  );
  const signer = keys[0];
  if (signer === undefined) throw new Error('The virtual WeChat requires a secrets key.');

  const verified = new BoundedCache<string, { readonly expiresAt: number; readonly grant: VirtualGrant }>(MAX_VERIFIED);

  return {
    sign({ keyFingerprint, component, appid }) {
      const expiresAt = Math.floor(now() / 1000) + LIFE_S;
      const claims = Buffer.from(JSON.stringify([expiresAt, keyFingerprint, component, appid]));
      return PREFIX + Buffer.concat([macOf(signer, claims), claims]).toString('base64url');
    },
    read(token) {
      let found = verified.get(token);
      if (found === undefined) {
        found = verify(token, keys);
        if (found === undefined) return { verdict: 'made-up' };
        verified.set(token, found);
      }
      if (found.expiresAt * 1000 > now()) return { verdict: 'good', grant: found.grant };
      verified.delete(token);
      return { verdict: 'expired' };
    },
  };
}

/** Undefined if none of the keys has signed it. `expiresAt`: seconds since 1970. */
function verify(
  token: string,
  keys: readonly KeyObject[],
): { readonly expiresAt: number; readonly grant: VirtualGrant } | undefined {
  if (!token.startsWith(PREFIX) || token.length > 512) return undefined;
  const bytes = Buffer.from(token.slice(PREFIX.length), 'base64url');
  if (bytes.length <= MAC_BYTES) return undefined;
  const claims = bytes.subarray(MAC_BYTES);
  const mac = bytes.subarray(0, MAC_BYTES);
  if (!keys.some((key) => timingSafeEqual(macOf(key, claims), mac))) return undefined;
  // Signed by us, therefore of this form.
  const [expiresAt, keyFingerprint, component, appid] = JSON.parse(claims.toString()) as [
    number,
    string,
    string,
    string,
  ];
  return { expiresAt, grant: { keyFingerprint, component, appid } };
}

function macOf(key: KeyObject, claims: Buffer): Buffer {
  return createHmac('sha256', key).update(claims).digest();
}
