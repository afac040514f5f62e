import type { InsertNew } from './insert-new.ts';
import type { RowChanges } from './row-changes.ts';
import type { SqlValue, Statement } from './statement.ts';
import type { Upsert } from './upsert-rows.ts';

export type BulkStep = Statement | Upsert | InsertNew | RowChanges;

/**
 * For each row of a step whether it was inserted (InsertNew), or found and changed (RowChanges). A Statement counts as one
 * row. Of an Upsert nothing is reported: the list is empty.
 */
export type StepChanges = readonly boolean[];

export interface BulkOutcome {
  /** `undone`: a statement with `orUndo` found no row, so nothing was written. */
  readonly result: 'done' | 'undone';
  /** One for each step; empty if undone. */
  readonly changes: readonly StepChanges[];
}

/** Writes many rows in one transaction without the query builder, whose rendering would cost more than the rows. */
export interface BulkWriter {
  write(steps: readonly BulkStep[]): Promise<'done' | 'undone'>;
  close(): Promise<void>;
}

/** A bulk writer that reports which rows were written. */
export interface ReportingWriter extends BulkWriter {
  /** As `write`. After an error it may be repeated: the transaction was committed as a whole or not at all. */
  apply(steps: readonly BulkStep[]): Promise<BulkOutcome>;
}

/** A bulk writer that also reads; rows have their columns' names. */
export interface BulkDatabase extends ReportingWriter {
  read(text: string, parameters: readonly SqlValue[]): Promise<Readonly<Record<string, SqlValue>>[]>;
}

/** An open bulk database by its two basic operations. */
export function bulkDatabase(basics: Pick<BulkDatabase, 'apply' | 'read' | 'close'>): BulkDatabase {
  return { ...basics, write: async (steps) => (await basics.apply(steps)).result };
}
