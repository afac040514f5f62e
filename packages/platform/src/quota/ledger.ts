import { type Endpoint, Failure } from '@wxthirdparty/wechat';
import type { Redis } from 'ioredis';
import { BEIJING_OFFSET_MS } from '../beijing-time.ts';
import { keys } from '../redis/keys.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';

const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;
/** Operators clear quotas by hand; so often one call may try whether a closed day has opened again. */
const PROBE_EVERY_MS = 15 * MINUTE_MS;

export class QuotaClosedFailure extends Failure {
  readonly closedUntil: Date;

  constructor(path: string, closedUntil: Date) {
    super('quota_closed', 'slow-down', `WeChat allows no more calls of ${path} for this account at present.`, {
      retryAfterMs: Math.max(0, closedUntil.getTime() - Date.now()),
    });
    this.closedUntil = closedUntil;
  }
}

export interface Usage {
  readonly used: number;
  /** Undefined where WeChat documents none. */
  readonly limit: number | undefined;
  readonly closedUntil: Date | undefined;
}

/** One account and one API path: what WeChat counts by. */
export interface QuotaPair {
  readonly component: string;
  readonly appid: string;
  readonly path: string;
}

/**
 * Lua functions for the script that lets a call depart. `quota_closed(key)` answers the time of reopening or nil, and
 * lets one probe an interval through a closed day; `quota_take(key)` counts a departure.
 */
export const QUOTA_LUA = `
local function quota_closed(key)
  local untilAt = tonumber(redis.call('HGET', key, 'until') or '0')
  if untilAt <= now then return nil, 0 end
  local probeAt = tonumber(redis.call('HGET', key, 'probeAt') or '0')
  if probeAt > 0 and now >= probeAt then
    redis.call('HSET', key, 'probeAt', string.format('%.0f', now + ${PROBE_EVERY_MS}))
    return nil, 1
  end
  return untilAt, 0
end
local function quota_take(key)
  local day = math.floor((now + ${BEIJING_OFFSET_MS}) / ${DAY_MS})
  local minute = math.floor(now / ${MINUTE_MS})
  local used = redis.call('INCR', key .. ':d' .. day)
  if used == 1 then redis.call('PEXPIRE', key .. ':d' .. day, ${2 * DAY_MS}) end
  if redis.call('INCR', key .. ':m' .. minute) == 1 then redis.call('PEXPIRE', key .. ':m' .. minute, ${2 * MINUTE_MS}) end
  return used
end
`;

/** `quota_reopens(key)` answers when the next call may leave, a probe included; nil: now. It changes nothing. */
export const QUOTA_REOPENS_LUA = `
local function quota_reopens(key)
  local at = redis.call('HMGET', key, 'until', 'probeAt')
  local untilAt, probeAt = tonumber(at[1] or '0'), tonumber(at[2] or '0')
  if untilAt <= now then return nil end
  if probeAt == 0 then return untilAt end
  if probeAt <= now then return nil end
  return math.min(untilAt, probeAt)
end
`;

/** KEYS: used, closed. A departure that has no record of its own. */
const take = defineScript<(string | number)[]>(`${NOW_LUA}
${QUOTA_LUA}
local closedUntil, probe = quota_closed(KEYS[2])
if closedUntil then return { 'closed', closedUntil, now } end
quota_take(KEYS[1])
return { 'yes', now, probe }`);

/**
 * KEYS: closed. ARGV: 'day' or 'minute', when the request left (Redis ms). A day closes until midnight of the day in
 * which the request left: an answer that comes after midnight says nothing about the new day.
 */
const close = defineScript<number>(`${NOW_LUA}
local untilAt = now + ${MINUTE_MS}
local probeAt = 0
if ARGV[1] == 'day' then
  local day = math.floor((tonumber(ARGV[2]) + ${BEIJING_OFFSET_MS}) / ${DAY_MS})
  untilAt = (day + 1) * ${DAY_MS} - ${BEIJING_OFFSET_MS}
  probeAt = now + ${PROBE_EVERY_MS}
end
if untilAt <= now then return 0 end
if tonumber(redis.call('HGET', KEYS[1], 'until') or '0') >= untilAt then return untilAt end
redis.call('HSET', KEYS[1], 'until', string.format('%.0f', untilAt), 'probeAt', string.format('%.0f', probeAt))
redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', untilAt))
return untilAt`);

/** `quota_look(used, closed)` answers what `usageOf` reads: now, used today, closed until, probe at. */
export const QUOTA_LOOK_LUA = `
local function quota_look(used, closed)
  local day = math.floor((now + ${BEIJING_OFFSET_MS}) / ${DAY_MS})
  return { now, redis.call('GET', used .. ':d' .. day), redis.call('HGET', closed, 'until'), redis.call('HGET', closed, 'probeAt') }
end
`;

export type QuotaLook = readonly [now: number, used: string | null, until: string | null, probeAt: string | null];

export function usageOf([now, used, until]: QuotaLook, endpoint: Endpoint): Usage {
  const closedUntil = Number(until ?? 0);
  return {
    used: Number(used ?? 0),
    limit: endpoint.dailyLimit,
    closedUntil: closedUntil > now ? toLocalDate(closedUntil, now) : undefined,
  };
}

/** KEYS: used, closed. */
const look = defineScript<QuotaLook>(`${NOW_LUA}
${QUOTA_LOOK_LUA}
return quota_look(KEYS[1], KEYS[2])`);

/** What we have used of WeChat's quotas, and which of them WeChat has closed. */
export class Ledger {
  readonly #redis: Redis;

  constructor(redis: Redis) {
    this.#redis = redis;
  }

  /** The keys that a departing script needs: used, closed. */
  keysOf(pair: QuotaPair): [used: string, closed: string] {
    return [
      keys.quotaUsed(pair.component, pair.appid, pair.path),
      keys.quotaClosed(pair.component, pair.appid, pair.path),
    ];
  }

  /** Counts one departure, or says how long none is allowed. For requests that are safe to repeat. */
  async take(
    pair: QuotaPair,
  ): Promise<
    | { readonly go: 'yes'; readonly leftAt: number; readonly probe: boolean }
    | { readonly go: 'closed'; readonly closedUntil: Date; readonly inMs: number }
  > {
    const [go, first, second] = await take(this.#redis, this.keysOf(pair), []);
    if (go === 'yes') return { go, leftAt: Number(first), probe: second === 1 };
    const [until, now] = [Number(first), Number(second)];
    return { go: 'closed', closedUntil: toLocalDate(until, now), inMs: until - now };
  }

  async usage(pair: QuotaPair, endpoint: Endpoint): Promise<Usage> {
    return usageOf(await look(this.#redis, this.keysOf(pair), []), endpoint);
  }

  /** Throws where nothing may leave now, not even a probe: an interactive call is refused at once. */
  async refuseIfClosed(pair: QuotaPair): Promise<void> {
    const [now, , until, probeAt] = await look(this.#redis, this.keysOf(pair), []);
    if (Number(until ?? 0) <= now) return;
    if (Number(probeAt ?? 0) > 0 && now >= Number(probeAt)) return;
    throw new QuotaClosedFailure(pair.path, toLocalDate(Number(until), now));
  }

  async close(pair: QuotaPair, span: 'day' | 'minute', leftAt: number): Promise<void> {
    await close(this.#redis, [this.keysOf(pair)[1]], [span, Math.floor(leftAt)]);
  }

  /** A probe came through. */
  async reopen(pair: QuotaPair): Promise<void> {
    await this.#redis.del(this.keysOf(pair)[1]);
  }
}
