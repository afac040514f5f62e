import { Failure } from '@wxthirdparty/wechat';

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
