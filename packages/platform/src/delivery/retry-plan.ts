const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** After the first, second … failed attempt; then daily. */
const RETRY_DELAYS_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  10 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  6 * HOUR_MS,
  12 * HOUR_MS,
];
/** Each delay varies by this share, so that what failed together is not sent together. */
const JITTER = 0.2;
/** WeChat itself delivers a push three times (protocol §1.3). */
const MAX_NOT_HANDLED = 3;
const DEFAULT_GIVE_UP_MS = 3 * DAY_MS;

/** How long after its last failed attempt a delivery is sent again; `failures`: failed attempts since it became pending. */
export function retryDelayMs(failures: number, random: () => number = Math.random): number {
  const delay = RETRY_DELAYS_MS[failures - 1] ?? DAY_MS;
  return Math.round(delay * (1 - JITTER + 2 * JITTER * random()));
}

/** For how long a subscription's deliveries are retried. */
export function giveUpAfterMsOf(giveUpAfterMs: number | null, retentionMs: number): number {
  return giveUpAfterMs ?? Math.min(DEFAULT_GIVE_UP_MS, retentionMs);
}

/**
 * Whether a delivery whose attempt failed at `failedAt` is not sent again. It counts from when the delivery became pending,
 * and only after an attempt: one that waited behind a pause or an open circuit still has one.
 */
export function givesUp(openedAt: Date, failedAt: Date, afterMs: number): boolean {
  return failedAt.getTime() > openedAt.getTime() + afterMs;
}

/** Whether a push that has no handler in the receiver's program is not sent again; `failures` as for `retryDelayMs`. */
export function isNeverHandled(failures: number): boolean {
  return failures >= MAX_NOT_HANDLED;
}
