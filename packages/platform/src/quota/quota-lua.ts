import { BEIJING_OFFSET_MS } from '../beijing-time.ts';
import { REDIS_CLOCK, type SharedLua } from '../redis/script.ts';
import { QUOTA_LOOK_FIELDS } from './usage.ts';

const DAY_MS = 24 * 60 * 60_000;
const HOUR_MS = 60 * 60_000;
const MINUTE_MS = 60_000;
/** Operators clear quotas at WeChat; so often one call may probe whether a closed day is open again. */
export const PROBE_EVERY_MS = 15 * MINUTE_MS;
/**
 * What departs so shortly before the end of a period may reach WeChat after it, so it counts in the next period, too; at
 * most this part of a period.
 */
const LATE_MS = 1_000;
const LATE_PART = 0.1;
/** Counted from the last use of a pair. */
export const PAIR_TTL_MS = 3 * DAY_MS;
/** Shortest time between two lookups of one pair at WeChat. */
export const LOOKUP_INTERVAL_MS = 4 * HOUR_MS;
/** Per account; the paths unused for longest are forgotten first. */
const MAX_PATHS = 1_000;
/** Calls in a day from which an unknown limit is worth a lookup. */
const MIN_USE_FOR_LOOKUP = 20;

/** As Lua answers it: level reached (0: none, 1: warning, 2: exhausted), lookup due (0 or 1), used, limit (0: unknown). */
export type QuotaNewsReply = [level: number, lookup: number, used: number, limit: number] | null;

/**
 * Functions about the quota of one pair (account, path). Its hash contains what is counted (`day`, `used` since its
 * midnight or the last clear, `bucket`, `inBucket`, `late`: how many of those departed at its end), what is known (`limit`, its `source`, `rate` in `rateMs`, until
 * `knownUntil`; `offset`: how much more WeChat counts today than we do, since merchants' own programs call, too), what is
 * closed (`until`, `probeAt`), and what was reported (`level`, `stage`, `readAt`). The hash `<key>:hours` has the counts
 * of each hour.
 *
 * `quota_opens(until, probeAt)` is the one rule of closing. It returns when the next call may depart, as a probe or not
 * (nil: now), and whether a call that departs now is a probe (1).
 *
 * `quota_take(key, paths, path, daily_limit, minute_limit, even_if_closed)` counts a departure. The limits are those of
 * the catalogue (0: none). It returns the time until which the pair is closed; or nil, the news (nil: none), whether the
 * departure is a probe (1), and what `quota_look` would return afterwards. It closes a full minute with the last call of
 * that minute, so that readers see it, too.
 *
 * `quota_used(look, daily_limit)` returns what is used and what is allowed (0: unknown), of what `quota_take` returned last.
 */
