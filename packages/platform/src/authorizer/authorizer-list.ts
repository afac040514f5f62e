import { setImmediate as breathe } from 'node:timers/promises';
import type { Sql } from '../database/open.ts';
import { type Page, type PageRequest, readCursor, writeCursor } from '../paging.ts';
import type { Authorizer } from './authorizer.ts';
import {
  type AuthorizerExpressions,
  type AuthorizerFilter,
  beginsWith,
  type Condition,
  conditionsOf,
  hasHandle,
  isNamed,
  needsScan,
  shownHandle,
} from './authorizer-filter.ts';
import { toAuthorizer } from './authorizer-row.ts';

/** Rows that are read at a time. SQLite answers synchronously, so the event loop runs between the windows. */
const WINDOW = 2_000;
/** Rows that one page reads at most, however few pass the filter. */
const MAX_READ = 200_000;

/**
 * How a text is searched for. `appid`, `user-name`: as the beginning of an id, by its index. `names`: by a scan.
 */
type SearchMode = 'appid' | 'user-name' | 'names';

interface Search {
  readonly mode: SearchMode;
  readonly text: string;
}

/** The last row of a page, or of what was read for it. */
interface Place {
  readonly appid: string;
  readonly component: string;
  /** Only of a search by it, which has its order. */
  readonly userName?: string | null;
}

export interface AuthorizerListRequest extends AuthorizerFilter, PageRequest {
  /** Searched for in ids and names. */
  readonly q?: string | undefined;
  /** Ends a scan whose caller has gone. */
  readonly signal?: AbortSignal | undefined;
}

/** Lists accounts, and searches among them. */
export class AuthorizerList {
  readonly #sql: Sql;

  /** It may lag behind. */
  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /**
   * Ordered by appid, then component; a search for an original id by that. A page may hold fewer than `limit` although there
   * is a next one. Throws Failure `invalid_request`.
   */
  async page({ q, limit, cursor, signal, ...filter }: AuthorizerListRequest): Promise<Page<Authorizer>> {
    const text = q?.trim();
    if (!text) {
      const [appid, component] = cursor === undefined ? [] : readCursor(cursor, /^([^ ]+) ([^ ]+)$/);
      const after = appid && component ? { appid, component } : undefined;
      return this.#walk(filter, undefined, { limit, after, signal });
    }
    if (cursor !== undefined) {
      const { mode, after } = placeOf(cursor);
      return this.#walk(filter, searchOf(mode, text), { limit, after, signal });
    }
    const mode = await this.#modeOf(text, filter);
    const exact = mode === 'names' ? await this.#byHandle(text, filter) : [];
    const rest = { limit: limit - exact.length, after: undefined, signal };
    const { items, next } = await this.#walk(filter, searchOf(mode, text), rest);
    return { items: [...exact, ...items], next };
  }

