import { endpointOf } from '@wxthirdparty/wechat';
import { toLocalDate } from '../redis/redis-time.ts';
import { forecast } from './forecast.ts';
import type { Ledger, QuotaPair } from './ledger.ts';
import type { Usage } from './usage.ts';

const READ_AT_ONCE = 100;

export interface Quota extends Pick<Usage, 'used' | 'limit' | 'source' | 'remaining' | 'closedUntil' | 'minute'> {
  readonly path: string;
  /** A forecast. */
  readonly exhaustedAt: Date | undefined;
}

/** What accounts, or a component itself, have used today and may use, with a forecast. */
export class Quotas {
  readonly #ledger: Ledger;
  readonly #accounts: { find(appid: string, component?: string): Promise<Pick<QuotaPair, 'component' | 'appid'>> };

  /** `accounts` throws what finding an account throws. */
  constructor(
    ledger: Ledger,
    accounts: { find(appid: string, component?: string): Promise<Pick<QuotaPair, 'component' | 'appid'>> },
  ) {
    this.#ledger = ledger;
    this.#accounts = accounts;
  }

  /** By path: each quota that was used today, is closed, or has a known limit. */
  async list(filter: {
    readonly appid: string;
    readonly component?: string | undefined;
    readonly limit: number;
    readonly cursor?: string | undefined;
  }): Promise<{ readonly items: readonly Quota[]; readonly next: string | null }> {
    const owner = await this.#accounts.find(filter.appid, filter.component);
    const all = (await this.#ledger.paths(owner)).sort(byLetters);
    const behind = all.filter((path) => filter.cursor === undefined || byLetters(path, filter.cursor) > 0);
    const items: Quota[] = [];
    for (let from = 0; from < behind.length; from += READ_AT_ONCE) {
      const paths = behind.slice(from, from + READ_AT_ONCE);
      const usages = await this.#ledger.usages(owner, paths, (path) => endpointOf('POST', path));
      for (const [i, usage] of usages.entries()) {
        if (!isShown(usage)) continue;
        if (items.length === filter.limit) return { items, next: items.at(-1)!.path };
        items.push(quotaOf(paths[i]!, usage));
      }
    }
    return { items, next: null };
  }
}

function isShown({ used, ownUsed, closedUntil, source }: Usage): boolean {
  return used > 0 || ownUsed > 0 || closedUntil !== undefined || source === 'wechat' || source === 'refusal';
}

function quotaOf(path: string, usage: Usage & { readonly hours: ReadonlyMap<number, number> }): Quota {
  const { used, limit, source, remaining, closedUntil, minute, now } = usage;
  const reachedAt = forecast({ ...usage, used: remaining === 0 ? Math.max(used, limit ?? 0) : used });
  return {
    path,
    used,
    limit,
    source,
    remaining,
    closedUntil,
    minute,
    exhaustedAt: reachedAt === undefined ? undefined : toLocalDate(reachedAt, now),
  };
}

/** By code units, independent of the locale. */
function byLetters(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
