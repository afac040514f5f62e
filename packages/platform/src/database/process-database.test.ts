import { DatabaseSync } from 'node:sqlite';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { emptyDatabase } from '../../test/database.ts';
import { newDatabase } from '../../test/mariadb-for-all.ts';
import { type MariaDbServer, startMariaDb } from '../../test/mariadb-server.ts';
import { until } from '../../test/until.ts';
import { permittedConnections } from './connection-budget.ts';
import { migrateTo } from './migrate.ts';
import { whileLocked } from './migration-lock.ts';
import { openDatabase, type Sql } from './open.ts';
import { ProcessDatabase } from './process-database.ts';
import { isConnectionLoss } from './sql-error.ts';

const opened: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

function open(url: string, hung?: () => void): ProcessDatabase {
  const database = new ProcessDatabase(url, hung);
  opened.push(() => database.close());
  return database;
}

const read = (database: ProcessDatabase) => database.sql.selectFrom('components').selectAll().execute();
/** A server that a busy machine delays for a second counts as away for a moment, too. */
const readsAgain = (database: ProcessDatabase) =>
  until('it is used again', async () => (await database.check()) && (await failureOf(read(database))) === undefined);
const failureOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

describe('on MariaDB', () => {
  /** A server of its own, because it is killed and frozen here. */
  let server: MariaDbServer;
  let url: string;
  beforeAll(async () => {
    server = await startMariaDb();
  });
  afterAll(() => server?.stop());
  beforeEach(async () => {
    url = await newDatabase(server);
  });

  it('statements that hang on a frozen server fail, later ones are not sent, and all work again afterwards', async () => {
    let hung = 0;
    const database = open(url, () => hung++);
    await database.migrate();
    await readsAgain(database);
    const operator = openDatabase(url);
    opened.push(() => operator.destroy());
    const slow = sql`select sleep(600)`;
    const pending = failureOf(slow.execute(database.sql));
    const transaction = failureOf(database.sql.transaction().execute((within) => slow.execute(within)));
    const running = sql<{ n: number }>`
      select count(*) as n from information_schema.processlist where db = database() and info = 'select sleep(600)'`;
    await until('both run', async () => Number((await running.execute(operator)).rows[0]!.n) === 2);
    await server.freeze();
    try {
      // Its threads do not stop all at once.
      await until('it is frozen', async () => !(await database.check()));
      expect(database.isOut).toBe(true);
      expect(database.refusal()).toMatchObject({ code: 'database_unreachable' });
      expect(isConnectionLoss(await pending)).toBe(true);
      expect(isConnectionLoss(await transaction)).toBe(true);
      expect(hung).toBeGreaterThan(0);
      expect(await failureOf(read(database))).toMatchObject({ code: 'database_unreachable' });
    } finally {
      await server.resume();
    }
    await until('the server answers', () => !database.isOut);
    await readsAgain(database);
  });

  it('a killed server is noticed, and used again when it is back', async () => {
    const database = open(url);
    await database.migrate();
    await server.kill();
    expect(await database.check()).toBe(false);
    expect(await failureOf(read(database))).toMatchObject({ code: 'database_unreachable' });
    const migrating = open(url);
    const migrated = migrating.migrate();
    expect(migrating.isOut).toBe(true);
    await server.restart();
    await until('the server answers', () => !database.isOut);
    await readsAgain(database);
    await migrated;
    await readsAgain(migrating);
  });

  it('no statement is sent while another process migrates', async () => {
    const other = openDatabase(url);
    opened.push(() => other.destroy());
    const [locked, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const holding = whileLocked(other, async () => {
      locked.resolve();
      await over.promise;
    });
    await locked.promise;
    const database = open(url);
    const migrated = database.migrate();
    expect(await database.check()).toBe(false);
    expect(await failureOf(read(database))).toMatchObject({ code: 'database_unreachable' });
    over.resolve();
    await holding;
    await migrated;
    await readsAgain(database);
  });

  it('uses seven connections, and one for its watch, whatever is asked at once', async () => {
    const database = open(url);
    await database.migrate();
    await until('its watch is connected', () => database.check());
    const operator = openDatabase(url);
    opened.push(() => operator.destroy());
    const running = Promise.all(Array.from({ length: 40 }, () => sql`select sleep(0.2)`.execute(database.sql)));
    let most = 0;
    let going = true;
    void running.finally(() => {
      going = false;
    });
    while (going) most = Math.max(most, await connectionsOf(operator));
    await running;
    // They stay open, for a machine on which the loop above came too late.
    expect(Math.max(most, await connectionsOf(operator))).toBe(8);
    // As it was started.
    expect(await permittedConnections(database.sql)).toBe(400);
  });
});

async function connectionsOf(operator: Sql): Promise<number> {
  const { rows } = await sql<{ n: number }>`
    select count(*) as n from information_schema.processlist where db = database() and id <> connection_id()`.execute(
    operator,
  );
  return Number(rows[0]!.n);
}

describe('on SQLite', () => {
  let url: string;
  let remove: () => Promise<void>;
  beforeEach(async () => {
    ({ url, remove } = await emptyDatabase('SQLite'));
  });
  afterEach(() => remove());

  it('a file that a foreign process has locked is unreachable until it is unlocked', async () => {
    const database = open(url);
    await database.migrate();
    const path = url.slice('sqlite:'.length);
    await database.close();
    opened.pop();
    // Only alone can a process lock the file for reading, too.
    const foreign = new DatabaseSync(path);
    foreign.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
    const starting = open(url);
    const migrated = starting.migrate();
    expect(await starting.check()).toBe(false);
    expect(await failureOf(read(starting))).toMatchObject({ code: 'database_unreachable' });
    foreign.exec('COMMIT');
    foreign.close();
    await migrated;
    await readsAgain(starting);
  });

  it('migrating ends with the reason if the program is too old', async () => {
    const newer = openDatabase(url);
    await migrateTo(newer, {
      later: {
        '0006-deployment': await import('./migrations/0006-deployment.ts'),
        '9999-newer': { up: async () => {} },
      },
      floor: 9_999,
    });
    await newer.destroy();
    const database = open(url);
    await expect(database.migrate()).rejects.toMatchObject({ code: 'program_too_old' });
    expect(database.refusal()).toMatchObject({ code: 'database_unreachable' });
  });
});
