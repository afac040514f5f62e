import { beijingDay } from '../beijing-time.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import type { SharedLua } from '../redis/script.ts';
import { type DocumentedLimits, type LimitSource, type RateLimit, remainingOf } from './limits.ts';

export interface Usage {
  /** Today, as WeChat counts: includes what other programs used, as far as WeChat has reported it. */
  readonly used: number;
  /** Undefined where it is unknown, as are the next two. */
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

/** What a usage is read from, in this order. */
export const QUOTA_LOOK_FIELDS = [
  'until',
  'probeAt',
  'day',
  'used',
  'offset',
  'limit',
  'source',
  'rate',
  'rateMs',
  'knownUntil',
  'bucket',
  'inBucket',
] as const;

/** Their values. */
export type QuotaLook = readonly (string | null)[];

/** `quota_look(key)` returns what `usageOf` reads. */
export const QUOTA_LOOK: SharedLua = {
  lua: `
local function quota_look(key) return redis.call('HMGET', key, ${QUOTA_LOOK_FIELDS.map((field) => `'${field}'`).join(', ')}) end
`,
};

/** `now`: Redis' clock (ms). */
export function usageOf(fields: QuotaLook, now: number, documented: DocumentedLimits): Usage {
  const [until, probeAt, day, counted, offset, learned, source, rate, rateMs, knownUntil, bucket, inBucket] = fields;
  const today = day === String(beijingDay(now));
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

/** Calls by the hour (hours since 1970), from a flat list of fields and values. */
export function hoursOf(flat: readonly string[]): ReadonlyMap<number, number> {
  const hours = new Map<number, number>();
  for (let i = 0; i < flat.length; i += 2) hours.set(Number(flat[i]), Number(flat[i + 1]));
  return hours;
}
