import { ERRCODE } from '@wxthirdparty/wechat';
import { BEIJING_OFFSET_MS } from '../beijing-time.ts';
import type { RedisClient } from '../redis/connect.ts';
import { redisTimeMs, toLocalDate } from '../redis/redis-time.ts';
import { defineScript } from '../redis/script.ts';
import type { Ledger, QuotaPair } from './ledger.ts';
import { QuotaClosedFailure } from './quota-closed-failure.ts';

/** Per account and calendar month, counting only clears that WeChat carried out (protocol §3.10). */
const ALLOWED_A_MONTH = 10;
const CLEARS_TTL_MS = 62 * 24 * 60 * 60_000;
/** A clear is reported again while Redis refuses a part of what follows from it; this is much longer. */
const COUNTED_TTL_MS = 60 * 60_000;
/** Those that name the account whose token they carry. */
const CLEARING = new Set(['/cgi-bin/clear_quota', '/cgi-bin/component/clear_quota']);

/** Counts a clear once, however often it is reported. `mark` is of this clear. */
const count = defineScript({
  keys: ['clearsByMonth', 'mark'],
  args: ['month'],
  lua: `
if not redis.call('SET', mark, month, 'NX', 'PX', ${COUNTED_TTL_MS}) then return 0 end
redis.call('HINCRBY', clearsByMonth, month, 1)
return redis.call('PEXPIRE', clearsByMonth, ${CLEARS_TTL_MS})`,
});

export interface ClearsThisMonth {
  readonly usedThisMonth: number;
  readonly remainingThisMonth: number;
}

type Owner = Pick<QuotaPair, 'component' | 'appid'>;

export function clearsQuotas(path: string): boolean {
  return CLEARING.has(path);
}

/** How often an account's quotas were cleared this month, and what follows from a clear. */
export class Clears {
  readonly #redis: RedisClient;
  readonly #ledger: Ledger;
  readonly #wake: (owner: Owner) => Promise<void>;

  /** `wake`: calls of this account may have waited for it. */
  constructor(redis: RedisClient, ledger: Ledger, wake: (owner: Owner) => Promise<void>) {
    this.#redis = redis;
    this.#ledger = ledger;
    this.#wake = wake;
  }

  async thisMonth(owner: Owner): Promise<ClearsThisMonth> {
    const { month } = await this.#month(owner);
    return counted(Number((await this.#redis.hget(this.#key(owner), month)) ?? 0));
  }

  /** Throws if all are used: WeChat would only refuse. */
  async refuseIfNoneLeft(owner: Owner): Promise<void> {
    if ((await this.thisMonth(owner)).remainingThisMonth === 0) throw await this.noneLeft(owner);
  }

  async noneLeft(owner: Owner): Promise<QuotaClosedFailure> {
    const { endsAt } = await this.#month(owner);
    const message = `The ${ALLOWED_A_MONTH} clears of this month are used.`;
    return new QuotaClosedFailure('/cgi-bin/clear_quota', endsAt, message);
  }

  /**
   * Records WeChat's answer to a clear. May be repeated if it throws: `clear` is the clear's id, so that it is counted once.
   */
  async recordClear(owner: Owner, errcode: number, clear: string): Promise<void> {
    if (errcode !== 0 && errcode !== ERRCODE.clearsUsedUp) return;
    const { month } = await this.#month(owner);
    if (errcode === ERRCODE.clearsUsedUp) {
      await this.#redis.hset(this.#key(owner), month, ALLOWED_A_MONTH);
      await this.#redis.pexpire(this.#key(owner), CLEARS_TTL_MS);
      return;
    }
    const mark = this.#redis.keyspace.quotaClearCounted(owner.component, owner.appid, clear);
    await count.run(this.#redis, { clearsByMonth: this.#key(owner), mark }, { month });
    await this.#ledger.clear(owner);
    // If it fails, the waiting calls are sent later: their lane wakes by itself.
    await this.#wake(owner).catch(() => {});
  }

  /** The calendar month in Beijing, by Redis' clock. */
  async #month(owner: Owner): Promise<{ month: string; endsAt: Date }> {
    const now = await redisTimeMs(this.#redis, this.#key(owner));
    const there = new Date(now + BEIJING_OFFSET_MS);
    const next = Date.UTC(there.getUTCFullYear(), there.getUTCMonth() + 1, 1) - BEIJING_OFFSET_MS;
    return { month: there.toISOString().slice(0, 7), endsAt: toLocalDate(next, now) };
  }

  #key({ component, appid }: Owner): string {
    return this.#redis.keyspace.quotaClears(component, appid);
  }
}

function counted(used: number): ClearsThisMonth {
  const usedThisMonth = Math.min(used, ALLOWED_A_MONTH);
  return { usedThisMonth, remainingThisMonth: ALLOWED_A_MONTH - usedThisMonth };
}
