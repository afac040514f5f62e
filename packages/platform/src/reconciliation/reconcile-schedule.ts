import { BEIJING_OFFSET_MS } from '../beijing-time.ts';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK, type SharedLua } from '../redis/script.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** WeChat and merchants are quiet then. */
const NIGHT_START_MS = 2 * HOUR_MS;
const NIGHT_LENGTH_MS = 3 * HOUR_MS;

/** Processes start together, or are restarted one after the other. */
const START_INTERVAL_MS = 10 * MINUTE_MS;
/** Refused refresh tokens usually appear in groups. */
const REFUSAL_INTERVAL_MS = HOUR_MS;

/**
 * `next_night(now, share)`: a time in the night of the next Beijing day, 2 to 29 hours ahead. So the night that a run may
 * belong to gets no second one, and no account waits much longer than a day. `share`: of the night, 0 to 1.
 */
export const NEXT_NIGHT: SharedLua = {
  lua: `
local function next_night(now, share)
  local midnight = now - ((now + ${BEIJING_OFFSET_MS}) % ${DAY_MS})
  return midnight + ${DAY_MS + NIGHT_START_MS} + share * ${NIGHT_LENGTH_MS}
end`,
};

/**
 * `share`: a random share of the night. A Redis that has no schedule has lost everything, or never had any: then a run is
 * due. A refusal counts whatever ran before it, and does not move the night's run.
 */
const claim = defineScript({
  uses: [REDIS_CLOCK, NEXT_NIGHT],
  keys: ['schedule'],
  args: ['why', 'share'],
  lua: `
local at = redis.call('HMGET', schedule, 'lastAt', 'nextAt', 'refusedAt')
local lastAt, nextAt, refusedAt = tonumber(at[1] or '0'), tonumber(at[2] or '0'), tonumber(at[3] or '0')
if why == 'refused' then
  if refusedAt + ${REFUSAL_INTERVAL_MS} > now then return 0 end
  redis.call('HSET', schedule, 'refusedAt', ms(now))
  redis.call('PEXPIRE', schedule, ${7 * DAY_MS})
  return 1
end
if why == 'due' and nextAt > now then return 0 end
if why == 'start' and lastAt + ${START_INTERVAL_MS} > now then return 0 end
redis.call('HSET', schedule, 'lastAt', ms(now), 'nextAt', ms(next_night(now, tonumber(share))))
redis.call('PEXPIRE', schedule, ${7 * DAY_MS})
return 1`,
  decode: (isClaimed: number) => isClaimed === 1,
});

/** Whether this process is the one to start a reconciliation now; no other process gets true for the same run. */
export function claimScheduledRun(
  redis: RedisClient,
  component: string,
  why: 'due' | 'start' | 'refused',
): Promise<boolean> {
  const schedule = redis.keyspace.reconcileTurn(component);
  return claim.run(redis, { schedule }, { why, share: Math.random() });
}
