import { beijingDay } from '../beijing-time.ts';
import type { EventPayloads } from '../events.ts';
import type { RedisClient } from '../redis/connect.ts';
import { sendTogether } from '../redis/send-together.ts';

/** A day, and the night in which its last alarm closes. */
const TTL_MS = 36 * 60 * 60_000;
/** With more pairs than these, accounts are not counted exactly. */
const MAX_PAIRS = 1_000;

/** `atLeast`: there may be more. */
export interface AccountCount {
  readonly accounts: number;
  readonly atLeast: boolean;
}

/** Which accounts have used four fifths, or all, of a quota today (Beijing). Only alarms depend on it. */
export class LimitedAccounts {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async note({ component, appid, path, level }: EventPayloads['quota'], now = Date.now()): Promise<void> {
    const { warned, closed } = this.#keys(component, now);
    const pair = `${appid} ${path}`;
    switch (level) {
      case 'warning':
        await this.#add(warned, pair);
        break;
      case 'exhausted':
      case 'closed':
        await this.#add(closed, pair);
        break;
      case 'reopened':
        await sendTogether(this.#redis, [
          ['srem', warned, pair],
          ['srem', closed, pair],
        ]);
        break;
      default:
        level satisfies never;
    }
  }

  async counts(
    component: string,
    now = Date.now(),
  ): Promise<{ readonly warned: AccountCount; readonly closed: AccountCount }> {
    const { warned, closed } = this.#keys(component, now);
    const [ofWarned, ofClosed] = await Promise.all([this.#count(warned), this.#count(closed)]);
    return { warned: ofWarned, closed: ofClosed };
  }

  async #add(key: string, pair: string): Promise<void> {
    await sendTogether(this.#redis, [
      ['sadd', key, pair],
      ['pexpire', key, TTL_MS],
    ]);
  }

  async #count(key: string): Promise<AccountCount> {
    const pairs = await this.#redis.srandmember(key, MAX_PAIRS);
    const accounts = new Set(pairs.map((pair) => pair.split(' ', 1)[0])).size;
    return { accounts, atLeast: pairs.length === MAX_PAIRS };
  }

  #keys(component: string, now: number) {
    const day = beijingDay(now);
    const { limitedAccounts } = this.#redis.keyspace;
    return { warned: limitedAccounts(component, 'warned', day), closed: limitedAccounts(component, 'closed', day) };
  }
}
