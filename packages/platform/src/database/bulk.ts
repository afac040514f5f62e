import { CompiledQuery } from 'kysely';
import type { Sql } from './open.ts';
import { isConflict } from './sql-error.ts';
import { SqliteBulk } from './sqlite-bulk.ts';
import { sqlitePath } from './sqlite-path.ts';
import type { Statement } from './statement.ts';
import { mysqlUpserts, sqliteUpsert, type Upsert } from './upsert-rows.ts';

export type BulkStep = Statement | Upsert;

/**
 * Writes many rows in one transaction past the query builder, whose rendering would cost more than the rows. On SQLite
 * it happens in a thread of its own: `node:sqlite` is synchronous, and other processes' locks are waited for.
 */
export interface BulkWriter {
  write(steps: readonly BulkStep[]): Promise<'done' | 'undone'>;
  close(): Promise<void>;
}

export function openBulkWriter(databaseUrl: string, sql: Sql): BulkWriter {
  const path = sqlitePath(databaseUrl);
  if (path === undefined) return new MysqlBulk(sql);
  const thread = new SqliteBulk(path);
  return {
    write: (steps) =>
      thread.write(
        steps.map((step) =>
          'table' in step
            ? sqliteUpsert(step)
            : {
                text: step.text,
                values: step.parameters,
                width: step.parameters.length,
                shared: [],
                orUndo: step.orUndo,
              },
        ),
      ),
    close: () => thread.close(),
  };
}

/** Another writer's lock makes MySQL undo a transaction; a few times that is no news. */
const MOST_TRIES = 5;

class Undone extends Error {}

class MysqlBulk implements BulkWriter {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async write(steps: readonly BulkStep[]): Promise<'done' | 'undone'> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#sql.transaction().execute((transaction) => writeAll(transaction, steps));
        return 'done';
      } catch (error) {
        if (error instanceof Undone) return 'undone';
        if (!isConflict(error) || tries === MOST_TRIES) throw error;
      }
    }
  }

  async close(): Promise<void> {}
}

async function writeAll(transaction: Sql, steps: readonly BulkStep[]): Promise<void> {
  for (const step of steps) {
    for (const { text, parameters, orUndo } of 'table' in step ? mysqlUpserts(step) : [step]) {
      const { numAffectedRows } = await transaction.executeQuery(CompiledQuery.raw(text, [...parameters]));
      if (orUndo && !numAffectedRows) throw new Undone();
    }
  }
}
