import { type Page, pageOf, readCursor, writeCursor } from '../paging.ts';

/** Where a page ends, in lists from the newest to the oldest: its last row. */
export interface Position {
  readonly at: number;
  readonly id: string;
}

/** Undefined on the first page. Throws Failure `invalid_request`. */
export function positionOf(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined;
  const [at, id] = readCursor(cursor, /^(\d{1,15}) ([0-9a-f]{1,32})$/);
  return { at: Number(at), id: id! };
}

/** `found`: one row more than `limit`, if there are so many. */
export function newestFirst<Row, Item>(
  found: readonly Row[],
  limit: number,
  read: { readonly position: (row: Row) => Position; readonly item: (row: Row) => Item },
): Page<Item> {
  const { items, next } = pageOf(found, limit, (last) => {
    const { at, id } = read.position(last);
    return writeCursor(at, id);
  });
  return { items: items.map(read.item), next };
}
