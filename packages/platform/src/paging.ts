import { setImmediate as breathe } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';

/** Rows that a filtered list reads at a time. SQLite answers synchronously, so the event loop runs between the windows. */
const WINDOW = 500;
/** Rows that one page reads at most, however few pass the filter. */
const MAX_READ = 5_000;

export interface PageRequest {
  readonly limit: number;
  /** The `next` of the previous page. */
  readonly cursor?: string | undefined;
}

export interface Page<Item> {
  readonly items: readonly Item[];
  /** The cursor of the next page; null on the last one. */
  readonly next: string | null;
}

/** The page of what was found with a limit of one more than `limit`: the extra row shows that there is a next page. */
export function pageOf<Item>(found: readonly Item[], limit: number, cursorOf: (last: Item) => string): Page<Item> {
  const items = found.slice(0, limit);
  return { items, next: found.length > limit ? cursorOf(items.at(-1)!) : null };
}

/**
 * A page of rows that pass a filter that no index knows. Few of many rows may pass it, so a page may hold fewer than `limit`
 * although there is a next one. `read`: the next `count` rows after a place, if there are so many.
 */
export async function pageFromWindows<Place, Row extends Place>(list: {
  readonly after: Place | undefined;
  readonly limit: number;
  read(after: Place | undefined, count: number): Promise<readonly Row[]>;
  passes(row: Row): boolean;
  cursorOf(last: Place): string;
}): Promise<Page<Row>> {
  const found: Row[] = [];
  let { after } = list;
  // A page whose rows all pass costs no more than these rows.
  let window = Math.min(WINDOW, list.limit + 1);
  for (let count = 0; ; window = WINDOW) {
    const rows = await list.read(after, window);
    for (const row of rows) {
      if (found.length === list.limit) return { items: found, next: list.cursorOf(found.at(-1)!) };
      if (list.passes(row)) found.push(row);
      after = row;
    }
    count += rows.length;
    if (rows.length < window || after === undefined) return { items: found, next: null };
    if (count >= MAX_READ) return { items: found, next: list.cursorOf(after) };
    await breathe();
  }
}

/** A cursor of what identifies the last row of a page. */
export function writeCursor(...parts: readonly (string | number)[]): string {
  return Buffer.from(parts.join(' '), 'utf8').toString('base64url');
}

/** The parts of a cursor: the groups of `pattern`, which the whole text must match. Throws Failure `invalid_request`. */
export function readCursor(cursor: string, pattern: RegExp): string[] {
  const match = pattern.exec(Buffer.from(cursor, 'base64url').toString('utf8'));
  if (!match || match[0] !== match.input) throw invalidCursor();
  return match.slice(1);
}

export function invalidCursor(): Failure {
  return new Failure('invalid_request', 'fix-request', 'The cursor must be the "next" of an earlier answer.');
}
