import { randomBytes, randomInt } from 'node:crypto';
import type { SubscriptionFormat, SubscriptionSecrets, WeChatSecrets } from './subscription.ts';

const SIGNING_SECRET_BYTES = 32;
const TOKEN_LENGTH = 32;
const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** The last of 43 Base64 characters holds four bits; strict decoders refuse all others in its place (protocol §2.1). */
const LAST_OF_AES_KEY = 'AEIMQUYcgkosw048';

/** What the receiver of a format of WeChat must know; null: we make it. */
export interface GivenSecrets {
  readonly token: string | null;
  readonly encodingAesKey: string | null;
}

/** `given` counts only in the formats of WeChat. */
export function newSecrets(format: SubscriptionFormat, given: GivenSecrets): SubscriptionSecrets {
  return {
    signing: [{ secret: randomBytes(SIGNING_SECRET_BYTES), until: null }],
    wechat: format === 'json' ? null : weChatSecrets(given),
  };
}

/**
 * A new secret signs beside the present one for `overlapMs`. At most two sign, so a former one ends at once. Token and
 * EncodingAESKey have no overlap, since a WeChat program knows one of each.
 */
export function rotated(secrets: SubscriptionSecrets, overlapMs: number, now: number): SubscriptionSecrets {
  const present = secrets.signing[0];
  const retiring = present !== undefined && overlapMs > 0 ? [{ secret: present.secret, until: now + overlapMs }] : [];
  return {
    signing: [{ secret: randomBytes(SIGNING_SECRET_BYTES), until: null }, ...retiring],
    wechat: secrets.wechat && weChatSecrets({ token: null, encodingAesKey: null }),
  };
}

/** All that sign at this moment, the newest first. */
export function signingSecrets(secrets: SubscriptionSecrets, now: number): Buffer[] {
  return secrets.signing.filter(({ until }) => until === null || now < until).map(({ secret }) => secret);
}

/** As text for sealing. */
export function writeSecrets({ signing, wechat }: SubscriptionSecrets): string {
  return JSON.stringify({
    signing: signing.map(({ secret, until }) => ({ secret: secret.toString('base64'), until })),
    wechat,
  });
}

export function readSecrets(text: string): SubscriptionSecrets {
  const { signing, wechat } = JSON.parse(text) as {
    signing: { secret: string; until: number | null }[];
    wechat: WeChatSecrets | null;
  };
  return { signing: signing.map(({ secret, until }) => ({ secret: Buffer.from(secret, 'base64'), until })), wechat };
}

function weChatSecrets({ token, encodingAesKey }: GivenSecrets): WeChatSecrets {
  return { token: token ?? randomText(TOKEN_LENGTH), encodingAesKey: encodingAesKey ?? newEncodingAesKey() };
}

/** 43 letters and digits (protocol §2.1). */
function newEncodingAesKey(): string {
  return randomText(42) + LAST_OF_AES_KEY[randomInt(LAST_OF_AES_KEY.length)]!;
}

function randomText(length: number): string {
  return Array.from({ length }, () => LETTERS_AND_DIGITS[randomInt(LETTERS_AND_DIGITS.length)]!).join('');
}
