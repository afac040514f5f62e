import { setTimeout as pause } from 'node:timers/promises';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { newDatabase } from '../../test/mariadb-for-all.ts';
import { type MariaDbServer, startMariaDb } from '../../test/mariadb-server.ts';
import { until } from '../../test/until.ts';
import { migrateOpen } from './migrate.ts';
import { openDatabase, type Sql } from './open.ts';
import { repeat } from './repeat.ts';
import { isConnectionLoss } from './sql-error.ts';

/** A server of its own, because it is killed here. */
let server: MariaDbServer;
let url: string;
let db: Sql;
let operator: Sql;
beforeAll(async () => {
  server = await startMariaDb();
  url = await newDatabase(server);
  db = openDatabase(url);
  operator = openDatabase(url);
  await migrateOpen(db);
});
afterAll(async () => {
  await db?.destroy();
  await operator?.destroy();
  await server?.stop();
});
beforeEach(() => db.deleteFrom('components').execute());

const component = (appid: string) => ({ appid, ticket_sealed: 's', ticket_create_time: 1, ticket_received_at: 1 });
const count = async (from: Kysely<never> | Sql = db) => {
  const { rows } = await sql<{ n: number }>`select count(*) as n from components`.execute(from as Sql);
  return rows[0]!.n;
};
/** However long a busy machine needs to restart the server. */
const RESTART_MS = 600_000;
const read = () => db.selectFrom('components').selectAll().execute();

/** Kills every connection except the operator's, whatever it is doing. */
async function killConnections(): Promise<number> {
  const { rows } = await sql<{ id: number }>`
    select id from information_schema.processlist where user = 'wx' and id <> connection_id()`.execute(operator);
  for (const { id } of rows)
    await sql
      .raw(`kill connection ${id}`)
      .execute(operator)
      .catch(() => {});
  return rows.length;
}

it('a process that is frozen within a transaction does not keep others from its rows: MariaDB ends the transaction', async () => {
  await db.insertInto('components').values(component('wx1')).execute();
  const change = (at: number) =>
    db.updateTable('components').set({ ticket_received_at: at }).where('appid', '=', 'wx1').execute();
  const frozen = openDatabase(url, { retryTimeoutMs: 0 });
  const thawed = Promise.withResolvers<void>();
  const changed = Promise.withResolvers<void>();
  try {
    const transaction = frozen.transaction().execute(async (sql) => {
      await sql.updateTable('components').set({ ticket_received_at: 2 }).where('appid', '=', 'wx1').execute();
      changed.resolve();
      await thawed.promise;
      return sql.selectFrom('components').selectAll().execute();
    });
    const lost = transaction.then(
      () => 'committed',
      (error) => (isConnectionLoss(error) ? 'lost' : error),
    );
    await Promise.race([changed.promise, transaction]);
    await change(3);
    thawed.resolve();
    expect(await lost).toBe('lost');
    expect(await read()).toMatchObject([{ ticket_received_at: 3 }]);
  } finally {
    thawed.resolve();
    await frozen.destroy();
  }
});

it('reads continue while connections are killed', async () => {
  await db.insertInto('components').values(component('wx1')).execute();
  let going = true;
  let done = 0;
  const readers = Array.from({ length: 20 }, async () => {
    while (going) {
      expect(await read()).toHaveLength(1);
      done++;
    }
  });
  let killed = 0;
  await until('many connections were killed, and many reads have ended', async () => {
    killed += await killConnections();
    await pause(20);
    return killed > 20 && done > 100;
  });
  going = false;
  await Promise.all(readers);
});

it('an idempotent transaction is repeated until it is committed', async () => {
  let attempts = 0;
  await repeat(() =>
    db.transaction().execute(async (transaction) => {
      attempts++;
      for (let i = 0; i < 5; i++) {
        await transaction.deleteFrom('components').where('appid', '=', `wx${i}`).execute();
        await transaction
          .insertInto('components')
          .values(component(`wx${i}`))
          .execute();
        if (i === 3 && attempts <= 3) await killConnections();
      }
    }),
  );
  expect(attempts).toBe(4);
  expect(await count()).toBe(5);
});

it('a single write is not repeated: it may have been carried out', async () => {
  const slow = sql`insert into components (appid, ticket_create_time) values ('wx1', sleep(600))`.execute(db);
  const failed = slow.then(
    () => undefined,
    (error) => error,
  );
  await until('the statement runs', async () => {
    const busy = sql<{ n: number }>`select count(*) as n from information_schema.processlist
      where info like 'insert into components%sleep(600)%'`;
    return Number((await busy.execute(operator)).rows[0]?.n) > 0;
  });
  await killConnections();
  expect(isConnectionLoss(await failed)).toBe(true);
  expect(await count()).toBe(0);
});

it('nothing is lost when the server is killed and restarted during writes', async () => {
  let going = true;
  const written = new Set<string>();
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let i = 0; going; i++) {
      const appid = `wx${writer}-${i}`;
      await repeat(
        async () => {
          const known = await db.selectFrom('components').select('appid').where('appid', '=', appid).executeTakeFirst();
          if (!known) await db.insertInto('components').values(component(appid)).execute();
        },
        { timeoutMs: RESTART_MS },
      );
      written.add(appid);
    }
  });
  const more = (count: number) => {
    const enough = written.size + count;
    return until(`${count} more are written`, () => written.size >= enough);
  };
  await more(20);
  const before = written.size;
  await server.kill();
  const reading = repeat(read, { timeoutMs: RESTART_MS });
  await server.restart();
  expect((await reading).length).toBeGreaterThanOrEqual(before);
  await more(20);
  going = false;
  await Promise.all(writers);
  expect(written.size).toBeGreaterThan(before);
  const rows = await db.selectFrom('components').select('appid').execute();
  expect(new Set(rows.map((row) => row.appid))).toEqual(written);
});

it('an error names the cause, and not the password', async () => {
  const wrong = openDatabase(url.replace('wx:wx@', 'wx:hunter2@'));
  await expect(wrong.selectFrom('components').selectAll().execute()).rejects.toMatchObject({
    code: 'database_unusable',
    message: expect.stringMatching(/^(?!.*hunter2).*ER_ACCESS_DENIED_ERROR.*DATABASE_URL/),
  });
  await wrong.destroy();
  const unreachable = openDatabase('mysql://wx:hunter2@127.0.0.1:1/wx');
  await expect(unreachable.selectFrom('components').selectAll().execute()).rejects.toMatchObject({
    code: 'database_unreachable',
    message: expect.stringMatching(/^(?!.*hunter2).*ECONNREFUSED.*DATABASE_URL/),
  });
  await unreachable.destroy();
});
