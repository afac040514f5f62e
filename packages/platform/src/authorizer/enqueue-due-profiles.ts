import type { RedisClient } from '../redis/connect.ts';
import type { AuthorizerStore } from './authorizer-store.ts';
import type { ProfilePayload } from './profile-job.ts';

/** Per run: 100,000 accounts take a few hours, and WeChat is asked at most twenty times a second. */
const MAX_AT_ONCE = 100;
const TURN_MS = 4_500;
/** A profile that could not be read is due again after this. */
const HOLD_MS = 15 * 60_000;

/** Enqueues the profiles that are due; one process at a time. Returns how many. */
export async function enqueueDueProfiles(
  component: string,
  {
    redis,
    store,
    ask,
  }: { redis: RedisClient; store: AuthorizerStore; ask: (payload: ProfilePayload) => Promise<void> },
): Promise<number> {
  if ((await redis.set(redis.keyspace.profileTurn(component), '1', 'PX', TURN_MS, 'NX')) !== 'OK') return 0;
  const due = await store.profiles.claimDue(component, MAX_AT_ONCE, HOLD_MS);
  await Promise.all(due.map((appid) => ask({ component, appid })));
  return due.length;
}
