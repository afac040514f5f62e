import type { RedisClient } from '../redis/connect.ts';
import { defineScript } from '../redis/script.ts';
import { assertAllDone, type RedisCommand, sendTogether } from '../redis/send-together.ts';
import {
  type ActivityCount,
  type ActivityCounts,
  activityCounts,
  type PushCount,
  pushCounts,
} from './activity-counts.ts';

const MINUTE_MS = 60_000;
export const ACTIVITY_STEP_MS = 5 * MINUTE_MS;
const MINUTE_TTL_MS = 2 * 60 * MINUTE_MS;
const STEP_TTL_MS = 49 * 60 * MINUTE_MS;
const MINUTES_OF_HOUR = 60;

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
  readonly counts: Readonly<Partial<Record<ActivityCount, number>>>;
}

/** What one process counted and has not added yet. */
export interface Activity {
  readonly counted: readonly MinuteCounts[];
  /** The last one of each component. */
  readonly refusals: ReadonlyMap<string, PushRefusal>;
}

export interface PushActivity {
  readonly lastHour: Readonly<Record<PushCount, number>>;
  readonly lastRefusal: PushRefusal | null;
}

/** Both hashes or none, so that a repetition counts nothing twice. `counts`: JSON, by field. */
const addCounts = defineScript({
  keys: ['ofMinute', 'ofStep'],
  args: ['counts'],
  lua: `
for field, count in pairs(cjson.decode(counts)) do
  redis.call('HINCRBY', ofMinute, field, count)
  redis.call('HINCRBY', ofStep, field, count)
end
redis.call('PEXPIRE', ofMinute, ${MINUTE_TTL_MS})
redis.call('PEXPIRE', ofStep, ${STEP_TTL_MS})
return 1`,
});

/** A process that could not reach Redis for a while may have an older one. */
const noteRefusal = defineScript({
  keys: ['refusal'],
  args: ['at', 'status', 'reason', 'url'],
  lua: `
if tonumber(redis.call('HGET', refusal, 'at') or '0') > tonumber(at) then return 0 end
redis.call('HSET', refusal, 'at', at, 'status', status, 'reason', reason, 'url', url)
redis.call('PEXPIRE', refusal, ${STEP_TTL_MS})
return 1`,
});

/** The only counts over all processes: one hash for each minute, kept for two hours, and one for each five, kept for two days. */
export class ActivityStore {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** Never rejects: returns what could not be added, for another attempt. */
  async add({ counted, refusals }: Activity): Promise<Activity> {
    const { keyspace } = this.#redis;
    const adds = counted.map(
      ({ component, minute, counts }) =>
        [
          {
            ofMinute: keyspace.activityMinute(component, minute),
            ofStep: keyspace.activityFiveMinutes(component, Math.floor((minute * MINUTE_MS) / ACTIVITY_STEP_MS)),
          },
          { counts: JSON.stringify(counts) },
        ] as const,
    );
    const notes = [...refusals].map(([component, { at, status, reason, url }]) => {
      const key = keyspace.lastRefusal(component);
      return [{ refusal: key }, { at: at.getTime(), status, reason, url }] as const;
    });
    const [added, noted] = await Promise.all([
      allDone(addCounts.batch(this.#redis, adds), counted.length),
      allDone(noteRefusal.batch(this.#redis, notes), refusals.size),
    ]);
    return {
      counted: counted.filter((_, i) => !added[i]),
      refusals: new Map([...refusals].filter((_, i) => !noted[i])),
    };
  }

  /** For `/v1/status`. */
  async read(component: string, now = Date.now()): Promise<PushActivity> {
    const [counts, refusal] = await Promise.all([
      this.lastMinutes(component, MINUTES_OF_HOUR, now),
      this.#redis.hgetall(this.#redis.keyspace.lastRefusal(component)),
    ]);
    const lastHour = Object.fromEntries(pushCounts.map((name) => [name, counts[name]])) as Record<PushCount, number>;
    const { at, status, reason, url } = refusal;
    const lastRefusal =
      at && reason && (url === 'events' || url === 'messages')
        ? ({ at: new Date(Number(at)), status: Number(status), reason, url } as const)
        : null;
    return { lastHour, lastRefusal };
  }

  /** The sums over the last `minutes` (at most 120), the current one included. */
  async lastMinutes(component: string, minutes: number, now = Date.now()): Promise<ActivityCounts> {
    const current = Math.floor(now / MINUTE_MS);
    const keys = Array.from({ length: minutes }, (_, ago) =>
      this.#redis.keyspace.activityMinute(component, current - ago),
    );
    return sumOf(await this.#counts(keys));
  }

  /** The counts of `steps` times five minutes (at most 576), the current ones last. */
  async lastSteps(component: string, steps: number, now = Date.now()): Promise<ActivityCounts[]> {
    const first = Math.floor(now / ACTIVITY_STEP_MS) - steps + 1;
    const keys = Array.from({ length: steps }, (_, i) =>
      this.#redis.keyspace.activityFiveMinutes(component, first + i),
    );
    return this.#counts(keys);
  }

  async #counts(keys: readonly string[]): Promise<ActivityCounts[]> {
    const replies = await sendTogether(
      this.#redis,
      keys.map((key): RedisCommand => ['hmget', key, ...activityCounts]),
    );
    assertAllDone(replies);
    return replies.map((reply) => {
      const values = reply as (string | null)[];
      return countsOf((_, i) => Number(values[i] ?? 0));
    });
  }
}

/** Whether each run succeeded. */
async function allDone(running: Promise<readonly unknown[]>, runs: number): Promise<boolean[]> {
  const answers = await running.catch((): undefined => undefined);
  return Array.from({ length: runs }, (_, i) => answers !== undefined && !(answers[i] instanceof Error));
}

export function sumOf(counts: readonly ActivityCounts[]): ActivityCounts {
  return countsOf((name) => counts.reduce((sum, one) => sum + one[name], 0));
}

function countsOf(value: (name: ActivityCount, i: number) => number): ActivityCounts {
  return Object.fromEntries(activityCounts.map((name, i) => [name, value(name, i)])) as Record<ActivityCount, number>;
}