  /** What begins like an id is one, unless no account's id begins like that: names may, too. */
  async #modeOf(text: string, { accounts }: AuthorizerFilter): Promise<SearchMode> {
    const mode = /^wx[\w-]*$/i.test(text) ? 'appid' : /^gh_[\w-]*$/i.test(text) ? 'user-name' : 'names';
    if (mode === 'names') return mode;
    const search = searchOf(mode, text);
    const found = await this.#sql
      .selectFrom('authorizers')
      .select('appid')
      .where((eb) => eb.and([...indexed(eb, {}, search), ...conditionsOf(eb, { accounts, withTest: true })]))
      .limit(1)
      .executeTakeFirst();
    return found ? mode : 'names';
  }

  /** Found at once, however many accounts there are. */
  async #byHandle(text: string, filter: AuthorizerFilter): Promise<Authorizer[]> {
    const rows = await this.#sql
      .selectFrom('authorizers')
      .selectAll()
      .where((eb) => eb.and([hasHandle(eb, text), ...conditionsOf(eb, filter)]))
      .execute();
    return rows.map(toAuthorizer);
  }

  async #walk(
    filter: AuthorizerFilter,
    search: Search | undefined,
    { limit, after, signal }: { limit: number; after: Place | undefined; signal: AbortSignal | undefined },
  ): Promise<Page<Authorizer>> {
    const found: Authorizer[] = [];
    let from = after;
    for (let read = WINDOW; ; read += WINDOW) {
      signal?.throwIfAborted();
      const to = scans(filter, search) ? await this.#endOfWindow(filter, search, from) : undefined;
      found.push(...(await this.#window(filter, search, { from, to, limit: limit + 1 - found.length })));
      const last = found[limit - 1];
      if (found.length > limit) return { items: found.slice(0, limit), next: cursorOf(search, last ?? after ?? START) };
      if (!to) return { items: found, next: null };
      if (read >= MAX_READ) return { items: found, next: cursorOf(search, to) };
      from = to;
      await breathe();
    }
  }

  /** Undefined: the rest is no longer than a window. */
  async #endOfWindow(
    filter: AuthorizerFilter,
    search: Search | undefined,
    from: Place | undefined,
  ): Promise<Place | undefined> {
    const order = orderOf(search);
    let query = this.#sql
      .selectFrom('authorizers')
      .select(['appid', 'component'])
      .where((eb) => eb.and([...indexed(eb, filter, search), ...(from ? [behind(eb, order, from)] : [])]))
      .limit(1)
      .offset(WINDOW - 1);
    for (const column of order) query = query.orderBy(column);
    // Of the order's columns only, which its index has.
    const row = await query.$if(order.includes('user_name'), (of) => of.select('user_name')).executeTakeFirst();
    return row && { appid: row.appid, component: row.component, userName: row.user_name ?? '' };
  }

  async #window(
    filter: AuthorizerFilter,
    search: Search | undefined,
    { from, to, limit }: { from: Place | undefined; to: Place | undefined; limit: number },
  ): Promise<Authorizer[]> {
    const order = orderOf(search);
    let query = this.#sql
      .selectFrom('authorizers')
      .selectAll()
      .where((eb) =>
        eb.and([
          ...indexed(eb, filter, search),
          ...conditionsOf(eb, filter),
          ...(search?.mode === 'names'
            ? [isNamed(this.#sql, eb, search.text), eb(shownHandle(eb), '!=', search.text)]
            : []),
          ...(from ? [behind(eb, order, from)] : []),
          ...(to ? [upTo(eb, order, to)] : []),
        ]),
      )
      .limit(limit);
    for (const column of order) query = query.orderBy(column);
    return (await query.execute()).map(toAuthorizer);
  }
}

/** Ids are of small letters. */
function searchOf(mode: SearchMode, text: string): Search {
  return { mode, text: mode === 'names' ? text : text.toLowerCase() };
}

/** Before every row. */
const START: Place = { appid: '', component: '', userName: '' };

type OrderColumn = 'user_name' | 'appid' | 'component';

function orderOf(search: Search | undefined): OrderColumn[] {
  return search?.mode === 'user-name' ? ['user_name', 'appid', 'component'] : ['appid', 'component'];
}

/** Whether many rows may have to be read for a few. The accounts of a key are few. */
function scans(filter: AuthorizerFilter, search: Search | undefined): boolean {
  if (filter.accounts?.length || filter.handle !== undefined || filter.cookieValue !== undefined) return false;
  const isByState = filter.state !== undefined && search?.mode === 'user-name';
  return search?.mode === 'names' || isByState || needsScan(filter);
}

/** What the index that has this order knows. */
function indexed(eb: AuthorizerExpressions, { state }: AuthorizerFilter, search: Search | undefined): Condition[] {
  const ofState = state ? [eb('state', '=', state)] : [];
  if (!search) return ofState;
  const { mode, text } = search;
  switch (mode) {
    case 'user-name':
      return [beginsWith(eb, 'user_name', text)];
    case 'appid':
      return [beginsWith(eb, 'appid', text), ...ofState];
    case 'names':
      return ofState;
    default:
      return mode satisfies never;
  }
}

function behind(eb: AuthorizerExpressions, order: readonly OrderColumn[], place: Place): Condition {
  return compare(eb, order, place, { first: '>=', strictly: '>', last: '>' });
}

function upTo(eb: AuthorizerExpressions, order: readonly OrderColumn[], place: Place): Condition {
  return compare(eb, order, place, { first: '<=', strictly: '<', last: '<=' });
}

/** Written so that a database finds the place by its index, instead of reading all rows before it. */
function compare(
  eb: AuthorizerExpressions,
  order: readonly OrderColumn[],
  place: Place,
  by: { readonly first: '>=' | '<='; readonly strictly: '>' | '<'; readonly last: '>' | '<=' },
): Condition {
  const value = (column: OrderColumn) => (column === 'user_name' ? (place.userName ?? '') : place[column]);
  const from = (i: number): Condition => {
    const column = order[i]!;
    if (i === order.length - 1) return eb(column, by.last, value(column));
    return eb.or([eb(column, by.strictly, value(column)), eb.and([eb(column, '=', value(column)), from(i + 1)])]);
  };
  const first = order[0]!;
  return eb.and([eb(first, by.first, value(first)), from(0)]);
}

function cursorOf(search: Search | undefined, { appid, component, userName }: Place): string {
  return search ? writeCursor(search.mode, appid, component, userName ?? '') : writeCursor(appid, component);
}

const SEARCH_CURSOR = /^(appid|user-name|names) ([^ ]*) ([^ ]*) ([^ ]*)$/;

/** A search goes on as it began, since an account that appears meanwhile might change how the text is understood. */
function placeOf(cursor: string): { readonly mode: SearchMode; readonly after: Place } {
  const [mode, appid, component, userName] = readCursor(cursor, SEARCH_CURSOR);
  return { mode: mode as SearchMode, after: { appid: appid!, component: component!, userName: userName! } };
}
