import type { Platform } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

const MAX_DIFFERENCE_MS = 1_000;

/** Warns at the start if this host's clock and Redis' differ. */
export async function logClock(platform: Pick<Platform, 'clockAheadMs'>, log: Logger): Promise<void> {
  const aheadMs = await platform.clockAheadMs();
  if (Math.abs(aheadMs) <= MAX_DIFFERENCE_MS) return;
  log.warn(
    { aheadMs },
    'the clock of this host and that of Redis differ: delayed work of other hosts runs too early or too late here. Synchronize the clocks (NTP).',
  );
}
