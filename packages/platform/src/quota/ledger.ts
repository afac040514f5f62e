import type { Endpoint } from '@wxthirdparty/wechat';
import { BEIJING_OFFSET_MS, beijingDay } from '../beijing-time.ts';
import { Events } from '../events.ts';
import type { RedisClient } from '../redis/connect.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';
import type { DocumentedLimits, ReportedQuota } from './limits.ts';
import { type QuotaEvidence, quotaEvidenceOf } from './quota-evidence.ts';
import { LOOKUP_INTERVAL_MS, PAIR_TTL_MS, PROBE_EVERY_MS, QUOTA, type QuotaNewsReply } from './quota-lua.ts';
import { hoursOf, QUOTA_LOOK, type QuotaLook, type Usage, usageOf } from './usage.ts';

const DAY_MS = 24 * 60 * 60_000;
const MINUTE_MS = 60_000;

/** One account and one API path: what WeChat counts by. A component's own have its appid in both places. */
export interface QuotaPair {
  readonly component: string;
  readonly appid: string;
  readonly path: string;
}

export type QuotaLevel = 'warning' | 'exhausted';

export type Taken =
  | { readonly go: 'yes'; readonly departedAt: number; readonly probe: boolean }
  | { readonly go: 'closed'; readonly closedUntil: Date; readonly inMs: number };

type TakeReply =
  | [go: 'closed', closedUntil: number, now: number]
  | [go: 'yes', now: number, probe: number, news: QuotaNewsReply];

/** A departure that has no record of its own. */
const take = defineScript({
  uses: [QUOTA],
  keys: ['quota', 'paths'],
  args: ['path', 'dailyLimit', 'minuteLimit', 'evenIfClosed'],
  lua: `
local closedUntil, news, probe = quota_take(quota, paths, path, dailyLimit, minuteLimit, evenIfClosed)
if closedUntil then return { 'closed', closedUntil, now } end
return { 'yes', now, probe, news or false }`,
  decode: (reply: TakeReply): Taken & { readonly news?: QuotaNewsReply } => {
    if (reply[0] === 'closed') {
      const [go, closedUntil, now] = reply;
      return { go, closedUntil: toLocalDate(closedUntil, now), inMs: closedUntil - now };
    }
    const [go, departedAt, probe, news] = reply;
    return { go, departedAt, probe: probe === 1, news };
  },
});

/**
 * `departedAt`: Redis' clock (ms). A day closes until midnight of the day in which the request departed: an answer that
 * arrives after midnight says nothing about the new day, nor one to a request from before a clear about the time after it.
 */
const close = defineScript({
  uses: [QUOTA],
  keys: ['quota', 'paths'],
  args: ['path', 'dailyLimit', 'span', 'departed'],
  lua: `
local q = redis.call('HMGET', quota, 'until', 'day', 'used', 'offset', 'limit', 'knownUntil', 'level', 'readAt', 'clearedAt')
local departedAt, daily = tonumber(departed), tonumber(dailyLimit)
if departedAt < quota_number(q[9]) then return { 0, false } end
local untilAt, probeAt = now + ${MINUTE_MS}, 0
if span == 'day' then
  local day = math.floor((departedAt + ${BEIJING_OFFSET_MS}) / ${DAY_MS})
  untilAt, probeAt = (day + 1) * ${DAY_MS} - ${BEIJING_OFFSET_MS}, now + ${PROBE_EVERY_MS}
end
if untilAt <= now or quota_number(q[1]) >= untilAt then return { 0, false } end
local used, offset, level, day = quota_number(q[3]), quota_number(q[4]), quota_number(q[7]), quota_day()
if q[2] ~= tostring(day) then
  used, offset, level = 0, 0, 0
  quota_first_of_day(quota, paths, path, day)
end
redis.call('HSET', quota, 'until', ms(untilAt), 'probeAt', ms(probeAt))
if span ~= 'day' then return { 1, false } end
local total, limit = math.max(0, used + offset), daily
if quota_number(q[6]) > now and q[5] then limit = tonumber(q[5]) end
if limit == 0 and total > 0 then
  limit = total
  redis.call('HSET', quota, 'limit', limit, 'source', 'refusal', 'knownUntil', ms(now + ${PAIR_TTL_MS}))
end
local lookup = 0
if now >= quota_number(q[8]) then
  lookup = 1
  redis.call('HSET', quota, 'readAt', ms(now + ${LOOKUP_INTERVAL_MS}))
end
if level < 2 then redis.call('HSET', quota, 'level', 2) elseif lookup == 0 then return { 1, false, total, limit } end
return { 1, { level < 2 and 2 or 0, lookup, total, limit }, total, limit }`,
  decode: ([closed, news, used, limit]: [closed: 0 | 1, news: QuotaNewsReply, used?: number, limit?: number]) => ({
    isClosed: closed === 1,
    news,
    used: used ?? null,
    limit: limit || null,
  }),
});

