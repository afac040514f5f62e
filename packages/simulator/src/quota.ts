import type { Clock } from './clock.ts';

/** Documented daily limits of a newly registered account (protocol §4, §7.2, §10 rule 17). */
const DAILY: Record<string, number> = {
  '/cgi-bin/component/api_component_token': 2000,
  '/cgi-bin/user/get': 500,
  '/cgi-bin/user/info': 5_000_000,
  '/cgi-bin/user/info/updateremark': 10_000,
  '/cgi-bin/tags/create': 1000,
  '/cgi-bin/tags/get': 1000,
  '/cgi-bin/tags/update': 1000,
  '/cgi-bin/tags/members/batchtagging': 100_000,
  '/cgi-bin/menu/create': 1000,
  '/cgi-bin/menu/get': 10_000,
  '/cgi-bin/menu/delete': 1000,
  '/cgi-bin/message/custom/send': 500_000,
  '/cgi-bin/message/template/send': 100_000,
  '/cgi-bin/message/mass/sendall': 100,
  '/cgi-bin/message/mass/send': 100,
  '/cgi-bin/message/mass/preview': 100,
  '/cgi-bin/message/mass/delete': 10,
  '/cgi-bin/qrcode/create': 100_000,
  '/cgi-bin/media/upload': 100_000,
  '/cgi-bin/media/get': 200_000,
  '/wxa/msg_sec_check': 2_000_000,
};

/** Documented limits per minute (protocol §5.9); the check of contents has an errcode of its own. */
const PER_MINUTE: Record<string, { readonly calls: number; readonly errcode: 45011 | 44991 }> = {
  '/wxa/getwxacodeunlimit': { calls: 5000, errcode: 45011 },
  '/wxa/msg_sec_check': { calls: 4000, errcode: 44991 },
};

const MAX_CLEARS_PER_MONTH = 10;

interface Count {
  day: string;
  used: number;
  /** The number of the interval of `seconds`, a minute by default, in which rates are counted. */
  interval: number;
  usedInInterval: number;
  seconds: number;
  daily?: number;
  perInterval?: number;
  perIntervalOnBehalf?: number;
}

export interface QuotaChange {
  daily?: number;
  minute?: number;
  /** Of calls on behalf of the account. */
  componentMinute?: number;
  /** How long a "minute" lasts. */
  seconds?: number;
  used?: number;
}

export interface QuotaNow {
  daily: number | null;
  used: number;
  minute: number | null;
  componentMinute: number | null;
  seconds: number;
}

/** The calls of each account to each path today and in this minute. Days and minutes are real, never scaled. */
export class Quota {
  readonly #counts = new Map<string, Count>();
  readonly #clears = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one call, successful or not (protocol §10 rule 31); returns the errcode if it exceeds a limit. */
  take(account: string, path: string): 0 | 44991 | 45009 | 45011 {
    const count = this.#current(account, path);
    // Every caller is a component, so both rates apply to all calls.
    for (const rate of [count.perInterval ?? PER_MINUTE[path]?.calls, count.perIntervalOnBehalf]) {
      if (rate !== undefined && count.usedInInterval >= rate) return PER_MINUTE[path]?.errcode ?? 45011;
    }
    if (count.used >= (count.daily ?? DAILY[path] ?? Number.POSITIVE_INFINITY)) return 45009;
    count.used += 1;
    count.usedInInterval += 1;
    return 0;
  }

  read(account: string, path: string): QuotaNow {
    const count = this.#current(account, path);
    return {
      daily: count.daily ?? DAILY[path] ?? null,
      used: count.used,
      minute: count.perInterval ?? PER_MINUTE[path]?.calls ?? null,
      componentMinute: count.perIntervalOnBehalf ?? null,
      seconds: count.seconds,
    };
  }

  change(account: string, path: string, change: QuotaChange): void {
    const count = this.#current(account, path);
    if (change.daily !== undefined) count.daily = change.daily;
    if (change.minute !== undefined) count.perInterval = change.minute;
    if (change.componentMinute !== undefined) count.perIntervalOnBehalf = change.componentMinute;
    if (change.seconds !== undefined) count.seconds = change.seconds;
    if (change.used !== undefined) count.used = change.used;
  }

  /**
   * Resets an account's counts of today, at most ten times a calendar month; only a clear that has an effect is counted
   * (protocol §10 rule 33). False if none remains.
   */
  clear(account: string): boolean {
    const key = `${account} ${this.#clock.beijingDay().slice(0, 7)}`;
    const cleared = this.#clears.get(key) ?? 0;
    if (cleared >= MAX_CLEARS_PER_MONTH) return false;
    let effective = false;
    for (const [pair, count] of this.#counts) {
      if (!pair.startsWith(`${account} `) || count.used === 0) continue;
      count.used = 0;
      // The clearing call itself is counted before it clears.
      effective ||= !pair.includes('clear_quota');
    }
    if (effective) this.#clears.set(key, cleared + 1);
    return true;
  }

  /** Counts one use of the key; whether there were more than `max` in this minute. */
  exceedsMinuteRate(key: string, max: number): boolean {
    const count = this.#current('rate', key);
    count.usedInInterval += 1;
    return count.usedInInterval > max;
  }

  /** Resets every count and every changed limit. */
  reset(): void {
    this.#counts.clear();
    this.#clears.clear();
  }

  #current(account: string, path: string): Count {
    const key = `${account} ${path}`;
    const day = this.#clock.beijingDay();
    const count = this.#counts.get(key) ?? { day, used: 0, interval: 0, usedInInterval: 0, seconds: 60 };
    const interval = Math.floor(this.#clock.now() / (count.seconds * 1000));
    this.#counts.set(key, count);
    if (count.day !== day) Object.assign(count, { day, used: 0 });
    if (count.interval !== interval) Object.assign(count, { interval, usedInInterval: 0 });
    return count;
  }
}
