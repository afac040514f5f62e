import { afterAll, beforeAll, expect, it } from 'vitest';
import { newDatabase } from '../packages/platform/test/mariadb-for-all.ts';
import { type MariaDbServer, startMariaDb } from '../packages/platform/test/mariadb-server.ts';
import { inDatabase } from './support/database.ts';
import { Deployment } from './support/deployment.ts';
import { completed, exported, followersAtWeChat, startSync, syncReaches } from './support/follower-syncs.ts';
import { until } from './support/until.ts';

const ACCOUNT = 'wx00000000000000c3';
const FOLLOWERS = 12_000;

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
  await deployment.wechat.control('POST', '/delay', { path: '/cgi-bin/user/info/batchget', ms: 100 });
  const { id } = await startSync(deployment, ACCOUNT);
  await syncReaches(deployment, id, 'has some details', (sync) => sync.detailed >= 2_000);
  await server.kill();
  await server.restart();
  expect(await completed(deployment, id)).toMatchObject({ listed: FOLLOWERS, detailed: FOLLOWERS });
  expect((await exported(deployment, ACCOUNT)).map((f) => f.openid)).toEqual(
    await followersAtWeChat(deployment, ACCOUNT),
  );
  expect(deployment.workers[0]!.running).toBe(true);
});

it('survives a database that dies in the middle of a write, while the next followers are fetched', async () => {
  const slowly = (ms: number) =>
    deployment.wechat.control('POST', '/delay', { path: '/cgi-bin/user/info/batchget', ms });
  await slowly(100);
  const { id } = await startSync(deployment, ACCOUNT);
  await syncReaches(deployment, id, 'has some details', (sync) => sync.detailed >= 1_000);
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
  await deployment.wechat.control('DELETE', '/faults');
  await slowly(8_000);
  await until('the write waits', async () => {
    const processes = await inDatabase(deployment, (sql) =>
      sql
        .withSchema('information_schema')
        .selectFrom('processlist' as never)
        .selectAll()
        .execute(),
    );
    return processes.some((one) => Object.values(one).some((value) => /^update follower_syncs /.test(String(value))));
  });
  await server.kill();
  over.resolve();
  await holding;
  await server.restart();
  await deployment.wechat.control('DELETE', '/faults');
  expect(await completed(deployment, id)).toMatchObject({ detailed: FOLLOWERS });
  expect(deployment.workers[0]!.running).toBe(true);
});

it('does not delay a call while it runs', async () => {
  const { id } = await startSync(deployment, ACCOUNT);
  const running = await syncReaches(deployment, id, 'has details', (sync) => sync.detailed > 0);
  expect(running.state).toBe('running');
  const call = await deployment.call(ACCOUNT, { method: 'GET', path: '/cgi-bin/tags/get' });
  expect(call.body.state).toBe('completed');
  const after = await syncReaches(deployment, id, 'is there', () => true);
  expect(after.detailed).toBeLessThan(FOLLOWERS);
  await deployment.wechat.control('DELETE', '/faults');
  await completed(deployment, id);
});
