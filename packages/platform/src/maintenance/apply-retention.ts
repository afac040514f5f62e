import type { Events } from '../events.ts';
import type { PushRemoval } from '../journal/remove-pushes.ts';
import type { Erasures } from '../push/erasures.ts';
import type { RedisClient } from '../redis/connect.ts';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;

export interface RetentionOptions {
  readonly redis: RedisClient;
  readonly removal: PushRemoval;
  readonly erasures: Pick<Erasures, 'startForRevoked'>;
  readonly pushDays: number;
  readonly followerDaysAfterRevocation: number;
  readonly events: Events;
}

/** Once an hour, in one of all processes: removes what is older than its retention. Returns what was done. */
export async function applyRetention(
  { redis, removal, erasures, pushDays, followerDaysAfterRevocation, events }: RetentionOptions,
  signal: AbortSignal,
  now = Date.now(),
): Promise<string | undefined> {
  const { journalPruned } = redis.keyspace;
  if ((await redis.set(journalPruned, '1', 'PX', HOUR_MS, 'NX')) !== 'OK') return undefined;
  try {
    const { pushes, expired } = await removal.removeOld(new Date(now - pushDays * DAY_MS), signal);
    for (const [subscription, count] of expired) {
      events.publish('subscription', { subscription, what: 'expired', count });
    }
    const accounts = await erasures.startForRevoked(new Date(now - followerDaysAfterRevocation * DAY_MS));
    const done = [
      ...(pushes > 0 ? [`pushes_removed_${pushes}`] : []),
      ...(accounts > 0 ? [`followers_of_revoked_erased_${accounts}`] : []),
    ];
    return done.join(' ') || undefined;
  } catch (error) {
    // The next round, of any process, continues.
    await redis.del(journalPruned).catch(() => {});
    if (signal.aborted) return undefined;
    throw error;
  }
}
