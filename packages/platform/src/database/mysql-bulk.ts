import { CompiledQuery } from 'kysely';
import type { BulkDatabase, BulkStep } from './bulk.ts';
import { mysqlUpserts } from './mysql-upsert.ts';
import { openDatabase, type Sql } from './open.ts';
import { isConflict } from './sql-error.ts';
import type { SqlValue } from './statement.ts';

/** MySQL rolls a transaction back because of another writer's lock; a few times in a row is normal. */
const MAX_TRIES = 5;

class Undone extends Error {}

export function openMysqlBulk(databaseUrl: string): BulkDatabase {
  const sql = openDatabase(databaseUrl, { prepares: true });
  return {
    write: (steps) => write(sql, steps),
    read: async (text, parameters) =>
      (await sql.executeQuery<Record<string, SqlValue>>(CompiledQuery.raw(text, [...parameters]))).rows,
    close: () => sql.destroy(),
  };
}

async function write(sql: Sql, steps: readonly BulkStep[]): Promise<'done' | 'undone'> {
  for (let tries = 1; ; tries++) {
    try {
      await sql.transaction().execute((transaction) => writeAll(transaction, steps));
      return 'done';
    } catch (error) {
      if (error instanceof Undone) return 'undone';
      if (!isConflict(error) || tries === MAX_TRIES) throw error;
    }
  }
}

async function writeAll(transaction: Sql, steps: readonly BulkStep[]): Promise<void> {
  for (const step of steps) {
    if ('table' in step) {
      for (const { text, parameters } of mysqlUpserts(step)) {
        await transaction.executeQuery(CompiledQuery.raw(text, parameters as SqlValue[]));
      }
    } else {
      const { numAffectedRows } = await transaction.executeQuery(CompiledQuery.raw(step.text, [...step.parameters]));
      if (step.orUndo && !numAffectedRows) throw new Undone();
    }
  }
}
