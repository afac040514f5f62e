import { TEST_ACCOUNTS } from '@wxthirdparty/wechat';
import { type ExpressionBuilder, type ExpressionWrapper, type SqlBool, sql } from 'kysely';
import { dialectOf } from '../database/dialect.ts';
import type { Sql } from '../database/open.ts';
import type { Database } from '../database/schema.ts';
import type { Authorizer, AuthorizerState } from './authorizer.ts';

const TEST_APPIDS = TEST_ACCOUNTS.map(({ appid }) => appid);

/** Which accounts a list contains; what is undefined does not restrict it. */
export interface AuthorizerFilter {
  readonly state?: AuthorizerState | undefined;
  readonly kind?: NonNullable<Authorizer['kind']> | undefined;
  /** The id of a permission set that was granted. */
  readonly scope?: number | undefined;
  readonly handle?: string | undefined;
  readonly cookieValue?: string | undefined;
  readonly component?: string | undefined;
  /** Only these; empty: all. */
  readonly accounts?: readonly string[] | undefined;
  /** WeChat's test accounts, too. */
  readonly withTest?: boolean | undefined;
}

export type AuthorizerExpressions = ExpressionBuilder<Database, 'authorizers'>;
export type Condition = ExpressionWrapper<Database, 'authorizers', SqlBool>;

export function conditionsOf(eb: AuthorizerExpressions, filter: AuthorizerFilter): Condition[] {
  const conditions: Condition[] = [];
  if (filter.state) conditions.push(eb('state', '=', filter.state));
  if (filter.kind) conditions.push(eb('kind', '=', filter.kind));
  if (filter.scope !== undefined) conditions.push(grants(eb, filter.scope));
  if (filter.handle !== undefined) conditions.push(hasHandle(eb, filter.handle));
  if (filter.cookieValue !== undefined) conditions.push(eb('handle', '=', filter.cookieValue));
  if (filter.component !== undefined) conditions.push(eb('component', '=', filter.component));
  if (filter.accounts?.length) conditions.push(eb('appid', 'in', filter.accounts));
  if (!filter.withTest) conditions.push(eb('appid', 'not in', TEST_APPIDS));
  return conditions;
}

/** The handle that has been chosen, or the random one until then. */
export function shownHandle(eb: AuthorizerExpressions) {
  return eb.fn.coalesce('chosen_handle', 'handle');
}

/**
 * Whether the handle is the one that was chosen, or the random one until then; written so that each part has an index. At most one
 * account of a component has it.
 */
export function hasHandle(eb: AuthorizerExpressions, handle: string): Condition {
  return eb.or([
    eb('chosen_handle', '=', handle),
    eb.and([eb('handle', '=', handle), eb('chosen_handle', 'is', null)]),
  ]);
}

/** Whether rows may have to be read that the filter then excludes: no index leads to the others alone. */
export function needsScan({ kind, scope, component }: AuthorizerFilter): boolean {
  return kind !== undefined || scope !== undefined || component !== undefined;
}

/** Whether the index of names cannot judge the filter. */
export function needsRows({ kind, scope, handle, cookieValue }: AuthorizerFilter): boolean {
  return [kind, scope, handle, cookieValue].some((value) => value !== undefined);
}

/** The column is a JSON array of numbers. */
function grants(eb: AuthorizerExpressions, scope: number): Condition {
  const listed = sql`replace(replace(${sql.ref('scopes')}, '[', ','), ']', ',')`;
  return eb(sql<number>`instr(${listed}, ${`,${scope},`})`, '>', 0);
}

/** Ids that begin with it. In both databases they are ordered by their characters. */
export function beginsWith(
  eb: AuthorizerExpressions,
  column: 'appid' | 'user_name' | 'handle' | 'chosen_handle',
  prefix: string,
): Condition {
  return eb.and([eb(column, '>=', prefix), eb(column, '<', `${prefix}\u{10ffff}`)]);
}

/**
 * Accounts whose name or principal contains the text, or whose chosen handle begins with it. Letters of names match in either case, in
 * every script that has cases; handles match as they are written. No character is a wildcard.
 */
export function isNamed(db: Sql, eb: AuthorizerExpressions, text: string): Condition {
  const dialect = dialectOf(db);
  const contains = (column: 'nick_name' | 'principal_name') => {
    if (!hasCases(text)) return eb(sql<number>`instr(${sql.ref(column)}, ${text})`, '>', 0);
    // SQLite's own `like` and `lower` know only the letters of ASCII, but `lower_case` takes several times as long.
    if (dialect === 'sqlite' && !hasCases(text.replaceAll(/[a-z]/gi, ''))) {
      return sql<SqlBool>`${sql.ref(column)} like ${`%${text.replaceAll(/[\\%_]/g, '\\$&')}%`} escape '\\'`;
    }
    const lower = sql.raw(dialect === 'sqlite' ? 'lower_case' : 'lower');
    return eb(sql<number>`instr(${lower}(${sql.ref(column)}), ${lower}(${text}))`, '>', 0);
  };
  return eb.or([contains('nick_name'), contains('principal_name'), beginsWith(eb, 'chosen_handle', text)]);
}

function hasCases(text: string): boolean {
  return text.toLowerCase() !== text.toUpperCase();
}
