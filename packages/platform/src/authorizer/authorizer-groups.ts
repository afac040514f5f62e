import { TEST_ACCOUNTS } from '@wxthirdparty/wechat';
import { dialectOf } from '../database/dialect.ts';
import type { Sql } from '../database/open.ts';
import type { Authorizer, AuthorizerState } from './authorizer.ts';

const TEST_APPIDS = TEST_ACCOUNTS.map(({ appid }) => appid);

/** The accounts of one component that have the same state and kind. */
export interface AuthorizerGroup {
  readonly component: string;
  readonly state: AuthorizerState;
  /** Null: WeChat has not reported it yet. */
  readonly kind: Authorizer['kind'];
  readonly count: number;
}

type Key = Omit<AuthorizerGroup, 'count'>;

const STATES = Object.keys({
  active: true,
  'needs-reauthorization': true,
  revoked: true,
} satisfies Record<AuthorizerState, true>) as AuthorizerState[];

const KINDS = [
  ...(Object.keys({ 'official-account': true, 'mini-program': true } satisfies Record<
    NonNullable<Authorizer['kind']>,
    true
  >) as NonNullable<Authorizer['kind']>[]),
  null,
];

/**
 * Counts all accounts by component, state and kind, without WeChat's test accounts. Each group is a range of one index: counting
 * the ranges takes a quarter of the time of grouping all accounts.
 */
export class AuthorizerGroups {
  readonly #sql: Sql;
  /** The largest group of the last count. */
  #largest: Key | undefined;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async count(): Promise<AuthorizerGroup[]> {
    const groups: AuthorizerGroup[] = [];
    // SQLite counts on the event loop; a whole table takes it no time, so the largest group is what the others do not have.
    const largest = dialectOf(this.#sql) === 'sqlite' ? this.#largest : undefined;
    let component = await this.#componentAfter('');
    for (; component !== undefined; component = await this.#componentAfter(component)) {
      groups.push(...(await this.#groupsOf(component, largest)));
    }
    if (largest) {
      const others = groups.reduce((sum, { count }) => sum + count, 0);
      groups.push({ ...largest, count: Math.max(0, (await this.#countAll()) - others) });
    }
    this.#largest = groups.toSorted((a, b) => b.count - a.count)[0];
    return this.#withoutTest(groups);
  }

  async #componentAfter(component: string): Promise<string | undefined> {
    const row = await this.#sql
      .selectFrom('authorizers')
      .select((eb) => eb.fn.min('component').as('component'))
      .where('component', '>', component)
      .executeTakeFirst();
    return row?.component ?? undefined;
  }

  async #groupsOf(component: string, except: Key | undefined): Promise<AuthorizerGroup[]> {
    const keys = STATES.flatMap((state) => KINDS.map((kind) => ({ component, state, kind }))).filter(
      (key) => !except || !isSame(key, except),
    );
    const counts: Record<string, unknown> | undefined = await this.#sql
      .selectNoFrom((eb) =>
        keys.map(({ state, kind }, i) =>
          eb
            .selectFrom('authorizers')
            .select((of) => of.fn.countAll<number>().as('count'))
            .where('component', '=', component)
            .where('state', '=', state)
            .where('kind', kind === null ? 'is' : '=', kind)
            .as(`count${i}`),
        ),
      )
      .executeTakeFirst();
    return keys.map((key, i) => ({ ...key, count: Number(counts?.[`count${i}`]) }));
  }

  async #countAll(): Promise<number> {
    const { count } = await this.#sql
      .selectFrom('authorizers')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return Number(count);
  }

  async #withoutTest(groups: readonly AuthorizerGroup[]): Promise<AuthorizerGroup[]> {
    const test = await this.#sql
      .selectFrom('authorizers')
      .select(['component', 'state', 'kind'])
      .where('appid', 'in', TEST_APPIDS)
      .execute();
    return groups.map((group) => ({ ...group, count: group.count - test.filter((one) => isSame(one, group)).length }));
  }
}

type Columns = { readonly component: string; readonly state: string; readonly kind: string | null };

function isSame(a: Columns, b: Columns): boolean {
  return a.component === b.component && a.state === b.state && a.kind === b.kind;
}
