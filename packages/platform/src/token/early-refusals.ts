import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';

const DAY_MS = 24 * 60 * 60_000;
/** More say nothing new. */
const MAX_REMEMBERED = 1_000;

/** `version`: of the refused token, so that each counts once. */
const note = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['refusals'],
  args: ['version'],
  lua: `
redis.call('ZADD', refusals, 'NX', ms(now), version)
redis.call('ZREMRANGEBYSCORE', refusals, '-inf', ms(now - ${DAY_MS}))
redis.call('ZREMRANGEBYRANK', refusals, 0, -${MAX_REMEMBERED + 1})
redis.call('PEXPIRE', refusals, ${DAY_MS})`,
});

const count = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['refusals'],
  lua: `
local found = redis.call('ZRANGEBYSCORE', refusals, ms(now - ${DAY_MS}), '+inf', 'WITHSCORES')
local last = found[#found] or '0'
return { #found / 2, tostring(now - tonumber(last)) }`,
  decode: ([times, lastAgoMs]: [number, string]): EarlyRefusals => ({
    count: times,
    lastAgoMs: times === 0 ? undefined : Math.round(Number(lastAgoMs)),
  }),
});

/** In the last 24 hours. */
export interface EarlyRefusals {
  readonly count: number;
  readonly lastAgoMs: number | undefined;
}

/**
 * WeChat refused a component token that should have been valid for longer. That is what another system does that fetches tokens for
 * the same component: each fetch ends the other's token about five minutes later (protocol §3.2).
 */
export async function noteEarlyRefusal(redis: RedisClient, component: string, version: number): Promise<void> {
  await note.run(redis, { refusals: redis.keyspace.earlyRefusals(component) }, { version });
}

export function readEarlyRefusals(redis: RedisClient, component: string): Promise<EarlyRefusals> {
  return count.run(redis, { refusals: redis.keyspace.earlyRefusals(component) });
}
