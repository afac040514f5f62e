import { setImmediate as breathe } from 'node:timers/promises';
import { sql } from 'kysely';
import { type DialectName, dialectOf } from '../database/dialect.ts';
import type { Sql } from '../database/open.ts';
import type { AuthorizerTable } from '../database/schema.ts';
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
  needsRows,
  needsScan,
} from './authorizer-filter.ts';
import { behind, type OrderColumn, type Place, START, upTo } from './authorizer-place.ts';
import { toAuthorizer } from './authorizer-row.ts';

/** How much is read by one statement. */
interface ReadSizes {
  /** Accounts of a window that are read as rows. */
  readonly rows: number;
  /** Accounts of a window that are read from the index of names, which is shorter. */
  readonly names: number;
  /** Rows that are loaded by their keys. */
  readonly loaded: number;
}

/** SQLite answers synchronously, so the event loop runs between the windows; another server is asked less often. */
const SIZES: Readonly<Record<DialectName, ReadSizes>> = {
  sqlite: { rows: 2_000, names: 5_000, loaded: 1_000 },
  mysql: { rows: 10_000, names: 20_000, loaded: 1_000 },
};
/** Accounts that one page reads at most, however few pass the filter. */
const MAX_READ = 200_000;

/** MariaDB would read the rows, whose order is the same. */
const SEARCH_INDEX: Readonly<Record<DialectName, string>> = {
  sqlite: 'indexed by authorizers_search',
  mysql: 'force index (authorizers_search)',
};

/**
 * How a text is searched for. `appid`, `user-name`: as the beginning of an id, by its index. `names`: by a scan.
 */
type SearchMode = 'appid' | 'user-name' | 'names';

interface Search {
  readonly mode: SearchMode;
  readonly text: string;
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
  readonly #sizes: ReadSizes;

