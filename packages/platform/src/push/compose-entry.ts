import { openEnvelope, type PushUrl, readPush, type XmlNode } from '@wxthirdparty/wechat';
import type { Components } from '../component/components.ts';
import type { NewPush } from '../journal/journaled-push.ts';
import { pushTimeOf } from '../journal/push-id.ts';
import { pushTypeOf } from '../journal/push-type.ts';
import { type NoticeEntry, type PushEntry, pushPlace, seqOf } from '../journal/stream-entry.ts';
import type { Seals } from '../sealing/seals.ts';
import type { MatchablePush } from '../subscription/filter.ts';
import type { KnownAccount } from './known-accounts.ts';

/** What WeChat reports about a follower. */
export interface FollowerStatus {
  readonly component: string;
  readonly appid: string;
  readonly openid: string;
  readonly subscribed: boolean;
  readonly at: Date;
}

/** What is stored of an entry, and what follows from it. */
export interface ComposedPush {
  readonly row: NewPush;
  /** Where it was received; undefined: it is a notice of our own. */
  readonly url: PushUrl | undefined;
  /** Undefined: no subscription receives it. */
  readonly matchable: MatchablePush | undefined;
  /** The subscription whose reply WeChat waited for. */
  readonly asked: string | undefined;
  readonly status: FollowerStatus | undefined;
  /** For the log: the type as WeChat names it, and what was done. */
  readonly name: string;
  readonly outcome: string;
}

export interface ComposeParts {
  readonly components: Pick<Components, 'get'>;
  readonly seals: Seals;
}

/** An openid as WeChat makes them. */
const OPENID = /^[\x21-\x7e]{1,64}$/;

/** `account`: of the URL's appid; undefined: it is not known. Throws what opening throws. */
export function composePush(
  streamId: string,
  entry: PushEntry,
  account: KnownAccount | undefined,
  { components, seals }: ComposeParts,
): ComposedPush {
  const { id, component, url, appid = null, receivedAt, envelope, asked } = entry;
  const { xml, bytes } = openEnvelope(components.get(component).envelopeKeys, envelope);
  const push = readPush(xml, url);
  const type = pushTypeOf(push);
  if (type === undefined || (push.type !== 'message' && push.type !== 'unreadable')) {
    throw new Error(`A push of type ${push.type} does not belong into the stream.`);
  }
  const identity = { component, id, appid, type, receivedAt, seq: seqOf(streamId) };
  const createTime = new Date(pushTimeOf(push, envelope.timestamp) * 1_000);
  const sealed = ownBytes(seals.sealBytes(bytes, pushPlace(component, id)));
  const matchable = { type, component, appid, handle: account?.handle };
  if (push.type === 'unreadable') {
    const row = { ...identity, createTime, note: 'unreadable' as const, openid: null, sealed };
    return { row, url, matchable, asked, status: undefined, name: push.type, outcome: push.reason };
  }
  const { fromUserName: openid, toUserName, event, msgType, fields } = push;
  const name = event ? `event:${event}` : msgType;
  // The appid is in the URL, which is not signed; the `gh_…` in the message is sealed.
  if (account?.userName && account.userName !== toUserName) {
    const row = { ...identity, createTime, note: 'wrong_account' as const, openid, sealed };
    return { row, url, matchable: undefined, asked, status: undefined, name, outcome: 'wrong_account' };
  }
  const row = { ...identity, createTime, note: null, openid, sealed };
  const isStatus = event === 'subscribe' || event === 'unsubscribe';
  const composed = { row, url, matchable: { ...matchable, openid, fields }, asked, name };
  if (!isStatus || !OPENID.test(openid)) return { ...composed, status: undefined, outcome: 'journaled' };
  if (!account || appid === null) return { ...composed, status: undefined, outcome: 'unknown_account' };
  const subscribed = event === 'subscribe';
  const status = { component, appid, openid, subscribed, at: new Date(push.createTime * 1_000) };
  return { ...composed, status, outcome: subscribed ? 'follows' : 'unsubscribed' };
}

export function composeNotice(
  streamId: string,
  entry: NoticeEntry,
  account: KnownAccount | undefined,
  { seals }: ComposeParts,
): ComposedPush {
  const { id, component, appid = null, type, at: createTime, receivedAt, sealed } = entry;
  const data = JSON.parse(seals.openBytes(sealed, pushPlace(component, id)).toString('utf8')) as {
    readonly fields?: XmlNode;
  };
  const row = { component, id, appid, type, note: null, createTime, receivedAt, seq: seqOf(streamId), openid: null };
  return {
    row: { ...row, sealed: ownBytes(sealed) },
    url: undefined,
    matchable: { type, component, appid, handle: account?.handle, fields: data.fields ?? null },
    asked: undefined,
    status: undefined,
    name: type,
    outcome: 'journaled',
  };
}

/** Small Buffers are parts of a large one, which would be copied as a whole to the thread that writes. */
function ownBytes(bytes: Buffer): Buffer {
  const own = Buffer.alloc(bytes.length);
  bytes.copy(own);
  return own;
}
