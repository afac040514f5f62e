import type { Explanation } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';
import type { AlarmNews, AlarmNotice } from './alarm.ts';
import { type StoredAlarm, toAlarm } from './alarm-store.ts';
import type { AlarmTimes } from './alarm-times.ts';

/** Robots accept 20 in a minute, also from other programs. */
const MAX_PER_MINUTE = 15;
const MINUTE_MS = 60_000;
const MAX_AT_ONCE = 100;
const MAX_ATTEMPTS = 10;
const FIRST_BACKOFF_MS = 5_000;
const MAX_BACKOFF_MS = 10 * 60_000;
/** Longer than a message takes; a process that dies meanwhile costs its receiver a second message. */
const CLAIM_MS = 30_000;
const STATE_TTL_MS = 90 * 24 * 60 * 60_000;

/** Notices that one process sends now. */
export interface Claim {
  readonly notices: readonly AlarmNotice[];
  /** From 1. */
  readonly attempt: number;
}

/**
 * Takes what a channel has to send, if it is due: `groupMs` after its first notice, after a backoff, at most 15 messages a
 * minute, and one at a time. It remains in the outbox until it is settled.
 */
const claim = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['outbox', 'state'],
  args: ['claim', 'groupMs'],
  lua: `
local first = redis.call('LINDEX', outbox, 0)
if not first then return false end
local function number(field) return tonumber(redis.call('HGET', state, field) or '0') end
if now < cjson.decode(first).at + tonumber(groupMs) then return false end
if now < number('retryAt') or now < number('claimedUntil') then return false end
local sent = {}
for _, at in ipairs(cjson.decode(redis.call('HGET', state, 'sent') or '[]')) do
  if now - at < ${MINUTE_MS} then table.insert(sent, at) end
end
if #sent >= ${MAX_PER_MINUTE} then return false end
table.insert(sent, now)
local attempts = number('attempts')
redis.call('HSET', state, 'claim', claim, 'claimedUntil', ms(now + ${CLAIM_MS}), 'sent', cjson.encode(sent))
redis.call('PEXPIRE', state, ${STATE_TTL_MS})
return { attempts + 1, redis.call('LRANGE', outbox, 0, ${MAX_AT_ONCE - 1}) }`,
  decode: (reply: [number, string[]] | null): Claim | undefined =>
    reply === null ? undefined : { attempt: reply[0], notices: reply[1].map(noticeOf) },
});

/**
 * Ends a claim. `sent`: how many notices the channel accepted, from the first. `failed`: how many the next message had, which it
 * refused. Returns how many are lost, because the last attempt failed.
 */
const settle = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['outbox', 'state'],
  args: ['claim', 'sent', 'failed', 'failure', 'retryAfterMs'],
  lua: `
if redis.call('HGET', state, 'claim') ~= claim then return 0 end
redis.call('HDEL', state, 'claim', 'claimedUntil')
if tonumber(sent) > 0 then
  redis.call('LTRIM', outbox, sent, -1)
  redis.call('HSET', state, 'lastSentAt', ms(now))
  redis.call('HDEL', state, 'attempts', 'retryAt')
end
local lost = 0
if tonumber(failed) > 0 then
  local attempts = redis.call('HINCRBY', state, 'attempts', 1)
  local wait = math.min(${FIRST_BACKOFF_MS} * 2 ^ (attempts - 1), ${MAX_BACKOFF_MS})
  redis.call('HSET', state, 'lastFailure', failure, 'lastFailureAt', ms(now))
  if attempts >= ${MAX_ATTEMPTS} then
    lost = tonumber(failed)
    redis.call('LTRIM', outbox, failed, -1)
    redis.call('HDEL', state, 'attempts')
  end
  redis.call('HSET', state, 'retryAt', ms(now + math.max(wait, tonumber(retryAfterMs))))
end
return lost`,
  decode: (lost: number) => lost,
});

export interface ChannelFailure {
  readonly status: number | null;
  readonly answer: string;
  readonly remedy: Explanation;
}

export interface ChannelState {
  readonly lastSentAt: Date | null;
  readonly lastFailure: (ChannelFailure & { readonly at: Date }) | null;
}

/** What each channel still has to send. */
export class Outbox {
  readonly #redis: RedisClient;
  readonly #times: AlarmTimes;

  constructor(redis: RedisClient, times: AlarmTimes) {
    this.#redis = redis;
    this.#times = times;
  }

  /** `id`: of this claim. Undefined: nothing is due. */
  claim(channel: string, id: string): Promise<Claim | undefined> {
    return claim.run(this.#redis, this.#keys(channel), { claim: id, groupMs: this.#times.groupMs });
  }

  settle(
    channel: string,
    id: string,
    result: {
      readonly sent: number;
      readonly failed: number;
      readonly failure?: ChannelFailure;
      readonly retryAfterMs?: number;
    },
  ): Promise<number> {
    const { sent, failed, failure = null, retryAfterMs = 0 } = result;
    const args = { claim: id, sent, failed, failure: JSON.stringify(failure), retryAfterMs };
    return settle.run(this.#redis, this.#keys(channel), args);
  }

  async state(channel: string): Promise<ChannelState> {
    const { lastSentAt, lastFailure, lastFailureAt } = await this.#redis.hgetall(this.#keys(channel).state);
    return {
      lastSentAt: lastSentAt === undefined ? null : new Date(Number(lastSentAt)),
      lastFailure:
        lastFailure === undefined
          ? null
          : { ...(JSON.parse(lastFailure) as ChannelFailure), at: new Date(Number(lastFailureAt)) },
    };
  }

  #keys(channel: string) {
    const { keyspace } = this.#redis;
    return { outbox: keyspace.alarmOutbox(channel), state: keyspace.alarmChannel(channel) };
  }
}

function noticeOf(text: string): AlarmNotice {
  const { news, at, stored } = JSON.parse(text) as {
    readonly news: AlarmNews;
    readonly at: number;
    readonly stored: StoredAlarm;
  };
  return { news, at: new Date(at), alarm: toAlarm(stored) };
}
