import { BoundedCache } from '../bounded-cache.ts';
import type { Sql } from '../database/open.ts';
import type { Authorizer, AuthorizerState } from './authorizer.ts';
import { type AuthorizerFilter, conditionsOf } from './authorizer-filter.ts';

const COUNT_INTERVAL_MS = 10_000;
/** Each component, and each key with accounts of its own, has its totals. */
const MAX_TOTALS = 1_000;

export interface AuthorizerTotals {
  readonly total: number;
  readonly byState: Readonly<Record<AuthorizerState, number>>;
  /** `unknown`: WeChat has not reported it yet. */
  readonly byKind: Readonly<Record<NonNullable<Authorizer['kind']> | 'unknown', number>>;
  /** When they were counted. */
  readonly at: Date;
}

type Counted = Pick<AuthorizerFilter, 'component' | 'accounts'>;

/** Counts accounts at most every ten seconds, however often it is asked. WeChat's test accounts are not counted. */
export class AuthorizerCounter {
  readonly #sql: Sql;
  readonly #now: () => number;
  readonly #counted = new BoundedCache<
    string,
    { readonly startedAt: number; readonly totals: Promise<AuthorizerTotals> }
  >(MAX_TOTALS);

  /** `now`: a monotonic clock (ms). */
  constructor(sql: Sql, now: () => number = () => performance.now()) {
    this.#sql = sql;
    this.#now = now;
  }

  totals({ component, accounts = [] }: Counted): Promise<AuthorizerTotals> {
    const key = [component ?? '', ...accounts].join(' ');
    const known = this.#counted.get(key);
    if (known && this.#now() < known.startedAt + COUNT_INTERVAL_MS) return known.totals;
    const totals = this.#count({ component, accounts });
    const counted = { startedAt: this.#now(), totals };
    this.#counted.set(key, counted);
    // The next request counts again.
    totals.catch(() => {
      if (this.#counted.get(key) === counted) this.#counted.delete(key);
    });
    return totals;
  }

  async #count(counted: Counted): Promise<AuthorizerTotals> {
    const at = new Date();
    const rows = await this.#sql
      .selectFrom('authorizers')
      .select(['state', 'kind'])
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where((eb) => eb.and(conditionsOf(eb, counted)))
      .groupBy(['state', 'kind'])
      .execute();
    const byState = { active: 0, 'needs-reauthorization': 0, revoked: 0 };
    const byKind = { 'official-account': 0, 'mini-program': 0, unknown: 0 };
    let total = 0;
    for (const { state, kind, count } of rows) {
      total += Number(count);
      byState[state as AuthorizerState] += Number(count);
      byKind[(kind ?? 'unknown') as keyof typeof byKind] += Number(count);
    }
    return { total, byState, byKind, at };
  }
}
