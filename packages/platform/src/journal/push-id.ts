import { createHash } from 'node:crypto';
import type { Push, XmlNode, XmlValue } from '@wxthirdparty/wechat';

const TIME_LENGTH = 7;
const IDENTITY_LENGTH = 19;
const ALPHABET = '0123456789abcdefghijklmnopqrstuv';
/** The latest time that has a place in an id (Unix seconds). */
const MAX_TIME = 32 ** TIME_LENGTH - 1;
const HOUR_SECONDS = 60 * 60;

/**
 * Two deliveries with the same identity are the same push. WeChat redelivers with the same content, freshly sealed (protocol
 * §1.3), so nothing of the envelope counts. Its own advice for events, FromUserName and CreateTime, loses real ones: two
 * template results or media checks of one user can share the second. `appid` is the account of the message URL. Undefined
 * for a ticket: storing it twice does no harm, and the later arrival counts.
 */
export function identityOf(
  component: string,
  appid: string | undefined,
  push: Push,
  bytes: Buffer,
): string | undefined {
  switch (push.type) {
    case 'ticket':
      return undefined;
    case 'message': {
      const account = appid ?? '';
      const { msgId, fromUserName, createTime } = push;
      return push.msgType !== 'event' && msgId !== undefined
        ? hashOf('message', component, account, msgId, fromUserName, String(createTime))
        : hashOf('fields', component, account, sorted(push.fields));
    }
    case 'authorized':
    case 'updateauthorized':
    case 'unauthorized':
      return hashOf('fields', component, push.appid, sorted(push.fields));
    case 'fasteregister':
    case 'other':
      return hashOf('fields', component, '', sorted(push.fields));
    case 'unreadable':
      return hashOf('raw', component, appid ?? '', bytes.toString('base64'));
    default:
      return push satisfies never;
  }
}

/**
 * When a push was created, for its id and its row (Unix seconds). `signedAt`: the timestamp of its envelope, which counts, by
 * the hour, where `CreateTime` is missing or far ahead of it, so that redeliveries have the same time.
 */
export function pushTimeOf(push: Push, signedAt: string): number {
  const signed = Math.min(Number(signedAt), MAX_TIME);
  if (push.type !== 'unreadable' && push.createTime <= signed + HOUR_SECONDS) return push.createTime;
  return signed - (signed % HOUR_SECONDS);
}

/** 26 characters that sort by time (Unix seconds); the same on every node. A hash, not a secret. */
export function pushIdOf(time: number, identity: string): string {
  return base32(BigInt(Math.min(Math.max(Math.trunc(time), 0), MAX_TIME)), TIME_LENGTH) + identity;
}

/** The id of a notice: a repeated append for the same `unique` (of its type and account) has the same id. */
export function noticeIdOf(
  {
    type,
    component,
    appid,
  }: { readonly type: string; readonly component: string; readonly appid?: string | undefined },
  at: Date,
  unique: string,
): string {
  return pushIdOf(at.getTime() / 1_000, hashOf('notice', type, component, appid ?? '', unique));
}

export function isPushId(text: string): boolean {
  return /^[0-9a-v]{26}$/.test(text);
}

/** The first 95 bits of SHA-256 over the parts as JSON, so that different lists of parts have different hashes. */
function hashOf(...parts: readonly unknown[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  return base32(BigInt(`0x${digest.subarray(0, 12).toString('hex')}`) >> 1n, IDENTITY_LENGTH);
}

function base32(bits: bigint, length: number): string {
  let text = '';
  for (let shift = BigInt(5 * (length - 1)); shift >= 0n; shift -= 5n) text += ALPHABET[Number((bits >> shift) & 31n)];
  return text;
}

/** Sorts names at every depth; the values of a repeated name keep their order. */
function sorted(node: XmlNode): unknown {
  return Object.fromEntries(
    Object.keys(node)
      .sort()
      .map((name) => [name, sortedValue(node[name]!)]),
  );
}

function sortedValue(value: XmlValue): unknown {
  if (typeof value === 'string') return value;
  return isList(value) ? value.map(sortedValue) : sorted(value);
}

function isList(value: XmlNode | readonly (string | XmlNode)[]): value is readonly (string | XmlNode)[] {
  return Array.isArray(value);
}
