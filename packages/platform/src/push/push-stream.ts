import { Failure } from '@wxthirdparty/wechat';
import type { Events } from '../events.ts';
import { entryFields, type PushEntry, seqOf } from '../journal/stream-entry.ts';
import { ConfirmedScript } from '../redis/confirmed-script.ts';
import type { RedisClient } from '../redis/connect.ts';
import { inBatches } from '../redis/in-batches.ts';
import { defineScript } from '../redis/script.ts';
import type { ReplyLimits } from '../reply/reply-limits.ts';
import { REPLY_RECORD, type ReplyRecord, replyRecordOf } from './reply/reply-record.ts';

/** WeChat redelivers within seconds; late copies were observed within an hour. */
export const SEEN_TTL_MS = 60 * 60_000;
/** The mark of a push that is a job of the queue `pushes`; that of one in the stream is its id. */
export const QUEUED_MARK = '1';
/** Above this share of Redis' memory the rest is for tokens and tickets; WeChat delivers the push again. */
const MAX_MEMORY_SHARE = 0.8;

export interface AppendOptions {
  /** By what the push is recognized (journal/push-id.ts). */
  readonly identity: string;
  /** The subscription that the entry names is asked: by whom, and what WeChat accepts at once. */
  readonly asks?: { readonly owner: string; readonly passive: ReplyLimits } | undefined;
  /** It is a job of the queue, so a mark that only says so does not count. */
  readonly fromQueue?: boolean;
  /** The stream may have at most as many entries. */
  readonly maxLength?: number | undefined;
}

/** `full`: the stream has `maxLength` entries, and the push was not appended. */
export type Appended =
  | { readonly outcome: 'appended' /** Its place in the order of acceptance. */; readonly seq: number }
  | { readonly outcome: 'full' }
  /** `reply`: how it is answered; undefined: it is not asked about, or that was long ago. */
  | { readonly outcome: 'seen'; readonly reply: ReplyRecord | undefined };

const append = defineScript({
  uses: [REPLY_RECORD],
  keys: ['seen', 'stream', 'reply'],
  args: ['id', 'isQueued', 'maxLength', 'owner', 'passive', 'component', 'appid', 'asked', '...fields'],
  lua: `
local known = redis.call('GET', seen)
if known and not (isQueued == '1' and known == '${QUEUED_MARK}') then return { 'seen', read_reply(reply) } end
if tonumber(maxLength) > 0 and redis.call('XLEN', stream) >= tonumber(maxLength) then return { 'full' } end
local streamId = redis.call('XADD', stream, '*', unpack(fields))
redis.call('SET', seen, id, 'PX', ${SEEN_TTL_MS})
if owner ~= '' then open_reply(reply, owner, component, appid, asked, passive, streamId) end
return { 'appended', streamId }`,
  decode: (
    reply: [outcome: 'appended', streamId: string] | [outcome: 'full'] | [outcome: 'seen', record: string[]],
  ): Appended => {
    switch (reply[0]) {
      case 'appended':
        return { outcome: 'appended', seq: seqOf(reply[1]) };
      case 'full':
        return { outcome: 'full' };
      case 'seen':
        return { outcome: 'seen', reply: replyRecordOf(reply[1]) };
      default:
        return reply satisfies never;
    }
  },
});

function confirmedAppend(redis: RedisClient) {
  return new ConfirmedScript(redis, append);
}

type Run = Parameters<typeof append.run> extends [unknown, ...infer Call] ? Call : never;

export interface PushStreamOptions {
  readonly events: Events;
  /** A replica of Redis is waited for. Then the connection has no other use. */
  readonly awaitsReplica: boolean;
  readonly usedMemoryShare: () => number;
}

/** Appends pushes to the stream, each once. What is appended at the same time shares a command batch. */
export class PushStream {
  readonly #redis: RedisClient;
  readonly #events: Events;
  readonly #usedMemoryShare: () => number;
  readonly #confirmed: ReturnType<typeof confirmedAppend> | undefined;
  readonly #unconfirmed: (run: Run) => Promise<Appended>;

  constructor(redis: RedisClient, { events, awaitsReplica, usedMemoryShare }: PushStreamOptions) {
    this.#redis = redis;
    this.#events = events;
    this.#usedMemoryShare = usedMemoryShare;
    this.#confirmed = awaitsReplica ? confirmedAppend(redis) : undefined;
    this.#unconfirmed = inBatches((runs: readonly Run[]) =>
      runs.length > 1 ? append.batch(redis, runs) : append.run(redis, ...runs[0]!).then((one) => [one]),
    );
  }

  close(): void {
    this.#confirmed?.close();
  }

  /** Throws Failure `overloaded` while Redis is nearly full, and what Redis throws; then WeChat must deliver it again. */
  async append(
    entry: PushEntry,
    { identity, asks, fromQueue = false, maxLength = 0 }: AppendOptions,
  ): Promise<Appended> {
    if (!fromQueue && this.#usedMemoryShare() > MAX_MEMORY_SHARE) {
      throw new Failure('overloaded', 'slow-down', 'Redis has no memory for more pushes.', { retryAfterMs: 1_000 });
    }
    const { keyspace } = this.#redis;
    const { id, component, appid = '', asked = '' } = entry;
    return this.#append(
      { seen: keyspace.seenPush(identity), stream: keyspace.pushStream, reply: keyspace.pushReply(id) },
      {
        id,
        isQueued: fromQueue,
        maxLength,
        owner: asks?.owner ?? '',
        passive: asks ? JSON.stringify(asks.passive) : '',
        component,
        appid,
        asked,
        fields: entryFields(entry),
      },
    );
  }

  async #append(...run: Run): Promise<Appended> {
    if (this.#confirmed === undefined) return this.#unconfirmed(run);
    const { answer, isConfirmed } = await this.#confirmed.run(...run);
    // A failover may lose it. WeChat is answered nevertheless: it would give up sooner.
    if (answer.outcome === 'appended' && isConfirmed === false) {
      this.#events.publish('redis', { what: 'wait_unacked', write: 'push' });
    }
    return answer;
  }
}
