import { seqOf } from '../../journal/stream-entry.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { channelLua } from '../../redis/keys.ts';
import { defineScript, REDIS_CLOCK, type SharedLua } from '../../redis/script.ts';
import type { ReplyLimits } from '../../reply/reply-limits.ts';

/** WeChat's last redelivery comes within seconds (protocol §1.3). */
const RECORD_TTL_MS = 120_000;
/** How long a gateway owns a record without renewing it. */
const HOLD_MS = 3_000;

/**
 * How one push is answered while WeChat waits. `open`: its owner asks the receiver. `answered`: the reply is kept for
 * redeliveries. `closed`: WeChat was answered without it, so that a reply is passive or late and never both.
 */
export type ReplyRecord =
  | (RecordIdentity & { readonly state: 'open' /** The owner may have died. */; readonly isAbandoned: boolean })
  | (RecordIdentity & {
      readonly state: 'answered';
      /** Sealed; empty: the receiver has answered without a reply. */
      readonly reply: string;
    })
  | (RecordIdentity & { readonly state: 'closed' });

/** Empty where Redis lost the record and only its end is known. */
export interface RecordIdentity {
  readonly component: string;
  readonly appid: string;
  /** The subscription that is asked. */
  readonly subscription: string;
  /** What WeChat accepts at once. */
  readonly passive: ReplyLimits;
  /** The push's place in the order of acceptance. */
  readonly seq: number;
}

/** Who may end the record: its owner, or a request to `POST /v1/pushes/:id/reply`. */
export type ReplyStorer = { readonly by: 'owner'; readonly owner: string } | { readonly by: 'request' };

export type StoredReply =
  | { readonly outcome: 'stored' }
  /** Another reply was first, or this one before. */
  | { readonly outcome: 'answered'; readonly reply: string }
  | { readonly outcome: 'closed' }
  /** Another gateway has taken over; or, for a request, no gateway waits that could send it. */
  | { readonly outcome: 'not-held' };

export type ClosedReply =
  | { readonly outcome: 'closed' }
  | { readonly outcome: 'answered'; readonly reply: string }
  | { readonly outcome: 'not-held' };

/**
 * `open_reply(key, owner, component, appid, subscription, passive, streamId)`: for the script that accepts a push.
 * `read_reply(key)`: the record as a list that `replyRecordOf` reads.
 */
export const REPLY_RECORD: SharedLua = {
  uses: [REDIS_CLOCK],
  lua: `
local function open_reply(key, owner, component, appid, subscription, passive, streamId)
  redis.call('HSET', key, 'state', 'open', 'owner', owner, 'until', ms(now + ${HOLD_MS}), 'component', component,
    'appid', appid, 'subscription', subscription, 'passive', passive, 'streamId', streamId)
  redis.call('PEXPIRE', key, ${RECORD_TTL_MS})
end
local function read_reply(key)
  local found = redis.call('HMGET', key, 'state', 'until', 'component', 'appid', 'subscription', 'passive', 'streamId', 'reply')
  for i = 1, 8 do if not found[i] then found[i] = '' end end
  if found[1] == 'open' then found[2] = tonumber(found[2]) < now and '1' or '0' end
  return found
end
local function end_reply(key, state, reply)
  redis.call('HSET', key, 'state', state, 'reply', reply)
  redis.call('PEXPIRE', key, ${RECORD_TTL_MS})
end`,
};

const NOTHING: ReplyLimits = { types: [], maxArticles: 0 };

/** Of `read_reply`; undefined: there is no record. */
export function replyRecordOf(found: readonly string[]): ReplyRecord | undefined {
  const [state, isAbandoned, component = '', appid = '', subscription = '', passive = '', streamId = '', reply = ''] =
    found;
  const limits = passive === '' ? NOTHING : (JSON.parse(passive) as ReplyLimits);
  const identity = { component, appid, subscription, passive: limits, seq: seqOf(streamId) };
  switch (state) {
    case 'open':
      return { ...identity, state, isAbandoned: isAbandoned === '1' };
    case 'answered':
      return { ...identity, state, reply };
    case 'closed':
      return { ...identity, state };
    default:
      return undefined;
  }
}

