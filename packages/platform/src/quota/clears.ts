import { ERRCODE } from '@wxthirdparty/wechat';
import { BEIJING_OFFSET_MS } from '../beijing-time.ts';
import type { RedisClient } from '../redis/connect.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { type Ledger, QuotaClosedFailure, type QuotaPair } from './ledger.ts';

/** Effective ones of each account and calendar month, by whatever means (dossier §3.10). */
const ALLOWED_A_MONTH = 10;
const KEPT_MS = 62 * 24 * 60 * 60_000;
/** Those that name the account whose token they carry. */
const CLEARING = new Set(['/cgi-bin/clear_quota', '/cgi-bin/component/clear_quota']);

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
    const { month } = await this.#month();
    return counted(Number((await this.#redis.hget(this.#key(owner), month)) ?? 0));
  }

  /** Throws where all are used: WeChat would only refuse. */
  async refuseIfNoneLeft(owner: Owner): Promise<void> {
    if ((await this.thisMonth(owner)).remainingThisMonth === 0) throw await this.noneLeft();
  }

  async noneLeft(): Promise<QuotaClosedFailure> {
    const { endsAt } = await this.#month();
    const message = `The ${ALLOWED_A_MONTH} clears of this month are used.`;
    return new QuotaClosedFailure('/cgi-bin/clear_quota', endsAt, message);
  }

  /** What WeChat answered to a clear, whoever asked for it. */
  async hear(owner: Owner, errcode: number): Promise<void> {
    const { month } = await this.#month();
    if (errcode === ERRCODE.clearsUsedUp) await this.#redis.hset(this.#key(owner), month, ALLOWED_A_MONTH);
    if (errcode === 0) await this.#redis.hincrby(this.#key(owner), month, 1);
    if (errcode !== 0 && errcode !== ERRCODE.clearsUsedUp) return;
    await this.#redis.pexpire(this.#key(owner), KEPT_MS);
    if (errcode !== 0) return;
    await this.#ledger.clear(owner);
    await this.#wake(owner);
  }

  /** The calendar month in Beijing, by Redis' clock. */
  async #month(): Promise<{ month: string; endsAt: Date }> {
    const [seconds, micros] = (await this.#redis.time()).map(Number) as [number, number];
    const now = seconds * 1000 + micros / 1000;
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