/** A probe was answered: WeChat's own count is not what we think, so that a lookup is due. */
const reopen = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['quota'],
  lua: `
if redis.call('HDEL', quota, 'until', 'probeAt') == 0 then return false end
redis.call('HSET', quota, 'readAt', ms(now + ${LOOKUP_INTERVAL_MS}))
return { 0, 1, 0, 0 }`,
  decode: (news: QuotaNewsReply) => news,
});

/**
 * What WeChat reports: `limit` (0: none), `used`, `calls` (0: none) in `rateMs`. `askedDay`, `askedUsed`: the day and our
 * own count when it was asked.
 */
const learn = defineScript({
  uses: [QUOTA],
  keys: ['quota', 'paths'],
  args: ['path', 'dailyLimit', 'reportedLimit', 'reportedUsed', 'rateCalls', 'rateMs', 'askedDay', 'askedUsed'],
  lua: `
local q = redis.call('HMGET', quota, 'day', 'used', 'level', 'bucket', 'inBucket', 'rate', 'rateMs', 'knownUntil')
local day = quota_day()
local limit, calls = tonumber(reportedLimit), tonumber(rateCalls)
redis.call('HDEL', quota, 'limit', 'source', 'rate', 'rateMs')
redis.call('HSET', quota, 'knownUntil', ms(now + ${PAIR_TTL_MS}), 'readAt', ms(now + ${LOOKUP_INTERVAL_MS}))
redis.call('PEXPIRE', quota, ${PAIR_TTL_MS})
if limit > 0 then redis.call('HSET', quota, 'limit', reportedLimit, 'source', 'wechat') else limit = tonumber(dailyLimit) end
if calls > 0 then
  -- Calls of the former period count in the new one, too: if that was longer, perhaps too many, which only delays calls.
  local oldMs, newMs, inBucket = ${MINUTE_MS}, tonumber(rateMs), 0
  if q[6] and quota_number(q[8]) > now then oldMs = tonumber(q[7]) end
  if quota_number(q[4]) == math.floor(now / oldMs) then inBucket = quota_number(q[5]) end
  redis.call('HSET', quota, 'rate', rateCalls, 'rateMs', rateMs, 'bucket', math.floor(now / newMs), 'inBucket', inBucket, 'late', '0')
end
redis.call('ZADD', paths, 'NX', ms(now), path)
-- What was used yesterday, or before a clear, says nothing about now.
if q[1] ~= askedDay or q[1] ~= tostring(day) or quota_number(q[2]) < tonumber(askedUsed) then return false end
local offset = tonumber(reportedUsed) - tonumber(askedUsed)
redis.call('HSET', quota, 'offset', offset)
-- No lookup follows from a lookup.
return quota_news(quota, math.max(0, quota_number(q[2]) + offset), limit, 0, quota_number(q[3]), 9, 0) or false`,
  decode: (news: QuotaNewsReply) => news,
});

