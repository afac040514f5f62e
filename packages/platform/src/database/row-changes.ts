import type { SqlValue } from './statement.ts';

/** One update or delete for each row, each by the full primary key; a condition beside it makes a compare-and-set. */
export interface RowChanges {
  /** With `?` for each value of a row, and `column = ?` for each column of the key. */
  readonly each: string;
  /** How many of the values make a row. */
  readonly width: number;
  /** The positions of the primary key among them, by which the rows are locked in one order. */
  readonly key: readonly number[];
  /** The values of one row after the other. */
  readonly values: readonly SqlValue[];
}
