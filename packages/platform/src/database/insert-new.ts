import type { SqlValue } from './statement.ts';

/** Rows that are inserted unless a row with their key exists; such a row stays as it is. */
export interface InsertNew {
  readonly into: string;
  readonly columns: readonly string[];
  /** The primary key. */
  readonly key: readonly string[];
  /** The values of one row after the other. Of rows with the same key, the first counts. */
  readonly values: readonly SqlValue[];
  /** Each row is inserted only if this write has inserted a row of an earlier InsertNew. */
  readonly onlyWith?: {
    /** The number of that step in the write, from 0. */
    readonly step: number;
    /** For each row, the number of the row in that step. */
    readonly rows: readonly number[];
  };
}