/** After that time, the next departure reports a lookup as due. */
const postponeLookup = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['quota'],
  args: ['forMs'],
  lua: `
redis.call('HSET', quota, 'stage', '0', 'readAt', ms(now + tonumber(forMs)))
return redis.call('PEXPIRE', quota, ${PAIR_TTL_MS})`,
});

/** WeChat counts all of an account's quotas from zero, and has opened them. `quotaPrefix`: their key without a path. */
const clear = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['paths', 'quotaPrefix'],
  lua: `
local reopened = {}
for _, path in ipairs(redis.call('ZRANGE', paths, 0, -1)) do
  local quota = quotaPrefix .. path
  if redis.call('EXISTS', quota) == 1 then
    redis.call('HSET', quota, 'used', '0', 'offset', '0', 'level', '0', 'stage', '0', 'clearedAt', ms(now))
    local closed, probe = unpack(redis.call('HMGET', quota, 'until', 'probeAt'))
    -- A day has a time for probes, a minute has none.
    if tonumber(closed or '0') > now and tonumber(probe or '0') > 0 then reopened[#reopened + 1] = path end
    redis.call('HDEL', quota, 'until', 'probeAt')
  end
end
return reopened`,
  decode: (reopened: string[]) => reopened,
});

const look = defineScript({
  uses: [REDIS_CLOCK, QUOTA_LOOK],
  keys: ['...quotas'],
  args: ['withHours'],
  lua: `
local found, hours = {}, {}
for i, quota in ipairs(quotas) do
  found[i] = quota_look(quota)
  if withHours == '1' then hours[i] = redis.call('HGETALL', quota .. ':hours') end
end
return { ms(now), found, hours }`,
  decode: ([now, found, hours]: [string, QuotaLook[], string[][]]) => ({
    now: Number(now),
    found,
    hours: hours.map(hoursOf),
  }),
});

/** What a departing script needs to know of a pair, for `quota_take`. */
export interface QuotaArgs {
  readonly path: string;
  readonly dailyLimit: number;
  readonly minuteLimit: number;
  readonly evenIfClosed: boolean;
}

/** Counts the use of WeChat's quotas, and stores what is known of them and which of them are closed. */
export class Ledger {
  readonly #redis: RedisClient;
  readonly #events: Events;

  constructor(redis: RedisClient, events: Events = new Events()) {
    this.#redis = redis;
    this.#events = events;
  }

