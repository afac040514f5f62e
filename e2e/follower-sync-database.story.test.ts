import { afterAll, beforeAll, expect, it } from 'vitest';
import { newDatabase } from '../packages/platform/test/mariadb-for-all.ts';
import { type MariaDbServer, startMariaDb } from '../packages/platform/test/mariadb-server.ts';
import { inDatabase } from './support/database.ts';
import { Deployment } from './support/deployment.ts';
import {
  completed,
  exported,
  followersAtWeChat,
  readSync,
  type SyncBody,
  startSync,
  syncReaches,
} from './support/follower-syncs.ts';
import { until } from './support/until.ts';

const ACCOUNT = 'wx00000000000000c3';
const FOLLOWERS = 12_000;
const BATCH_PATH = '/cgi-bin/user/info/batchget';
/** WeChat answers only when the story releases the answers. */
const STILL = 600_000;

let server: MariaDbServer;
let deployment: Deployment;
beforeAll(async () => {
  server = await startMariaDb();
  deployment = await Deployment.open({
    accounts: [{ appid: ACCOUNT, kind: 'official-account', nickName: '大号', followers: FOLLOWERS }],
    env: { DATABASE_URL: await newDatabase(server) },
  });
  await deployment.authorized(ACCOUNT);
});
afterAll(async () => {
  await deployment?.close();
  await server?.stop();
});

it('continues by itself after the database has died in the middle and come back', async () => {
  await holdBatches();
  const { id } = await startSync(deployment, ACCOUNT);
  await goesUpTo(id, 2_000);
  await server.kill();
  await goesOn();
  await server.restart();
  expect(await completed(deployment, id)).toMatchObject({ listed: FOLLOWERS, detailed: FOLLOWERS });
  expect((await exported(deployment, ACCOUNT)).map((f) => f.openid)).toEqual(
    await followersAtWeChat(deployment, ACCOUNT),
  );
  expect(deployment.workers[0]!.running).toBe(true);
});

it('survives a database that dies in the middle of a write, while the next followers are fetched', async () => {
  await holdBatches();
  const { id } = await startSync(deployment, ACCOUNT);
  await goesUpTo(id, 1_000);
  // Another connection locks the record, so that the next write waits.
  const [held, over] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const holding = inDatabase(deployment, (sql) =>
    sql.transaction().execute(async (transaction) => {
      await transaction.selectFrom('follower_syncs').select('id').where('id', '=', id).forUpdate().execute();
      held.resolve();
      await over.promise;
    }),
  ).catch(() => {});
  await held.promise;
  await until('the write waits', async () => {
    const processes = await inDatabase(deployment, (sql) =>
      sql
        .withSchema('information_schema')
        .selectFrom('processlist' as never)
        .selectAll()
        .execute(),
    );
    const waits = processes.some((one) =>
      Object.values(one).some((value) => /^update follower_syncs /.test(String(value))),
    );
    // The requests that follow are held again.
    if (!waits) await deployment.wechat.control('POST', '/release');
    return waits;
  });
  await server.kill();
  over.resolve();
  await holding;
  await server.restart();
  await goesOn();
  expect(await completed(deployment, id)).toMatchObject({ detailed: FOLLOWERS });
  expect(deployment.workers[0]!.running).toBe(true);
});

it('does not delay a call while it runs', async () => {
  await holdBatches();
  const { id } = await startSync(deployment, ACCOUNT);
  const running = await goesUpTo(id, 1_000);
  expect(running.state).toBe('running');
  const call = await deployment.call(ACCOUNT, { method: 'GET', path: '/cgi-bin/tags/get' });
  expect(call.body.state).toBe('completed');
  const after = await syncReaches(deployment, id, 'is there', () => true);
  expect(after.detailed).toBeLessThan(FOLLOWERS);
  await goesOn();
  await completed(deployment, id);
});

function holdBatches(): Promise<unknown> {
  return deployment.wechat.control('POST', '/delay', { path: BATCH_PATH, ms: STILL });
}

/** Releases the answers that are held, again and again, until so many followers have details. */
function goesUpTo(id: string, detailed: number): Promise<SyncBody> {
  return until(`details of ${detailed} followers`, async () => {
    const sync = await readSync(deployment, id);
    if (sync.detailed >= detailed) return sync;
    await deployment.wechat.control('POST', '/release');
    return false;
  });
}

async function goesOn(): Promise<void> {
  await deployment.wechat.control('DELETE', '/faults');
  await deployment.wechat.control('POST', '/release');
}
