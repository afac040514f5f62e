import { BEIJING_OFFSET_MS } from '../../packages/platform/src/beijing-time.ts';

export const DAY_MS = 24 * 60 * 60_000;

/**
 * Whether the reported time is the end of a period in Beijing (a day, a minute). A process that was descheduled between the
 * reading of Redis' clock and that of its own reports a later time, by no more than the report took. `askedAt`: before it.
 */
export function isPeriodEnd(reported: string | null | undefined, periodMs: number, askedAt: number): boolean {
  const toleranceMs = 500;
  const lateMs = (Date.parse(String(reported)) + BEIJING_OFFSET_MS + toleranceMs) % periodMs;
  return lateMs <= Date.now() - askedAt + 2 * toleranceMs;
}
