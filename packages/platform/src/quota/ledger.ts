import { type Endpoint, Failure } from '@wxthirdparty/wechat';
import { BEIJING_OFFSET_MS } from '../beijing-time.ts';
import type { RedisClient } from '../redis/connect.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';
import { type LimitSource, type RateLimit, remainingOf, type ToldQuota } from './limits.ts';
import { type QuotaEvidence, quotaEvidenceOf } from './quota-evidence.ts';
import { KEPT_MS, PROBE_EVERY_MS, QUOTA_LUA, REREAD_INTERVAL_MS } from './quota-lua.ts';

const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;

export class QuotaClosedFailure extends Failure {
  readonly closedUntil: Date;

  constructor(
    path: string,
    closedUntil: Date,
    message = `WeChat allows no more calls of ${path} for this account at present.`,
  ) {
    super('quota_closed', 'slow-down', message, {
      retryAfterMs: Math.max(0, closedUntil.getTime() - Date.now()),
    });
    this.closedUntil = closedUntil;
  }
}

export interface Usage {
  /** Today, as WeChat counts: what others used is in it, as far as WeChat has told. */
  readonly used: number;
  /** Undefined where nobody knows one; the same with the next two. */
  readonly limit: number | undefined;
  readonly source: LimitSource | undefined;
  readonly remaining: number | undefined;
  readonly closedUntil: Date | undefined;
  /** Of this minute, where one is limited. */
  readonly minute: (RateLimit & { readonly used: number }) | undefined;
  /** By us alone. */
  readonly ownUsed: number;
  /** Redis' clock (ms). */
  readonly now: number;
}

/** One account and one API path: what WeChat counts by. A component's own have its appid in both places. */
export interface QuotaPair {
  readonly component: string;
  readonly appid: string;
  readonly path: string;
}

/** What the catalogue says, for what nobody has learned yet. */
export type DocumentedLimits = Pick<Endpoint, 'dailyLimit' | 'minuteLimit'>;

export type QuotaLevel = 'warning' | 'exhausted';

/** What a departure, a refusal or WeChat's word has brought up, once for each pair and day. */
export interface QuotaNews {
  readonly pair: QuotaPair;
  /** Four fifths, or all of it, is used. */
  readonly level: QuotaLevel | undefined;
  /** WeChat should be asked. */
  readonly read: boolean;
  readonly used: number;
  readonly limit: number | undefined;
}

export type Taken =
  | { readonly go: 'yes'; readonly departedAt: number; readonly probe: boolean }
  | { readonly go: 'closed'; readonly closedUntil: Date; readonly inMs: number };

/** KEYS: quota, paths. ARGV: what `quota_take` wants. A departure that has no record of its own. */
const take = defineScript<(string | number)[]>(`${NOW_LUA}
${QUOTA_LUA}
local closedUntil, news, probe = quota_take(KEYS[1], KEYS[2], ARGV)
if closedUntil then return { 'closed', closedUntil, now } end
return { 'yes', now, probe, news }`);

/**
 * KEYS: quota, paths. ARGV: path, documented limit of a day (0: none), 'day' or 'minute', when the request left (Redis
 * ms). A day closes until midnight of the day in which the request left: an answer that comes after midnight says
 * nothing about the new day, nor one to a request from before a clear about the time after it.
 */
const close = defineScript<string>(`${NOW_LUA}
${QUOTA_LUA}
local q = redis.call('HMGET', KEYS[1], 'until', 'day', 'used', 'offset', 'limit', 'knownUntil', 'level', 'readAt', 'clearedAt')
local departedAt, daily = tonumber(ARGV[4]), tonumber(ARGV[2])
if departedAt < quota_number(q[9]) then return '' end
local untilAt, probeAt = now + ${MINUTE_MS}, 0
if ARGV[3] == 'day' then
  local day = math.floor((departedAt + ${BEIJING_OFFSET_MS}) / ${DAY_MS})
  untilAt, probeAt = (day + 1) * ${DAY_MS} - ${BEIJING_OFFSET_MS}, now + ${PROBE_EVERY_MS}
end
if untilAt <= now or quota_number(q[1]) >= untilAt then return '' end
local used, offset, level, day = quota_number(q[3]), quota_number(q[4]), quota_number(q[7]), quota_day()
if q[2] ~= tostring(day) then
  used, offset, level = 0, 0, 0
  quota_first_of_day(KEYS[1], KEYS[2], ARGV[1], day)
end
redis.call('HSET', KEYS[1], 'until', quota_time(untilAt), 'probeAt', quota_time(probeAt))
if ARGV[3] ~= 'day' then return '' end
local total, limit = math.max(0, used + offset), daily
if quota_number(q[6]) > now and q[5] then limit = tonumber(q[5]) end
if limit == 0 and total > 0 then
  limit = total
  redis.call('HSET', KEYS[1], 'limit', limit, 'source', 'refusal', 'knownUntil', quota_time(now + ${KEPT_MS}))
end
local read = 0
if now >= quota_number(q[8]) then
  read = 1
  redis.call('HSET', KEYS[1], 'readAt', quota_time(now + ${REREAD_INTERVAL_MS}))
end
if level < 2 then redis.call('HSET', KEYS[1], 'level', 2) elseif read == 0 then return '' end
return (level < 2 and 2 or 0) .. ' ' .. read .. ' ' .. quota_time(total) .. ' ' .. quota_time(limit)`);

