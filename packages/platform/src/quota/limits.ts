import type { Endpoint } from '@wxthirdparty/wechat';

/** The catalogue's limits, for pairs of which nothing is learned yet. */
export type DocumentedLimits = Pick<Endpoint, 'dailyLimit' | 'minuteLimit'>;

/** So many calls in so many seconds. */
export interface RateLimit {
  readonly calls: number;
  readonly seconds: number;
}

/** What WeChat reports of one account and API (protocol §3.10). */
export interface ReportedQuota {
  /** Of a day; undefined where it reports no usable number. */
  readonly limit: number | undefined;
  readonly used: number;
  readonly rate: RateLimit | undefined;
}

/** The source of a limit. A refusal only shows that the limit was not higher. */
export type LimitSource = 'wechat' | 'catalogue' | 'refusal';

/** Reads WeChat's answer to `openapi/quota/get`; undefined if it has no quota. */
export function readReportedQuota(answer: unknown): ReportedQuota | undefined {
  if (!isFields(answer) || !isFields(answer.quota)) return undefined;
  const { daily_limit, used } = answer.quota;
  if (!isCount(used)) return undefined;
  return {
    limit: isCount(daily_limit) && daily_limit > 0 ? daily_limit : undefined,
    used,
    // Our calls on behalf of the account count as the account's, too: both limits apply.
    rate: narrower(readRate(answer.rate_limit), readRate(answer.component_rate_limit)),
  };
}

/** The limit that allows fewer calls in the long run; of two equal ones, the one that closes sooner. */
export function narrower(a: RateLimit | undefined, b: RateLimit | undefined): RateLimit | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  const difference = a.calls * b.seconds - b.calls * a.seconds;
  if (difference !== 0) return difference < 0 ? a : b;
  return a.calls <= b.calls ? a : b;
}

export function remainingOf(limit: number | undefined, used: number): number | undefined {
  return limit === undefined ? undefined : Math.max(0, limit - used);
}

function readRate(value: unknown): RateLimit | undefined {
  if (!isFields(value)) return undefined;
  const { call_count: calls, refresh_second: seconds } = value;
  return isCount(calls) && isCount(seconds) && calls > 0 && seconds > 0 ? { calls, seconds } : undefined;
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
