import type { RedisClient } from '../redis/connect.ts';
import { assertAllDone, type RedisCommand, sendTogether } from '../redis/send-together.ts';

const MINUTE_MS = 60_000;
const LONG_MS = 5 * MINUTE_MS;
const MINUTE_TTL_MS = 2 * 60 * MINUTE_MS;
const LONG_TTL_MS = 49 * 60 * MINUTE_MS;
const MINUTES_OF_HOUR = 60;

export const pushCounts = [
  'accepted',
  'duplicates',
  'unreadable',
  'wrongAccount',
  'tooOld',
  'refused',
  'unavailable',
] as const;
export type PushCount = (typeof pushCounts)[number];

/** A push that was not accepted. */
export interface PushRefusal {
  readonly at: Date;
  /** That WeChat was answered with. */
  readonly status: number;
  readonly reason: string;
  readonly url: 'events' | 'messages';
}

/** What one component did in one minute, as one process counted it. */
export interface MinuteCounts {
  readonly component: string;
  /** Minutes since 1970. */
  readonly minute: number;
  readonly counts: Readonly<Partial<Record<PushCount, number>>>;
}

export interface PushActivity {
  readonly lastHour: Readonly<Record<PushCount, number>>;
  readonly lastRefusal: PushRefusal | null;
}

/** The only counts over all processes: one hash for each minute, kept for two hours, and one for each five, kept for two days. */
export class ActivityStore {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async add(counted: readonly MinuteCounts[], refusals: ReadonlyMap<string, PushRefusal>): Promise<void> {
    const { keyspace } = this.#redis;
    const commands: RedisCommand[] = [];
    for (const { component, minute, counts } of counted) {
      const long = Math.floor((minute * MINUTE_MS) / LONG_MS);
      const hashes = [
        [keyspace.activityMinute(component, minute), MINUTE_TTL_MS],
        [keyspace.activityFiveMinutes(component, long), LONG_TTL_MS],
      ] as const;
      for (const [key, ttlMs] of hashes) {
        for (const [field, count] of Object.entries(counts)) commands.push(['hincrby', key, field, count]);
        commands.push(['pexpire', key, ttlMs]);
      }
    }
    for (const [component, { at, status, reason, url }] of refusals) {
      const key = keyspace.lastRefusal(component);
      commands.push(['hset', key, 'at', at.getTime(), 'status', status, 'reason', reason, 'url', url]);
      commands.push(['pexpire', key, LONG_TTL_MS]);
    }
    assertAllDone(await sendTogether(this.#redis, commands));
  }

  async read(component: string, now = Date.now()): Promise<PushActivity> {
    const { keyspace } = this.#redis;
    const thisMinute = Math.floor(now / MINUTE_MS);
    const reads = Array.from(
      { length: MINUTES_OF_HOUR },
      (_, ago): RedisCommand => ['hmget', keyspace.activityMinute(component, thisMinute - ago), ...pushCounts],
    );
    const [answers, refusal] = await Promise.all([
      sendTogether(this.#redis, reads),
      this.#redis.hgetall(keyspace.lastRefusal(component)),
    ]);
    const sums = pushCounts.map(() => 0);
    assertAllDone(answers);
    for (const counts of answers) {
      (counts as (string | null)[]).forEach((count, i) => {
        sums[i]! += Number(count ?? 0);
      });
    }
    const lastHour = Object.fromEntries(pushCounts.map((name, i) => [name, sums[i]!])) as Record<PushCount, number>;
    const { at, status, reason, url } = refusal;
    const lastRefusal =
      at && reason && (url === 'events' || url === 'messages')
        ? ({ at: new Date(Number(at)), status: Number(status), reason, url } as const)
        : null;
    return { lastHour, lastRefusal };
  }
}