/** KEYS: quota. A probe came through: WeChat's own count is not what we think. Answers 1 where it should be asked. */
const reopen = defineScript<number>(`${NOW_LUA}
if redis.call('HDEL', KEYS[1], 'until', 'probeAt') == 0 then return 0 end
redis.call('HSET', KEYS[1], 'readAt', string.format('%.0f', now + ${REREAD_INTERVAL_MS}))
return 1`);

/**
 * WeChat's word. KEYS: quota, paths. ARGV: path, documented limit of a day, WeChat's (0: none), used, calls (0: none) in
 * ms, the day and our own count when it was asked.
 */
const learn = defineScript<string>(`${NOW_LUA}
${QUOTA_LUA}
local q = redis.call('HMGET', KEYS[1], 'day', 'used', 'level', 'bucket', 'inBucket', 'rate', 'rateMs', 'knownUntil')
local day = quota_day()
local limit, calls = tonumber(ARGV[3]), tonumber(ARGV[5])
redis.call('HDEL', KEYS[1], 'limit', 'source', 'rate', 'rateMs')
redis.call('HSET', KEYS[1], 'knownUntil', quota_time(now + ${KEPT_MS}), 'readAt', quota_time(now + ${REREAD_INTERVAL_MS}))
redis.call('PEXPIRE', KEYS[1], ${KEPT_MS})
if limit > 0 then redis.call('HSET', KEYS[1], 'limit', ARGV[3], 'source', 'wechat') else limit = tonumber(ARGV[2]) end
if calls > 0 then
  -- What has left already counts in the new stretch, too; of a longer one perhaps too much, which only holds back sooner.
  local oldMs, newMs, inBucket = ${MINUTE_MS}, tonumber(ARGV[6]), 0
  if q[6] and quota_number(q[8]) > now then oldMs = tonumber(q[7]) end
  if quota_number(q[4]) == math.floor(now / oldMs) then inBucket = quota_number(q[5]) end
  redis.call('HSET', KEYS[1], 'rate', ARGV[5], 'rateMs', ARGV[6], 'bucket', math.floor(now / newMs), 'inBucket', inBucket)
end
redis.call('ZADD', KEYS[2], 'NX', quota_time(now), ARGV[1])
-- What was used yesterday, or before a clear, says nothing about now.
if q[1] ~= ARGV[7] or q[1] ~= tostring(day) or quota_number(q[2]) < tonumber(ARGV[8]) then return '' end
local offset = tonumber(ARGV[4]) - tonumber(ARGV[8])
redis.call('HSET', KEYS[1], 'offset', offset)
-- No question follows from an answer.
return quota_news(KEYS[1], math.max(0, quota_number(q[2]) + offset), limit, 0, quota_number(q[3]), 9, 0)`);

/** KEYS: quota. ARGV: for how long nobody asks again. Then the next departure does. */
const postponeLookup = defineScript<number>(`${NOW_LUA}
redis.call('HSET', KEYS[1], 'stage', '0', 'readAt', string.format('%.0f', now + tonumber(ARGV[1])))
return redis.call('PEXPIRE', KEYS[1], ${KEPT_MS})`);

/** KEYS: paths, the account's quotas without their path. WeChat counts all of them from zero, and has opened them. */
const clear = defineScript<number>(`${NOW_LUA}
for _, path in ipairs(redis.call('ZRANGE', KEYS[1], 0, -1)) do
  local key = KEYS[2] .. path
  if redis.call('EXISTS', key) == 1 then
    redis.call('HSET', key, 'used', '0', 'offset', '0', 'level', '0', 'stage', '0', 'clearedAt', string.format('%.0f', now))
    redis.call('HDEL', key, 'until', 'probeAt')
  end
end
return 1`);

const USAGE_FIELDS = [
  ...['until', 'probeAt', 'day', 'used', 'offset', 'limit', 'source', 'rate', 'rateMs', 'knownUntil'],
  ...['bucket', 'inBucket'],
] as const;

