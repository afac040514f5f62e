import { randomBytes } from 'node:crypto';
import { insertUnlessThere } from '../database/insert-unless-there.ts';
import type { Sql } from '../database/open.ts';

/** The random id of the database's deployment; created if there is none. */
export async function deploymentId(sql: Sql): Promise<string> {
  const known = await readDeploymentId(sql);
  if (known !== undefined) return known;
  const id = randomBytes(16).toString('hex');
  await insertUnlessThere(sql.insertInto('deployment').values({ one: 1, id }));
  // Another process may have been first.
  return (await readDeploymentId(sql))!;
}

/** Undefined: no process has created it yet. */
export async function readDeploymentId(sql: Sql): Promise<string | undefined> {
  return (await sql.selectFrom('deployment').select('id').executeTakeFirst())?.id;
}