export const QUOTA: SharedLua = {
  uses: [REDIS_CLOCK],
  lua: `
local function quota_opens(untilAt, probeAt)
  untilAt, probeAt = tonumber(untilAt or '0'), tonumber(probeAt or '0')
  if untilAt <= now then return nil, 0 end
  if probeAt == 0 then return untilAt, 0 end
  if probeAt <= now then return nil, 1 end
  return math.min(untilAt, probeAt), 0
end
local function quota_reopens(key)
  local at = redis.call('HMGET', key, 'until', 'probeAt')
  return (quota_opens(at[1], at[2]))
end
local function quota_day() return math.floor((now + ${BEIJING_OFFSET_MS}) / ${DAY_MS}) end
local function quota_number(text) return tonumber(text or '0') end

local function quota_first_of_day(key, paths, path, day)
  redis.call('HSET', key, 'day', day, 'used', '0', 'offset', '0', 'level', '0', 'stage', '0')
  redis.call('PEXPIRE', key, ${PAIR_TTL_MS})
  redis.call('ZADD', paths, ms(now), path)
  redis.call('ZREMRANGEBYSCORE', paths, '-inf', ms(now - ${PAIR_TTL_MS}))
  redis.call('ZREMRANGEBYRANK', paths, 0, -${MAX_PATHS + 1})
  redis.call('PEXPIRE', paths, ${PAIR_TTL_MS})
end

local function quota_news(key, total, limit, used, level, stage, readAt)
  local reached = 0
  if limit > 0 and total >= limit then reached = 2 elseif limit > 0 and total >= 0.8 * limit then reached = 1 end
  local worth = 0
  if limit == 0 then if used >= ${MIN_USE_FOR_LOOKUP} then worth = 1 end
  elseif reached > 0 then worth = 3 elseif total >= 0.5 * limit then worth = 2 end
  local lookup = 0
  if worth > stage and now >= readAt then
    lookup = 1
    redis.call('HSET', key, 'stage', worth, 'readAt', ms(now + ${LOOKUP_INTERVAL_MS}))
  end
  if reached > level then redis.call('HSET', key, 'level', reached) else reached = 0 end
  if reached == 0 and lookup == 0 then return nil end
  return { reached, lookup, total, limit }
end

local function quota_take(key, paths, path, daily_limit, minute_limit, even_if_closed)
  local daily, minutely, anyway = tonumber(daily_limit), tonumber(minute_limit), even_if_closed == '1'
  local q = redis.call('HMGET', key, ${QUOTA_LOOK_FIELDS.map((field) => `'${field}'`).join(', ')}, 'level', 'stage', 'readAt', 'late')
  local untilAt = quota_number(q[1])
  local opensAt, probe = quota_opens(q[1], q[2])
  if opensAt then
    if not anyway then return untilAt end
    probe = 1
  end

  local known = quota_number(q[10]) > now
  local rate, rateMs, limit = minutely, ${MINUTE_MS}, daily
  if known and q[8] then rate, rateMs = tonumber(q[8]), tonumber(q[9]) end
  if known and q[6] then limit = tonumber(q[6]) end
  local bucket, inBucket, bucketEnds, late = math.floor(now / rateMs), 0, 0, 0
  if quota_number(q[11]) == bucket then inBucket, late = quota_number(q[12]), quota_number(q[16])
  elseif quota_number(q[11]) == bucket - 1 then inBucket = quota_number(q[16]) end
  if rate > 0 then
    bucketEnds = (bucket + 1) * rateMs
    if bucketEnds - now < math.min(${LATE_MS}, ${LATE_PART} * rateMs) then late = late + 1 end
    if inBucket >= rate and not anyway then
      if bucketEnds > untilAt then redis.call('HSET', key, 'until', ms(bucketEnds), 'probeAt', '0') end
      return math.max(bucketEnds, untilAt)
    end
  end

  local day, used, offset, level, stage = quota_day(), 0, 0, 0, 0
  if q[3] == tostring(day) then
    used, offset, level, stage = quota_number(q[4]), quota_number(q[5]), quota_number(q[13]), quota_number(q[14])
  else
    quota_first_of_day(key, paths, path, day)
  end
  used = used + 1
  redis.call('HSET', key, 'used', used, 'bucket', bucket, 'inBucket', inBucket + 1, 'late', late)
  local hour = math.floor(now / ${HOUR_MS})
  if redis.call('HINCRBY', key .. ':hours', hour, 1) == 1 then
    -- Once an hour: removes the hours that no forecast reads any more.
    for _, old in ipairs(redis.call('HKEYS', key .. ':hours')) do
      if tonumber(old) < hour - 48 then redis.call('HDEL', key .. ':hours', old) end
    end
    redis.call('PEXPIRE', key .. ':hours', ${2 * DAY_MS + HOUR_MS})
  end
  q[3], q[4], q[5], q[11], q[12] = tostring(day), tostring(used), tostring(offset), tostring(bucket), tostring(inBucket + 1)
  if probe == 1 then
    q[2] = ms(now + ${PROBE_EVERY_MS})
    redis.call('HSET', key, 'probeAt', q[2])
  elseif rate > 0 and inBucket + 1 >= rate and bucketEnds > untilAt then
    q[1], q[2] = ms(bucketEnds), '0'
    redis.call('HSET', key, 'until', q[1], 'probeAt', '0')
  end

  local total = math.max(0, used + offset)
  if known and q[7] == 'refusal' and total > limit then
    -- WeChat allows more than it did when it refused.
    redis.call('HDEL', key, 'limit', 'source')
    limit = daily
    q[6], q[7] = false, false
  end
  local news = quota_news(key, total, limit, used, level, stage, quota_number(q[15]))
  q[13], q[14], q[15], q[16] = nil, nil, nil, nil
  return nil, news, probe, q
end

local function quota_used(look, daily_limit)
  local limit = tonumber(daily_limit)
  if quota_number(look[10]) > now and look[6] then limit = tonumber(look[6]) end
  return math.max(0, quota_number(look[4]) + quota_number(look[5])), limit
end
`,
};
