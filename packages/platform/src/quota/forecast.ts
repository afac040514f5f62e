import { BEIJING_OFFSET_MS } from '../beijing-time.ts';

const HOUR_MS = 60 * 60_000;
const DAY_H = 24;
/** Fewer calls than this say nothing about those to come. */
const ENOUGH = 20;
/** Today may be so much busier, or quieter, than yesterday; beyond that yesterday is no guide. */
const MAX_DIFFERENT = 10;
/** The rate of the last hour is expected to last so long; after that the day goes on as usual. */
const BURST_H = 1;

export interface ForecastOf {
  /** ms, on the clock by which the hours are counted. */
  readonly now: number;
  /** Our own calls by the hour (hours since 1970), of today and yesterday. */
  readonly hours: ReadonlyMap<number, number>;
  /** Today, with what others used. */
  readonly used: number;
  /** Today, by us alone, since midnight or the last clear. */
  readonly ownUsed: number;
  readonly limit: number | undefined;
}

/**
 * When a day's limit will be reached: later today, if today goes on as yesterday did at this time of day, in proportion;
 * else tomorrow, if a day like the last 24 hours is more than the limit. Undefined if neither is so, or if there are too
 * few calls for a forecast. It assumes only that days resemble each other, so it is wrong where they do not.
 */
export function forecast(of: ForecastOf): number | undefined {
  const { now, used, limit } = of;
  if (limit === undefined) return undefined;
  if (used >= limit) return now;
  if (sum(of, now - DAY_H * HOUR_MS, now + 1) < ENOUGH) return undefined;
  const midnight = midnightBefore(now);
  const nextMidnight = midnight + DAY_H * HOUR_MS;
  const others = othersPerHour(of, midnight);
  const today = reached(now, nextMidnight, limit - used, (hour) => others + expectedToday(of, hour, midnight));
  if (today !== undefined) return today;
  return reached(nextMidnight, nextMidnight + DAY_H * HOUR_MS, limit, (hour) => others + lastSuch(of, hour));
}

/** The time at which so many calls have been made. */
function reached(from: number, until: number, calls: number, perHour: (hour: number) => number): number | undefined {
  let remaining = calls;
  for (let at = from; at < until; ) {
    const hour = Math.floor(at / HOUR_MS);
    const next = Math.min((hour + 1) * HOUR_MS, until);
    const rate = perHour(hour);
    const expected = (rate * (next - at)) / HOUR_MS;
    if (expected >= remaining) return Math.round(at + (remaining / rate) * HOUR_MS);
    remaining -= expected;
    at = next;
  }
  return undefined;
}

/** Calls of the current or a later hour. */
function expectedToday(of: ForecastOf, hour: number, midnight: number): number {
  const { now, hours } = of;
  const recent = sum(of, now - HOUR_MS, now + 1);
  const yesterdaySoFar = sum(of, midnight - DAY_H * HOUR_MS, now - DAY_H * HOUR_MS);
  const yesterday = sum(of, midnight - DAY_H * HOUR_MS, midnight);
  // Too few calls to compare with: the rate of the last hour is expected to last.
  if (yesterday < ENOUGH) return recent;
  const soFar = sum(of, midnight, now + 1);
  const likeness =
    yesterdaySoFar < ENOUGH ? 1 : Math.min(MAX_DIFFERENT, Math.max(1 / MAX_DIFFERENT, soFar / yesterdaySoFar));
  const usual = (hours.get(hour - DAY_H) ?? 0) * likeness;
  return hour <= Math.floor(now / HOUR_MS) + BURST_H ? Math.max(usual, recent) : usual;
}

/** Calls in the same hour of the last 24, be it today or yesterday. */
function lastSuch({ now, hours }: ForecastOf, hour: number): number {
  const current = Math.floor(now / HOUR_MS);
  let such = hour;
  while (such > current) such -= DAY_H;
  // The current hour is incomplete; yesterday's is complete.
  return such === current ? Math.max(hours.get(such) ?? 0, hours.get(such - DAY_H) ?? 0) : (hours.get(such) ?? 0);
}

/** Calls of the merchant's own programs, as last reported by WeChat; spread evenly, since their hours are unknown. */
function othersPerHour({ now, used, ownUsed }: ForecastOf, midnight: number): number {
  return Math.max(0, used - ownUsed) / Math.max(1, (now - midnight) / HOUR_MS);
}

/** Calls between two moments; spread evenly over each hour, over the current one until now. */
function sum({ now, hours }: ForecastOf, from: number, until: number): number {
  let calls = 0;
  for (const [hour, count] of hours) {
    const starts = hour * HOUR_MS;
    const ends = Math.max(starts + 1, Math.min(starts + HOUR_MS, now));
    const overlap = Math.min(until, ends) - Math.max(from, starts);
    if (overlap > 0) calls += (count * overlap) / (ends - starts);
  }
  return calls;
}

function midnightBefore(now: number): number {
  const day = Math.floor((now + BEIJING_OFFSET_MS) / (DAY_H * HOUR_MS));
  return day * DAY_H * HOUR_MS - BEIJING_OFFSET_MS;
}
