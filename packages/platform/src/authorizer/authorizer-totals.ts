import { BoundedCache } from '../bounded-cache.ts';
import type { Sql } from '../database/open.ts';
import type { Authorizer, AuthorizerState } from './authorizer.ts';
import { type AuthorizerFilter, conditionsOf } from './authorizer-filter.ts';
import { type AuthorizerGroup, AuthorizerGroups } from './authorizer-groups.ts';

const COUNT_INTERVAL_MS = 10_000;
/** Each key with accounts of its own has its totals. */
const MAX_COUNTED = 1_000;

export interface AuthorizerTotals {
  readonly total: number;
  readonly byState: Readonly<Record<AuthorizerState, number>>;
  /** `unknown`: WeChat has not reported it yet. */
  readonly byKind: Readonly<Record<NonNullable<Authorizer['kind']> | 'unknown', number>>;
  /** When they were counted. */
  readonly at: Date;
}

interface Counted {
  readonly groups: readonly AuthorizerGroup[];
  readonly at: Date;
}

/** Counts accounts at most every ten seconds, however often it is asked. WeChat's test accounts are not counted. */
export class AuthorizerCounter {
  readonly #sql: Sql;
  readonly #all: AuthorizerGroups;
  readonly #now: () => number;
  /** By the accounts that are counted; empty: all. */
  readonly #counted = new BoundedCache<string, { readonly startedAt: number; readonly counted: Promise<Counted> }>(
    MAX_COUNTED,
  );

  /** `now`: a monotonic clock (ms). */
  constructor(sql: Sql, now: () => number = () => performance.now()) {
    this.#sql = sql;
    this.#all = new AuthorizerGroups(sql);
    this.#now = now;
  }

  async totals({
    component,
    accounts = [],
  }: Pick<AuthorizerFilter, 'component' | 'accounts'>): Promise<AuthorizerTotals> {
    const { groups, at } = await this.#latest(accounts);
    const byState = { active: 0, 'needs-reauthorization': 0, revoked: 0 };
    const byKind = { 'official-account': 0, 'mini-program': 0, unknown: 0 };
    let total = 0;
    for (const group of groups) {
      if (component !== undefined && group.component !== component) continue;
      total += group.count;
      byState[group.state] += group.count;
      byKind[group.kind ?? 'unknown'] += group.count;
    }
    return { total, byState, byKind, at };
  }

  #latest(accounts: readonly string[]): Promise<Counted> {
    const key = accounts.join(' ');
    const known = this.#counted.get(key);
    if (known && this.#now() < known.startedAt + COUNT_INTERVAL_MS) return known.counted;
    const latest = { startedAt: this.#now(), counted: this.#count(accounts) };
    this.#counted.set(key, latest);
    // The next request counts again.
    latest.counted.catch(() => {
      if (this.#counted.get(key) === latest) this.#counted.delete(key);
    });
    return latest.counted;
  }

  async #count(accounts: readonly string[]): Promise<Counted> {
    const at = new Date();
    return { groups: accounts.length === 0 ? await this.#all.count() : await this.#among(accounts), at };
  }

  /** They are few. */
  async #among(accounts: readonly string[]): Promise<AuthorizerGroup[]> {
    const rows = await this.#sql
      .selectFrom('authorizers')
      .select(['component', 'state', 'kind'])
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where((eb) => eb.and(conditionsOf(eb, { accounts })))
      .groupBy(['component', 'state', 'kind'])
      .execute();
    return rows.map(({ component, state, kind, count }) => ({
      component,
      state: state as AuthorizerState,
      kind: kind as Authorizer['kind'],
      count: Number(count),
    }));
  }
}