  /** The keys that a departing script needs. */
  scriptKeys(pair: QuotaPair): { readonly quota: string; readonly paths: string } {
    return { quota: this.#key(pair), paths: this.#redis.keyspace.quotaPaths(pair.component, pair.appid) };
  }

  /** The arguments that it needs. */
  scriptArgs({ path }: QuotaPair, { dailyLimit, minuteLimit }: DocumentedLimits): QuotaArgs {
    return { path, dailyLimit: dailyLimit ?? 0, minuteLimit: minuteLimit ?? 0, evenIfClosed: false };
  }

  /** Publishes what follows from a departure. */
  emitNews({ component, appid, path }: QuotaPair, news: QuotaNewsReply | undefined): void {
    if (!news) return;
    const [level, lookup, used, limit] = news;
    const usage = { component, appid, path, used, limit: limit === 0 ? null : limit };
    if (lookup === 1) this.#events.publish('quota-lookup', { ...usage, outcome: 'due' });
    if (level !== 1 && level !== 2) return;
    const at = new Date().toISOString();
    this.#events.publish('quota', { ...usage, level: level === 1 ? 'warning' : 'exhausted', at });
  }

  /** Counts one departure, or returns for how long none is allowed. For requests that are safe to repeat. */
  async take(pair: QuotaPair, documented: DocumentedLimits): Promise<Taken> {
    const { news, ...taken } = await take.run(this.#redis, this.scriptKeys(pair), this.scriptArgs(pair, documented));
    this.emitNews(pair, news);
    return taken;
  }

  /** Counts a departure that happens even if the pair is closed, because the caller limits their number. */
  async count(
    pair: QuotaPair,
    documented: DocumentedLimits,
  ): Promise<{ readonly departedAt: number; readonly probe: boolean }> {
    const args = { ...this.scriptArgs(pair, documented), evenIfClosed: true };
    const { news, ...taken } = await take.run(this.#redis, this.scriptKeys(pair), args);
    if (taken.go === 'closed') throw new Error('A departure that ignores closing was refused.');
    this.emitNews(pair, news);
    return { departedAt: taken.departedAt, probe: taken.probe };
  }

  async usage(pair: QuotaPair, documented: DocumentedLimits): Promise<Usage> {
    const { now, found } = await look.run(this.#redis, { quotas: [this.#key(pair)] }, { withHours: false });
    return usageOf(found[0]!, now, documented);
  }

  /** All of one account's, in the order of the paths given, each with its calls by the hour (hours since 1970). */
  async usages(
    { component, appid }: Omit<QuotaPair, 'path'>,
    paths: readonly string[],
    documentedOf: (path: string) => DocumentedLimits,
  ): Promise<(Usage & { readonly hours: ReadonlyMap<number, number> })[]> {
    if (paths.length === 0) return [];
    const quotas = paths.map((path) => this.#redis.keyspace.quota(component, appid, path));
    const { now, found, hours } = await look.run(this.#redis, { quotas }, { withHours: true });
    return paths.map((path, i) => ({ ...usageOf(found[i]!, now, documentedOf(path)), hours: hours[i]! }));
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
    const { isClosed, news, used, limit } = await close.run(this.#redis, this.scriptKeys(pair), {
      path: pair.path,
      dailyLimit: dailyLimit ?? 0,
      span,
      departed: Math.floor(departedAt),
    });
    this.emitNews(pair, news);
    // A minute ends by itself.
    if (isClosed && span === 'day') this.#publishClosed(pair, used, limit);
  }

  /** A probe came through. */
  async reopen(pair: QuotaPair): Promise<void> {
    const news = await reopen.run(this.#redis, { quota: this.#key(pair) });
    this.emitNews(pair, news);
    if (news) this.#publishReopened(pair);
  }

  #publishClosed({ component, appid, path }: QuotaPair, used: number | null, limit: number | null): void {
    this.#events.publish('quota', { component, appid, path, level: 'closed', used, limit });
  }

  #publishReopened({ component, appid, path }: QuotaPair): void {
    this.#events.publish('quota', { component, appid, path, level: 'reopened', used: null, limit: null });
  }

  /** Stores what WeChat reported; `asked`: our own usage right before it was asked. */
  async learn(pair: QuotaPair, reported: ReportedQuota, asked: Usage, { dailyLimit }: DocumentedLimits): Promise<void> {
    const { rate } = reported;
    const news = await learn.run(this.#redis, this.scriptKeys(pair), {
      path: pair.path,
      dailyLimit: dailyLimit ?? 0,
      reportedLimit: reported.limit ?? 0,
      reportedUsed: reported.used,
      rateCalls: rate?.calls ?? 0,
      rateMs: (rate?.seconds ?? 0) * 1000,
      askedDay: beijingDay(asked.now),
      askedUsed: asked.ownUsed,
    });
    this.emitNews(pair, news);
  }

  /** WeChat does not report this quota, or not now. */
  async postponeLookup(pair: QuotaPair, forMs: number): Promise<void> {
    await postponeLookup.run(this.#redis, { quota: this.#key(pair) }, { forMs });
  }

  /** The account's quotas were cleared at WeChat. */
  async clear({ component, appid }: Omit<QuotaPair, 'path'>): Promise<void> {
    const { quotaPaths, quota } = this.#redis.keyspace;
    const reopened = await clear.run(this.#redis, {
      paths: quotaPaths(component, appid),
      quotaPrefix: quota(component, appid, ''),
    });
    for (const path of reopened) this.#publishReopened({ component, appid, path });
  }

  #key({ component, appid, path }: QuotaPair): string {
    return this.#redis.keyspace.quota(component, appid, path);
  }
}