/** The announcement of the record's end saves waiting; the waiting gateway also reads the record. */
const announce = `redis.call('PUBLISH', ${channelLua('record', 'push-replies')}, id)`;

/** A record that Redis has lost counts as open, and as its owner's. `entry`: fields of a stream entry, appended with the reply. */
const store = defineScript({
  uses: [REPLY_RECORD],
  keys: ['record', 'stream'],
  args: ['id', 'owner', 'reply', '...entry'],
  lua: `
local state, holder, held = unpack(redis.call('HMGET', record, 'state', 'owner', 'until'))
if state == 'answered' then return {'answered', redis.call('HGET', record, 'reply') or ''} end
if state == 'closed' then return {'closed', ''} end
if owner == '' then
  if not state or tonumber(held) < now then return {'not-held', ''} end
elseif state and holder ~= owner then return {'not-held', ''} end
end_reply(record, 'answered', reply)
if #entry > 0 then redis.call('XADD', stream, '*', unpack(entry)) end
${announce}
return {'stored', ''}`,
  decode: ([outcome, reply]: [StoredReply['outcome'], string]): StoredReply =>
    outcome === 'answered' ? { outcome, reply } : { outcome },
});

const close = defineScript({
  uses: [REPLY_RECORD],
  keys: ['record'],
  args: ['id', 'owner'],
  lua: `
local state, holder = unpack(redis.call('HMGET', record, 'state', 'owner'))
if state == 'answered' then return {'answered', redis.call('HGET', record, 'reply') or ''} end
if state == 'open' and holder ~= owner then return {'not-held', ''} end
end_reply(record, 'closed', '')
${announce}
return {'closed', ''}`,
  decode: ([outcome, reply]: [ClosedReply['outcome'], string]): ClosedReply =>
    outcome === 'answered' ? { outcome, reply } : { outcome },
});

const takeOver = defineScript({
  uses: [REPLY_RECORD],
  keys: ['record'],
  args: ['owner'],
  lua: `
local state, held = unpack(redis.call('HMGET', record, 'state', 'until'))
if state ~= 'open' or tonumber(held) >= now then return 0 end
redis.call('HSET', record, 'owner', owner, 'until', ms(now + ${HOLD_MS}))
return 1`,
  decode: (taken: number): boolean => taken === 1,
});

const renew = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['record'],
  args: ['owner'],
  lua: `
local state, holder = unpack(redis.call('HMGET', record, 'state', 'owner'))
if state ~= 'open' or holder ~= owner then return 0 end
redis.call('HSET', record, 'until', ms(now + ${HOLD_MS}))
return 1`,
});

const read = defineScript({
  uses: [REPLY_RECORD],
  keys: ['record'],
  lua: 'return read_reply(record)',
  decode: replyRecordOf,
});

/** The records by which gateways agree on the one answer to a push. They live for two minutes. */
export class ReplyRecords {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  read(id: string): Promise<ReplyRecord | undefined> {
    return read.run(this.#redis, this.#keys(id));
  }

  /** Keeps the reply and appends `entry`, both or neither. `reply`: sealed; empty: there is none. */
  store(id: string, storer: ReplyStorer, reply: string, entry: readonly string[]): Promise<StoredReply> {
    const owner = storer.by === 'owner' ? storer.owner : '';
    const keys = { ...this.#keys(id), stream: this.#redis.keyspace.pushStream };
    return store.run(this.#redis, keys, { id, owner, reply, entry });
  }

  /** Ends the waiting for a passive reply, or returns one that was stored before. */
  close(id: string, owner: string): Promise<ClosedReply> {
    return close.run(this.#redis, this.#keys(id), { id, owner });
  }

  /** Makes `owner` the owner of an open record that its owner has stopped renewing. */
  takeOver(id: string, owner: string): Promise<boolean> {
    return takeOver.run(this.#redis, this.#keys(id), { owner });
  }

  /** Keeps the records that `owner` asks for. */
  async renew(ids: readonly string[], owner: string): Promise<void> {
    await renew.batch(
      this.#redis,
      ids.map((id) => [this.#keys(id), { owner }] as const),
    );
  }

  #keys(id: string): { record: string } {
    return { record: this.#redis.keyspace.pushReply(id) };
  }
}
