import type { Redis } from 'ioredis';
import { keys } from '../redis/keys.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const BEIJING_MS = 8 * HOUR_MS;
/** WeChat and merchants are quiet then. */
const NIGHT_BEGINS_MS = 2 * HOUR_MS;
const NIGHT_LASTS_MS = 3 * HOUR_MS;

/**
 * KEYS: turn. ARGV: not before this long after the last one ('' = when it is due), a random share of the night.
 * A Redis that knows of no turn has lost everything, or never had any: then it is due.
 */
const claim = defineScript<number>(`${NOW_LUA}
local lastAt = tonumber(redis.call('HGET', KEYS[1], 'lastAt') or '0')
local nextAt = tonumber(redis.call('HGET', KEYS[1], 'nextAt') or '0')
if ARGV[1] == '' then
  if nextAt > now then return 0 end
elseif lastAt + tonumber(ARGV[1]) > now then
  return 0
end
local midnight = now - ((now + ${BEIJING_MS}) % ${DAY_MS})
local night = midnight + ${NIGHT_BEGINS_MS} + tonumber(ARGV[2]) * ${NIGHT_LASTS_MS}
-- Not twice in one night.
if night < now + ${12 * HOUR_MS} then night = night + ${DAY_MS} end
redis.call('HSET', KEYS[1], 'lastAt', string.format('%.0f', now), 'nextAt', string.format('%.0f', night))
redis.call('PEXPIRE', KEYS[1], ${7 * DAY_MS})
return 1`);

/** Whether this process is the one to begin a reconciliation now; who gets true has taken the turn. */
export async function claimReconcileTurn(
  redis: Redis,
  component: string,
  why: 'due' | 'start' | 'refused',
): Promise<boolean> {
  // Processes start together, and are restarted in a row; a refused refresh token seldom comes alone.
  const apart = { due: '', start: 10 * MINUTE_MS, refused: HOUR_MS }[why];
  return (await claim(redis, [keys.reconcileTurn(component)], [apart, Math.random()])) === 1;
}
