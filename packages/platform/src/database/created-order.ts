import { type RawBuilder, sql } from 'kysely';
import { readCursor, writeCursor } from '../paging.ts';

/** A row's place in a list from the newest to the oldest. */
export interface CreatedPlace {
  readonly created_at: number;
  readonly id: string;
}

/** Of the rows behind it. Written so that a database finds the place by its index, instead of reading all rows before it. */
export function createdBefore({ created_at: at, id }: CreatedPlace): RawBuilder<boolean> {
  return sql<boolean>`created_at <= ${at} and (created_at < ${at} or id < ${id})`;
}

export function cursorOfCreated({ created_at: at, id }: CreatedPlace): string {
  return writeCursor(Number(at), id);
}

/** Undefined on the first page. Throws Failure `invalid_request`. */
export function createdPlaceOf(cursor: string | undefined): CreatedPlace | undefined {
  if (cursor === undefined) return undefined;
  const [at, id] = readCursor(cursor, /^(\d{1,15}) ([\w-]{1,64})$/);
  return { created_at: Number(at), id: id! };
}
