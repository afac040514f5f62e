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
};

const CLEARS_A_MONTH = 10;

interface Count {
  day: string;
  used: number;
  /** The stretch of so many seconds that rates are counted by; a minute unless they are told otherwise. */
  stretch: number;
  usedInStretch: number;
  seconds: number;
  daily?: number;
  perStretch?: number;
  perStretchOnBehalf?: number;
}

export interface QuotaChange {
  daily?: number;
  minute?: number;
  /** Of calls on behalf of the account. */
  componentMinute?: number;
  /** What "minute" means here. */
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

/** How often each account called each path today and in this minute. Days and minutes are real, never scaled. */
export class Quota {
  readonly #counts = new Map<string, Count>();
  readonly #clears = new Map<string, number>();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Counts one call, whatever becomes of it (protocol §10 rule 31); answers the errcode when it is one too many. */
  take(account: string, path: string): 0 | 45009 | 45011 {
    const count = this.#current(account, path);
    // Whoever calls here is a component, so both rates are for all of its calls.
    for (const rate of [count.perStretch, count.perStretchOnBehalf]) {
      if (rate !== undefined && count.usedInStretch >= rate) return 45011;
    }
    if (count.used >= (count.daily ?? DAILY[path] ?? Number.POSITIVE_INFINITY)) return 45009;
    count.used += 1;
    count.usedInStretch += 1;
    return 0;
  }

  read(account: string, path: string): QuotaNow {
    const count = this.#current(account, path);
    return {
      daily: count.daily ?? DAILY[path] ?? null,
      used: count.used,
      minute: count.perStretch ?? null,
      componentMinute: count.perStretchOnBehalf ?? null,
      seconds: count.seconds,
    };
  }

  change(account: string, path: string, change: QuotaChange): void {
    const count = this.#current(account, path);
    if (change.daily !== undefined) count.daily = change.daily;
    if (change.minute !== undefined) count.perStretch = change.minute;
    if (change.componentMinute !== undefined) count.perStretchOnBehalf = change.componentMinute;
    if (change.seconds !== undefined) count.seconds = change.seconds;
    if (change.used !== undefined) count.used = change.used;
  }

  /**
   * Forgets an account's counts of today, as its owner may ask for ten times a calendar month; only a clear that takes
   * effect counts (protocol §10 rule 33). False when there is none left.
   */
  clear(account: string): boolean {
    const key = `${account} ${this.#clock.beijingDay().slice(0, 7)}`;
    const cleared = this.#clears.get(key) ?? 0;
    if (cleared >= CLEARS_A_MONTH) return false;
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

  /** Whether somebody has come more than `most` times in this minute. */
  tooOften(who: string, most: number): boolean {
    const count = this.#current('often', who);
    count.usedInStretch += 1;
    return count.usedInStretch > most;
  }

  /** Forgets every count and every changed limit. */
  reset(): void {
    this.#counts.clear();
    this.#clears.clear();
  }

  #current(account: string, path: string): Count {
    const key = `${account} ${path}`;
    const day = this.#clock.beijingDay();
    const count = this.#counts.get(key) ?? { day, used: 0, stretch: 0, usedInStretch: 0, seconds: 60 };
    const stretch = Math.floor(this.#clock.now() / (count.seconds * 1000));
    this.#counts.set(key, count);
    if (count.day !== day) Object.assign(count, { day, used: 0 });
    if (count.stretch !== stretch) Object.assign(count, { stretch, usedInStretch: 0 });
    return count;
  }
}
