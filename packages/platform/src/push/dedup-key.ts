import { createHash } from 'node:crypto';
import type { Push, XmlNode, XmlValue } from '@wxthirdparty/wechat';

const KEY_LENGTH = 19;
const ALPHABET = '0123456789abcdefghijklmnopqrstuv';

/**
 * Two deliveries with the same key are the same push. WeChat redelivers with the same content, freshly sealed (protocol
 * §1.3), so nothing of the envelope counts. Its own advice for events, FromUserName and CreateTime, loses real ones: two
 * template results or media checks of one user can share the second. `appid` is the account of the message URL. Undefined
 * for a ticket: storing it twice does no harm, and the later arrival counts.
 */
export function dedupKeyOf(
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
        ? keyOf('message', component, account, msgId, fromUserName, String(createTime))
        : keyOf('fields', component, account, sorted(push.fields));
    }
    case 'authorized':
    case 'updateauthorized':
    case 'unauthorized':
      return keyOf('fields', component, push.appid, sorted(push.fields));
    case 'fasteregister':
    case 'other':
      return keyOf('fields', component, '', sorted(push.fields));
    case 'unreadable':
      return keyOf('raw', component, appid ?? '', bytes.toString('base64'));
    default:
      return push satisfies never;
  }
}

/** The first 95 bits of SHA-256 over the parts as JSON, so that different lists of parts have different keys. */
function keyOf(...parts: readonly unknown[]): string {
  const digest = createHash('sha256').update(JSON.stringify(parts)).digest();
  const bits = BigInt(`0x${digest.subarray(0, 12).toString('hex')}`) >> 1n;
  let key = '';
  for (let shift = BigInt(5 * (KEY_LENGTH - 1)); shift >= 0n; shift -= 5n)
    key += ALPHABET[Number((bits >> shift) & 31n)];
  return key;
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
