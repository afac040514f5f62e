import type { SqlValue, Statement } from './statement.ts';
import type { Upsert } from './upsert-rows.ts';

export type BulkStep = Statement | Upsert;

/** Writes many rows in one transaction without the query builder, whose rendering would cost more than the rows. */
export interface BulkWriter {
  write(steps: readonly BulkStep[]): Promise<'done' | 'undone'>;
  close(): Promise<void>;
}

/** A bulk writer that also reads; rows have their columns' names. */
export interface BulkDatabase extends BulkWriter {
  read(text: string, parameters: readonly SqlValue[]): Promise<Readonly<Record<string, SqlValue>>[]>;
}
