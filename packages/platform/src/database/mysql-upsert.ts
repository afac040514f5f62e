import { mysqlInserts } from './mysql-inserts.ts';
import type { SqlValue, Statement } from './statement.ts';
import type { Upsert } from './upsert-rows.ts';

const SHARED = /:(\w+)/g;

export function mysqlUpserts({ key, change, shared, ...rows }: Upsert): Iterable<Statement> {
  const names = Object.values(change).flatMap((expression) =>
    [...expression.matchAll(SHARED)].map(([, name]) => name!),
  );
  return mysqlInserts(rows, {
    prepared: onDuplicate(key, change, () => '?'),
    parameters: names.map((name): SqlValue => shared[name]!),
    text: onDuplicate(key, change, (name) => String(Math.trunc(shared[name]!))),
  });
}

function onDuplicate(key: readonly string[], change: Upsert['change'], sharedValue: (name: string) => string): string {
  const changes = Object.entries(change).map(([column, expression]) => {
    const text = expression
      .replace(/\bnew\.(\w+)/g, 'values($1)')
      .replace(SHARED, (_, name: string) => sharedValue(name));
    return `${column} = ${text}`;
  });
  return ` on duplicate key update ${changes.join(', ') || `${key[0]} = ${key[0]}`}`;
}
