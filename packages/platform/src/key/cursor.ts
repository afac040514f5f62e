import { Failure } from '@wxthirdparty/wechat';

/** The last row of a page, in lists from the newest to the oldest. */
export interface Place {
  readonly at: number;
  readonly id: string;
}

export function writeCursor({ at, id }: Place): string {
  return Buffer.from(`${at} ${id}`).toString('base64url');
}

/** Throws Failure `invalid_request`. */
export function readCursor(cursor: string): Place {
  const match = /^(\d{1,15}) ([0-9a-f]{1,32})$/.exec(Buffer.from(cursor, 'base64url').toString());
  if (match) return { at: Number(match[1]), id: match[2]! };
  throw new Failure('invalid_request', 'fix-request', 'The cursor must be the "next" of an earlier answer.');
}
