import { endpointOf } from '@wxthirdparty/wechat';
import type { PushStore } from '../journal/push-store.ts';
import { QUOTA_LOOK, QUOTA_LOOK_FIELDS, type QuotaLook, usageOf } from '../quota/usage.ts';
import type { RedisClient } from '../redis/connect.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';
import type { TokenFailure } from '../token/token-store.ts';

/** The paths whose day began last; an account that uses more has them all in its list of quotas. */
const MAX_PATHS = 100;
const MINUTE_MS = 60_000;

export interface AccountActivity {
  /** Null: there is no token, or it was given up. */
  readonly tokenExpiresAt: Date | null;
  /** Why the last refresh of the token failed, if none has succeeded since. */
  readonly tokenFailure: (Pick<TokenFailure, 'code' | 'remedy' | 'message' | 'errcode'> & { readonly at: Date }) | null;
  /** Of the last request for the account: to the minute, or exactly if a call is recorded. */
  readonly lastCallAt: Date | null;
  /** Null also if the journal no longer has it. */
  readonly lastPushAt: Date | null;
  /** The one with the largest share used; null if no limit is known. */
  readonly quota: { readonly path: string; readonly used: number; readonly limit: number } | null;
}

/** An account of one component. */
interface Account {
  readonly component: string;
  readonly appid: string;
}

interface Read {
  readonly now: number;
  readonly expiresAt: number;
  readonly failure: TokenFailure | undefined;
  /** Microseconds. */
  readonly lastCall: number;
  readonly quotas: readonly { readonly path: string; readonly look: QuotaLook }[];
}

type Reply = [now: string, expiresAt: string, failure: string | null, lastCall: string, found: (string | QuotaLook)[]];

/** `quotas`: the key of a quota without its path. */
const read = defineScript({
  uses: [REDIS_CLOCK, QUOTA_LOOK],
  keys: ['token', 'calls', 'paths', 'quotas'],
  lua: `
local found = {}
for i, path in ipairs(redis.call('ZREVRANGE', paths, 0, ${MAX_PATHS - 1})) do
  found[2 * i - 1], found[2 * i] = path, quota_look(quotas .. path)
end
local last = redis.call('ZREVRANGE', calls, 0, 0, 'WITHSCORES')
local expires_at, failure = unpack(redis.call('HMGET', token, 'expiresAt', 'failure'))
return { ms(now), expires_at or '0', failure, last[2] or '0', found }`,
  decode: ([now, expiresAt, failure, lastCall, found]: Reply): Read => ({
    now: Number(now),
    expiresAt: Number(expiresAt),
    failure: failure ? (JSON.parse(failure) as TokenFailure) : undefined,
    lastCall: Number(lastCall),
    quotas: Array.from({ length: found.length / 2 }, (_, i) => ({
      path: found[2 * i] as string,
      look: found[2 * i + 1] as QuotaLook,
    })),
  }),
});

/** What accounts did last, for a page of a list: one batch of Redis and one statement of SQL, however many they are. */
export class AccountActivities {
  readonly #redis: RedisClient;
  readonly #pushes: Pick<PushStore, 'lastReceived'>;

  constructor(redis: RedisClient, pushes: Pick<PushStore, 'lastReceived'>) {
    this.#redis = redis;
    this.#pushes = pushes;
  }

  /** In the order of the accounts. `shows`: the paths whose quotas the caller may see. */
  async of(accounts: readonly Account[], shows: (path: string) => boolean): Promise<AccountActivity[]> {
    if (accounts.length === 0) return [];
    const { keyspace } = this.#redis;
    const [found, pushes] = await Promise.all([
      read.batch(
        this.#redis,
        accounts.map(({ component, appid }) => [
          {
            token: keyspace.token(component, appid, 'authorizer'),
            calls: keyspace.callIndex(component, appid),
            paths: keyspace.quotaPaths(component, appid),
            quotas: keyspace.quota(component, appid, ''),
          },
        ]),
      ),
      this.#pushes.lastReceived(accounts),
    ]);
    return accounts.map(({ component, appid }, i) => {
      const one = found[i]!;
      if (one instanceof Error) throw one;
      return activityOf(one, pushes.get(`${component}/${appid}`) ?? null, shows);
    });
  }
}

function activityOf(
  { now, expiresAt, failure, lastCall, quotas }: Read,
  lastPushAt: Date | null,
  shows: (path: string) => boolean,
): AccountActivity {
  let largest: AccountActivity['quota'] = null;
  let lastCallMs = Math.floor(lastCall / 1_000);
  for (const { path, look } of quotas) {
    lastCallMs = Math.max(lastCallMs, lastBucketMs(look, now));
    const { used, limit } = usageOf(look, now, endpointOf('POST', path));
    if (limit === undefined || limit === 0 || !shows(path)) continue;
    if (largest === null || used / limit > largest.used / largest.limit) largest = { path, used, limit };
  }
  return {
    tokenExpiresAt: expiresAt > 0 ? toLocalDate(expiresAt, now) : null,
    tokenFailure: failure ? { ...failure, at: toLocalDate(failure.at, now) } : null,
    lastCallAt: lastCallMs > 0 ? toLocalDate(lastCallMs, now) : null,
    lastPushAt,
    quota: largest,
  };
}

/** When the period began in which a request was last counted: a minute, unless WeChat has reported another one. */
function lastBucketMs(look: QuotaLook, now: number): number {
  const field = (name: (typeof QUOTA_LOOK_FIELDS)[number]) => Number(look[QUOTA_LOOK_FIELDS.indexOf(name)] ?? 0);
  const isReported = field('knownUntil') > now && field('rateMs') > 0;
  return Math.min(now, field('bucket') * (isReported ? field('rateMs') : MINUTE_MS));
}