/** `quota_look(key)` answers what `usageOf` reads. */
export const QUOTA_LOOK_LUA = `
local function quota_look(key) return redis.call('HMGET', key, ${USAGE_FIELDS.map((field) => `'${field}'`).join(', ')}) end
`;

export type QuotaLook = readonly (string | null)[];

/** KEYS: quotas. Answers now, the fields of each, the hours of each where ARGV[1] is 1. */
const look = defineScript<[string, QuotaLook[], string[][]]>(`${NOW_LUA}
${QUOTA_LOOK_LUA}
local found, hours = {}, {}
for i, key in ipairs(KEYS) do
  found[i] = quota_look(key)
  if ARGV[1] == '1' then hours[i] = redis.call('HGETALL', key .. ':hours') end
end
return { string.format('%.0f', now), found, hours }`);

/** What has been used of WeChat's quotas, what is known of them, and which of them are closed. */
export class Ledger {
  readonly #redis: RedisClient;
  readonly #tell: (news: QuotaNews) => void;

  /** `tell` must not throw, and nobody waits for it. */
  constructor(redis: RedisClient, tell: (news: QuotaNews) => void = () => {}) {
    this.#redis = redis;
    this.#tell = tell;
  }

  /** The keys that a departing script needs: quota, paths. */
  keysOf(pair: QuotaPair): [quota: string, paths: string] {
    return [this.#key(pair), this.#redis.keyspace.quotaPaths(pair.component, pair.appid)];
  }

  /** What `quota_take` needs to know of the pair. */
  argsOf({ path }: QuotaPair, { dailyLimit, minuteLimit }: DocumentedLimits): (string | number)[] {
    return [path, dailyLimit ?? 0, minuteLimit ?? 0, 0];
  }

  /** Passes on what `quota_take` has brought up. */
  emitNews(pair: QuotaPair, news: string): void {
    if (news === '') return;
    const [level, read, used, limit] = news.split(' ').map(Number);
    this.#tell({
      pair,
      level: level === 2 ? 'exhausted' : level === 1 ? 'warning' : undefined,
      read: read === 1,
      used: used!,
      limit: limit === 0 ? undefined : limit,
    });
  }

  /** Counts one departure, or says how long none is allowed. For requests that are safe to repeat. */
  async take(pair: QuotaPair, documented: DocumentedLimits): Promise<Taken> {
    const [go, first, second, news] = await take(this.#redis, this.keysOf(pair), this.argsOf(pair, documented));
    if (go === 'yes') {
      this.emitNews(pair, String(news));
      return { go, departedAt: Number(first), probe: second === 1 };
    }
    const [until, now] = [Number(first), Number(second)];
    return { go: 'closed', closedUntil: toLocalDate(until, now), inMs: until - now };
  }

  /** Counts one departure that leaves whatever is closed, since somebody else sees to it that there are few. */
  async count(
    pair: QuotaPair,
    documented: DocumentedLimits,
  ): Promise<{ readonly departedAt: number; readonly probe: boolean }> {
    const [path, daily, minutely] = this.argsOf(pair, documented);
    const [, departedAt, probe, news] = await take(this.#redis, this.keysOf(pair), [path!, daily!, minutely!, 1]);
    this.emitNews(pair, String(news));
    return { departedAt: Number(departedAt), probe: probe === 1 };
  }

  async usage(pair: QuotaPair, documented: DocumentedLimits): Promise<Usage> {
    const [now, [fields]] = await look(this.#redis, [this.#key(pair)], [0]);
    return usageOf(fields!, Number(now), documented);
  }

  /** All of one account's, in the order of the paths given, each with its calls by the hour (hours since 1970). */
  async usages(
    { component, appid }: Omit<QuotaPair, 'path'>,
    paths: readonly string[],
    documentedOf: (path: string) => DocumentedLimits,
  ): Promise<(Usage & { readonly hours: ReadonlyMap<number, number> })[]> {
    if (paths.length === 0) return [];
    const [now, found, hours] = await look(
      this.#redis,
      paths.map((path) => this.#redis.keyspace.quota(component, appid, path)),
      [1],
    );
    return paths.map((path, i) => ({
      ...usageOf(found[i]!, Number(now), documentedOf(path)),
      hours: hoursOf(hours[i]!),
    }));
  }

  /** Paths that the account has used lately, a bounded number, in no order. */
  paths({ component, appid }: Omit<QuotaPair, 'path'>): Promise<string[]> {
    return this.#redis.zrange(this.#redis.keyspace.quotaPaths(component, appid), '0', '-1');
  }

  /**
   * Draws the consequence of WeChat's answer to a request that took from this pair: closes it, reopens it after a probe,
   * or neither. Every place that takes quota calls this with what came back. `errcode`: undefined where no readable
   * answer came.
   */
  async conclude(
    pair: QuotaPair,
    departure: { readonly departedAt: number; readonly probe: boolean },
    errcode: number | undefined,
    endpoint: Pick<Endpoint, 'path' | 'dailyLimit'>,
  ): Promise<QuotaEvidence> {
    const evidence = quotaEvidenceOf(endpoint.path, errcode);
    switch (evidence) {
      case 'day-used-up':
        await this.close(pair, 'day', departure.departedAt, endpoint);
        break;
      case 'minute-used-up':
        await this.close(pair, 'minute', departure.departedAt, endpoint);
        break;
      case 'open':
        if (departure.probe) await this.reopen(pair);
        break;
      case 'none':
        break;
      default:
        evidence satisfies never;
    }
    return evidence;
  }

  /** WeChat refused: a day or a minute is used up. */
  async close(
    pair: QuotaPair,
    span: 'day' | 'minute',
    departedAt: number,
    { dailyLimit }: Pick<DocumentedLimits, 'dailyLimit'>,
  ): Promise<void> {
    const args = [pair.path, dailyLimit ?? 0, span, Math.floor(departedAt)];
    this.emitNews(pair, await close(this.#redis, this.keysOf(pair), args));
  }

  /** A probe came through. */
  async reopen(pair: QuotaPair): Promise<void> {
    if ((await reopen(this.#redis, [this.#key(pair)], [])) === 1) this.emitNews(pair, '0 1 0 0');
  }

  /** What WeChat has told; `asked`: how it stood here right before it was asked. */
  async learn(pair: QuotaPair, told: ToldQuota, asked: Usage, { dailyLimit }: DocumentedLimits): Promise<void> {
    const { rate } = told;
    const day = Math.floor((asked.now + BEIJING_OFFSET_MS) / DAY_MS);
    this.emitNews(
      pair,
      await learn(this.#redis, this.keysOf(pair), [
        ...[pair.path, dailyLimit ?? 0, told.limit ?? 0, told.used],
        ...[rate?.calls ?? 0, (rate?.seconds ?? 0) * 1000, day, asked.ownUsed],
      ]),
    );
  }

  /** WeChat does not tell, or not now. */
  async postponeLookup(pair: QuotaPair, forMs: number): Promise<void> {
    await postponeLookup(this.#redis, [this.#key(pair)], [forMs]);
  }

  /** The account's quotas were cleared at WeChat. */
  async clear({ component, appid }: Omit<QuotaPair, 'path'>): Promise<void> {
    await clear(
      this.#redis,
      [this.#redis.keyspace.quotaPaths(component, appid), this.#redis.keyspace.quota(component, appid, '')],
      [],
    );
  }

  #key({ component, appid, path }: QuotaPair): string {
    return this.#redis.keyspace.quota(component, appid, path);
  }
}

/** `now`: Redis' clock (ms). */
export function usageOf(fields: QuotaLook, now: number, documented: DocumentedLimits): Usage {
  const [until, probeAt, day, counted, offset, learned, source, rate, rateMs, knownUntil, bucket, inBucket] = fields;
  const today = day === String(Math.floor((now + BEIJING_OFFSET_MS) / DAY_MS));
  const ownUsed = today ? Number(counted ?? 0) : 0;
  const used = Math.max(0, ownUsed + (today ? Number(offset ?? 0) : 0));
  const known = Number(knownUntil ?? 0) > now;
  const limit = known && learned ? Number(learned) : documented.dailyLimit;
  const closed = Number(until ?? 0) > now;
  const minute: RateLimit | undefined =
    known && rate
      ? { calls: Number(rate), seconds: Number(rateMs) / 1000 }
      : documented.minuteLimit === undefined
        ? undefined
        : { calls: documented.minuteLimit, seconds: 60 };
  const inThisMinute = minute && Number(bucket) === Math.floor(now / (minute.seconds * 1000)) ? Number(inBucket) : 0;
  return {
    used,
    limit,
    source: known && learned ? (source as LimitSource) : limit === undefined ? undefined : 'catalogue',
    // A closed day has a time for probes; a closed minute says nothing about the day.
    remaining: limit !== undefined && closed && Number(probeAt ?? 0) > 0 ? 0 : remainingOf(limit, used),
    closedUntil: closed ? toLocalDate(Number(until), now) : undefined,
    minute: minute && { ...minute, used: inThisMinute },
    ownUsed,
    now,
  };
}

function hoursOf(flat: readonly string[]): ReadonlyMap<number, number> {
  const hours = new Map<number, number>();
  for (let i = 0; i < flat.length; i += 2) hours.set(Number(flat[i]), Number(flat[i + 1]));
  return hours;
}