  /** `sql`: may lag behind. */
  constructor(sql: Sql, sizes: ReadSizes = SIZES[dialectOf(sql)]) {
    this.#sql = sql;
    this.#sizes = sizes;
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
    const size = search?.mode === 'names' ? this.#sizes.names : this.#sizes.rows;
    let from = after;
    for (let read = size; ; read += size) {
      signal?.throwIfAborted();
      const to = scans(filter, search) ? await this.#endOfWindow(filter, search, { from, size }) : undefined;
      const window = { from, to, limit: limit + 1 - found.length };
      found.push(
        ...(await (search?.mode === 'names'
          ? this.#named(filter, search.text, window)
          : this.#window(filter, search, window))),
      );
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
    { from, size }: { readonly from: Place | undefined; readonly size: number },
  ): Promise<Place | undefined> {
    const order = orderOf(search);
    const isOrdered = search?.mode !== 'names' && (search?.mode === 'user-name' || filter.state !== undefined);
    let query = (isOrdered ? this.#sql.selectFrom('authorizers') : this.#fromIndex())
      .select(['appid', 'component'])
      .where((eb) => eb.and([...indexed(eb, filter, search), ...(from ? [behind(eb, order, from)] : [])]))
      .limit(1)
      .offset(size - 1);
    for (const column of order) query = query.orderBy(column);
    // Of the order's columns only, which its index has.
    const row = await query.$if(order.includes('user_name'), (of) => of.select('user_name')).executeTakeFirst();
    return row && { appid: row.appid, component: row.component, userName: row.user_name ?? '' };
  }

  async #window(filter: AuthorizerFilter, search: Search | undefined, window: Window): Promise<Authorizer[]> {
    const order = orderOf(search);
    let query = this.#sql
      .selectFrom('authorizers')
      .selectAll()
      .where((eb) =>
        eb.and([...indexed(eb, filter, search), ...conditionsOf(eb, filter), ...boundsOf(eb, order, window)]),
      )
      .limit(window.limit);
    for (const column of order) query = query.orderBy(column);
    return (await query.execute()).map(toAuthorizer);
  }

  /** Reads the index of names, and only the rows of accounts whose names fit. */
  async #named(filter: AuthorizerFilter, text: string, { from, to, limit }: Window): Promise<Authorizer[]> {
    const { kind, scope, handle, cookieValue } = filter;
    const found: Authorizer[] = [];
    const size = needsRows(filter) ? this.#sizes.loaded : limit;
    for (let last = from; ; ) {
      const keys = await this.#keysOfNamed(filter, text, { from: last, to, limit: size });
      if (keys.length > 0)
        found.push(
          ...(await this.#load(keys, { kind, scope, handle, cookieValue, withTest: true })).filter(isOther(text)),
        );
      if (found.length >= limit) return found.slice(0, limit);
      last = keys.at(-1);
      if (!last || keys.length < size) return found;
    }
  }

  /** As far as the index can judge. */
  #keysOfNamed(filter: AuthorizerFilter, text: string, window: Window): Promise<Place[]> {
    const ofIndex = { ...filter, kind: undefined, scope: undefined, handle: undefined, cookieValue: undefined };
    return this.#fromIndex()
      .select(['appid', 'component'])
      .where((eb) =>
        eb.and([
          ...conditionsOf(eb, ofIndex),
          isNamed(this.#sql, eb, text),
          ...boundsOf(eb, orderOf(undefined), window),
        ]),
      )
      .orderBy('appid')
      .orderBy('component')
      .limit(window.limit)
      .execute();
  }

  /** For statements that read only columns of the index of names. */
  #fromIndex() {
    const hint = sql.raw(SEARCH_INDEX[dialectOf(this.#sql)]);
    return this.#sql.selectFrom(sql<AuthorizerTable>`authorizers`.as<'authorizers'>(sql`authorizers ${hint}`));
  }

  /** In the order of the keys; without those that do not pass the filter. */
  async #load(keys: readonly Place[], filter: AuthorizerFilter): Promise<Authorizer[]> {
    const appids = [...new Set(keys.map(({ appid }) => appid))];
    const rows = await this.#sql
      .selectFrom('authorizers')
      .selectAll()
      .where((eb) => eb.and(conditionsOf(eb, { ...filter, accounts: appids })))
      .execute();
    const byKey = new Map(rows.map((row) => [`${row.appid} ${row.component}`, row]));
    return keys.flatMap(({ appid, component }) => {
      const row = byKey.get(`${appid} ${component}`);
      return row ? [toAuthorizer(row)] : [];
    });
  }
}

/** The account that has the handle is the first one of the first page. */
function isOther(handle: string): (authorizer: Authorizer) => boolean {
  return (authorizer) => authorizer.handle !== handle;
}

/** What is read at a time: behind `from`, up to `to`, at most `limit` accounts. */
interface Window {
  readonly from: Place | undefined;
  readonly to: Place | undefined;
  readonly limit: number;
}

function boundsOf(eb: AuthorizerExpressions, order: readonly OrderColumn[], { from, to }: Window): Condition[] {
  return [...(from ? [behind(eb, order, from)] : []), ...(to ? [upTo(eb, order, to)] : [])];
}

/** Ids are of small letters. */
function searchOf(mode: SearchMode, text: string): Search {
  return { mode, text: mode === 'names' ? text : text.toLowerCase() };
}

function orderOf(search: Search | undefined): OrderColumn[] {
  return search?.mode === 'user-name' ? ['user_name', 'appid', 'component'] : ['appid', 'component'];
}

/** Whether many rows may have to be read for a few. The accounts of a key are few. */
function scans(filter: AuthorizerFilter, search: Search | undefined): boolean {
  if (filter.accounts?.length) return false;
  if (search?.mode === 'names') return true;
  if (filter.handle !== undefined || filter.cookieValue !== undefined) return false;
  return (search?.mode === 'user-name' && filter.state !== undefined) || needsScan(filter);
}

/** What limits the part of an index that is read; the index has this order. */
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
      return [];
    default:
      return mode satisfies never;
  }
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
