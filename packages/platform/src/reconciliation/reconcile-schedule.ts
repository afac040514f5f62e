import { BEIJING_OFFSET_MS } from '../beijing-time.ts';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** WeChat and merchants are quiet then. */
const NIGHT_BEGINS_MS = 2 * HOUR_MS;
const NIGHT_LASTS_MS = 3 * HOUR_MS;

/** Processes start together, and are restarted in a row. */
const STARTS_APART_MS = 10 * MINUTE_MS;
/** A refused refresh token seldom comes alone. */
const REFUSALS_APART_MS = HOUR_MS;

/**
 * The night of the next Beijing day, 2 to 29 hours ahead: whatever the hour of a run, the night that it may belong to gets no
 * second one, and no account waits much longer than a day. `share`: of the night, 0 to 1.
 */
export const NEXT_NIGHT_LUA = `
local function nextNight(now, share)
  local midnight = now - ((now + ${BEIJING_OFFSET_MS}) % ${DAY_MS})
  return midnight + ${DAY_MS + NIGHT_BEGINS_MS} + share * ${NIGHT_LASTS_MS}
end`;

/**
 * KEYS: turn. ARGV: why, a random share of the night. A Redis that knows of no turn has lost everything, or never had any:
 * then it is due. A refusal is news whatever ran a moment ago, and leaves the night's turn where it is.
 */
const claim = defineScript<number>(`${NOW_LUA}${NEXT_NIGHT_LUA}
local at = redis.call('HMGET', KEYS[1], 'lastAt', 'nextAt', 'refusedAt')
local lastAt, nextAt, refusedAt = tonumber(at[1] or '0'), tonumber(at[2] or '0'), tonumber(at[3] or '0')
if ARGV[1] == 'refused' then
  if refusedAt + ${REFUSALS_APART_MS} > now then return 0 end
  redis.call('HSET', KEYS[1], 'refusedAt', string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], ${7 * DAY_MS})
  return 1
end
if ARGV[1] == 'due' and nextAt > now then return 0 end
if ARGV[1] == 'start' and lastAt + ${STARTS_APART_MS} > now then return 0 end
local night = nextNight(now, tonumber(ARGV[2]))
redis.call('HSET', KEYS[1], 'lastAt', string.format('%.0f', now), 'nextAt', string.format('%.0f', night))
redis.call('PEXPIRE', KEYS[1], ${7 * DAY_MS})
return 1`);

/** Whether this process is the one to begin a reconciliation now; who gets true has taken the turn. */
export async function claimScheduledRun(
  redis: RedisClient,
  component: string,
  why: 'due' | 'start' | 'refused',
): Promise<boolean> {
  return (await claim(redis, [redis.keyspace.reconcileTurn(component)], [why, Math.random()])) === 1;
}
