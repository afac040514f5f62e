import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { migrate } from '../packages/platform/src/database/migrate.ts';
import { openDatabase } from '../packages/platform/src/database/open.ts';
import { newDatabase } from '../packages/platform/test/mariadb-for-all.ts';
import { type MariaDbServer, startMariaDb } from '../packages/platform/test/mariadb-server.ts';
import type { Child } from './support/child.ts';
import { databaseEnv, databases } from './support/database.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { completed, exported, startSync } from './support/follower-syncs.ts';
import { freePort } from './support/free-port.ts';
import { until } from './support/until.ts';

const followers = { method: 'GET', path: '/cgi-bin/user/get' };
/** The pause between the calls of one caller; without it the callers would take the CPU from the processes. */
const PACE_MS = 20;

/** Servers of this file alone, because its stories kill them. */
let servers: MariaDbServer[];
beforeAll(async () => {
  servers = await Promise.all([startMariaDb(), startMariaDb()]);
});
afterAll(() => Promise.all((servers ?? []).map((server) => server.stop())));

describe('on MariaDB', () => {
  let server: MariaDbServer;
  let deployment: Deployment;
  let workerUrl: string;
  beforeAll(async () => {
    server = servers[0]!;
    const port = await freePort();
    workerUrl = `http://127.0.0.1:${port}`;
    deployment = await Deployment.open({ env: { DATABASE_URL: await newDatabase(server) } });
    await deployment.startWorker({ PORT: String(port) }).says('worker ready');
  });
  afterAll(() => deployment?.close());

  it('without the database pushes are accepted, the gateway stays ready and reports that the database is unreachable', async () => {
    await deployment.ready();
    const readyz = async (url: string) => {
      const response = await fetch(`${url}/readyz`);
      return { status: response.status, body: await response.json() };
    };
    const metrics = async () => (await fetch(`${workerUrl}/metrics`)).text();
    await until('the worker is ready', async () => {
      expect(await readyz(workerUrl)).toMatchObject({ status: 200, body: { degraded: [] } });
      return true;
    });
    const before = await metrics();
    expect(before).toMatch(/^wx_build_info\{.*role="worker"\} 1$/m);
    expect(before).toMatch(/^wx_database_up 1$/m);
    expect(before).toMatch(/^wx_authorizers\{component="\w+",state="active"\} 0$/m);
    expect(before).toMatch(/^wx_subscriptions\{state="active"\} 0$/m);
    const processes = [...deployment.gateways, ...deployment.workers];
    const said = (child: Child, words: string) =>
      child.lines().filter(({ msg }) => String(msg).startsWith(words)).length;
    const outages = (child: Child) => said(child, 'The database does not answer');
    const ends = (child: Child) => said(child, 'The database is reachable again');
    // A database on a busy machine may have seemed to be away before.
    await until('every process has the database', () => processes.every((child) => outages(child) === ends(child)));
    const outagesBefore = processes.map(outages);
    const killedAt = performance.now();
    await server.kill();
    const answers = (url: string, expected: object) =>
      until(`${url} answers /readyz`, async () => {
        expect(await readyz(url)).toEqual(expected);
        return true;
      });
    await answers(deployment.gatewayUrl(), {
      status: 200,
      body: { ready: true, redis: true, database: false, closing: false, degraded: ['database'] },
    });
    await answers(workerUrl, {
      status: 503,
      body: { ready: false, redis: true, database: false, closing: false, degraded: [] },
    });
    const without = await metrics();
    expect(without).toMatch(/^wx_database_up 0$/m);
    expect(without).toMatch(/^wx_component_ready\{component="\w+"\} 1$/m);
    expect(without).not.toMatch(/^wx_(?:authorizers|subscriptions|deliveries_pending)[ {]/m);
    expect((await deployment.api<{ ready: boolean }>('GET', '/v1/status')).body.ready).toBe(true);
    const { msgId } = await deployment.wechat.control<{ msgId: string }>('POST', '/push', {
      url: 'messages',
      appid: SERVICE_ACCOUNT,
      fields: { MsgType: 'text', Content: '你好' },
    });
    const accepted = await until('WeChat has delivered the push', async () => {
      const { deliveries } = await deployment.wechat.control<{ deliveries: Record<string, unknown>[] }>(
        'GET',
        '/deliveries',
      );
      return deliveries.find((delivery) => delivery.msgId === msgId);
    });
    expect(accepted).toMatchObject({ status: 200, body: 'success' });
    await until('every process reports the outage', () =>
      processes.every((child, i) => outages(child) > outagesBefore[i]!),
    );
    expect(processes.map(outages)).toEqual(outagesBefore.map((count) => count + 1));
    await server.restart();
    await until('a worker has handled it', () =>
      deployment.workers.some((one) => one.lines().some(({ msg, push }) => msg === 'push' && push === 'text')),
    );
    await until('the worker is ready again', async () => (await readyz(workerUrl)).status === 200);
    await until('every process reports that it is over', () =>
      processes.every((child) => outages(child) === ends(child)),
    );
    for (const child of processes) {
      // One line for each kind of error (refused, lost, unreachable) and minute, however many parts of the process were affected.
      const warnings = child.lines().filter(({ level, err }) => level === 40 && err !== undefined);
      const minutes = Math.ceil((performance.now() - killedAt) / 60_000);
      expect(warnings.length).toBeLessThan(10 * minutes);
    }
  });

  it('the main work continues while the database dies and comes back', async () => {
    await deployment.authorized();
    // As many calls as the machine can send, which may be more than WeChat allows in a day.
    await deployment.wechat.control('POST', '/quota', {
      appid: SERVICE_ACCOUNT,
      path: followers.path,
      daily: 1_000_000,
    });
    const outcomes: string[] = [];
    let going = true;
    const callers = Array.from({ length: 5 }, async () => {
      while (going) {
        const { status, body } = await deployment.call(SERVICE_ACCOUNT, followers);
        outcomes.push(`${status} ${body.state ?? body.code}`);
        await pause(PACE_MS);
      }
    });
    const moreCalls = (count: number) => {
      const enough = outcomes.length + count;
      return until(`${count} more calls`, () => outcomes.length >= enough);
    };
    await moreCalls(20);
    expect(new Set(outcomes)).toEqual(new Set(['200 completed']));
    await server.kill();
    await moreCalls(5);
    await server.restart();
    await until('50 calls in a row complete', () => {
      const last = outcomes.slice(-50);
      return last.length === 50 && last.every((outcome) => outcome === '200 completed');
    });
    going = false;
    await Promise.all(callers);
    const others = new Set(outcomes.filter((outcome) => outcome !== '200 completed'));
    expect([[], ['503 unavailable']]).toContainEqual([...others]);
    expect((await fetch(`${deployment.gatewayUrl()}/readyz`)).status).toBe(200);
  });
});

describe('a read replica', () => {
  let urls: readonly string[];
  let deployment: Deployment;
  beforeAll(async () => {
    urls = await Promise.all(servers.map(newDatabase));
    await migrate(urls[1]!);
    deployment = await Deployment.open({ env: { DATABASE_URL: urls[0]!, DATABASE_READ_URL: urls[1]! } });
  });
  afterAll(() => deployment?.close());

  /** Does the work of replication, at the time that the story chooses. */
  async function catchUp(): Promise<void> {
    const [database, replica] = urls.map((url) => openDatabase(url));
    for (const table of ['authorizers', 'followers'] as const) {
      const rows = await database!.selectFrom(table).selectAll().execute();
      await replica!
        .insertInto(table)
        .values(rows as never)
        .execute();
    }
    await Promise.all([database!.destroy(), replica!.destroy()]);
  }

  it('serves lists and exports as far as it is replicated, and nothing else waits for it', async () => {
    await deployment.authorized();
    const listed = () => deployment.api<{ items: { appid: string }[] }>('GET', '/v1/authorizers');
    const call = async () => (await deployment.call(SERVICE_ACCOUNT, followers)).body.state;
    const { id } = await startSync(deployment, SERVICE_ACCOUNT);
    expect(await completed(deployment, id)).toMatchObject({ detailed: 25 });
    expect((await listed()).body.items).toEqual([]);
    expect(await exported(deployment, SERVICE_ACCOUNT)).toEqual([]);
    expect(await call()).toBe('completed');

    await catchUp();
    expect((await listed()).body.items.map(({ appid }) => appid)).toEqual([SERVICE_ACCOUNT]);
    expect(await exported(deployment, SERVICE_ACCOUNT)).toHaveLength(25);

    await servers[1]!.kill();
    expect((await listed()).status).toBe(503);
    expect((await deployment.api('GET', `/v1/authorizers/${SERVICE_ACCOUNT}`)).status).toBe(200);
    expect(await call()).toBe('completed');
    expect((await fetch(`${deployment.gatewayUrl()}/readyz`)).status).toBe(200);
    await servers[1]!.restart();
    await until('lists are back', async () => (await listed()).status === 200);
  });
});

describe.each(databases)('a new SECRETS_KEY, on %s', (kind) => {
  const [before, after] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')];
  const both = { SECRETS_KEY: `${after},${before}` };
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.open({ env: { ...(await databaseEnv(kind)), SECRETS_KEY: before } });
    await deployment.authorized();
  });
  afterAll(() => deployment?.close());

  async function restart(env: Record<string, string>): Promise<void> {
    for (const child of [...deployment.gateways, ...deployment.workers.splice(0)]) await child.shutDown();
    await Promise.all([
      deployment.startGateway(0, env).says('gateway listening'),
      deployment.startWorker(env).says('worker ready'),
    ]);
  }

  it('that does not fit the stored data is refused, with instructions', async () => {
    const foreign = deployment.command(['rotate-secrets'], { SECRETS_KEY: after });
    expect(await foreign.ended()).toBe(1);
    expect(foreign.output).toContain('No key in SECRETS_KEY belongs to the deployment');
    expect(foreign.output).toContain('list the new and the old one');
  });

  it('replaces the old one while all processes run, and nothing is lost', async () => {
    expect((await deployment.call(SERVICE_ACCOUNT, followers)).body.state).toBe('completed');
    await restart(both);
    let going = true;
    const states: unknown[] = [];
    const calling = (async () => {
      while (going) {
        states.push((await deployment.call(SERVICE_ACCOUNT, followers)).body.state);
        await pause(PACE_MS);
      }
    })();
    const first = deployment.command(['rotate-secrets'], both);
    expect(await first.ended()).toBe(0);
    going = false;
    await calling;
    expect(new Set(states)).toEqual(new Set(['completed']));
    expect(first.output).toMatch(/^5 secrets checked: [1-5] re-encrypted/m);
    expect(first.output).toContain('of the pushes in the journal still need an older key');
    // Under its former name.
    const again = deployment.command(['reseal'], both);
    expect(await again.ended()).toBe(0);
    expect(again.output).toContain('5 secrets checked: 0 re-encrypted, 5 already current.');

    await restart({ SECRETS_KEY: after });
    await deployment.ready();
    expect((await deployment.call(SERVICE_ACCOUNT, followers)).body.state).toBe('completed');
    // Now ticket and grant are read from SQL.
    await deployment.redis.flush();
    await deployment.ready();
    expect((await deployment.call(SERVICE_ACCOUNT, followers)).body.state).toBe('completed');
  });
});

describe('a deployment on SQLite', () => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.open();
  });
  afterAll(() => deployment?.close());

  it('takes over the accounts of the 2015 library with their cookies and followers, once', async () => {
    await deployment.ready();
    await servers[0]!.say(`
      create table wx_users_info (appid varchar(255), access_token_updated_at datetime, refresh_token varchar(255),
        nick_name varchar(255), service_type_id int, wx_token varchar(255)) default charset=utf8;
      insert into wx_users_info values
        ('${SERVICE_ACCOUNT}', '2015-06-01 00:00:00', 'refreshtoken@@@old', 'old name', 2, 'a-cookie'),
        ('wxhalf', null, null, null, null, null), (null, null, null, null, null, null);
      create table component_secrets (ticket varchar(255), ticket_updated_at bigint, access_token_expires_in int);
      insert into component_secrets values ('ticket@@@of-2015', 1433088000000, 7200), (null, null, null);
      create table wx_followers (openid varchar(255), wx_token varchar(255), updated_at datetime);
      insert into wx_followers values ('oLongAgo', 'a-cookie', '2015-06-01 00:00:00'),
        ('oLongAgo', 'a-cookie', '2015-06-02 00:00:00'), ('oNobody', null, null);
      create table wx_followers_info (openid varchar(255), subscribe int, subscribe_time date, remark varchar(255),
        nickname varchar(255)) default charset=utf8;
      insert into wx_followers_info values ('oLongAgo', 1, '2015-06-01', 'of old', 'n'), ('oHalf', null, null, null, null);`);
    const from = servers[0]!.url('wx');
    const says = async (...args: string[]) => {
      const child = deployment.command(['import', ...args]);
      return `${await child.ended()} ${child.output}`;
    };
    const get = (appid: string) => deployment.api('GET', `/v1/authorizers/${appid}`);

    expect(await says('wxthirdparty')).toMatch(/^2 An argument is missing.*Usage: .*import wxthirdparty mysql:/s);
    expect(await says('wxthirdparty', from, '--component', 'wxstranger')).toContain(
      'The component wxstranger is not configured',
    );
    expect(await says('wxthirdparty', from, '--dry-run')).toMatch(/^0 .*A dry run.*Accounts: 2 added.*Run it without/s);
    expect((await get(SERVICE_ACCOUNT)).status).toBe(404);
    const copied = () => exported(deployment, SERVICE_ACCOUNT);
    const done = await says('wxthirdparty', from);
    expect(done).toMatch(/^0 .*For component.*Accounts: 2 added, 0 renewed.*1 wx_tokens became handles/s);
    expect(done).toContain('1 × an account without a refresh token');
    expect(done).toContain('Followers: 1 added, 0 unchanged (of 3 rows)');
    expect(done).toContain('1 × a follower whose wx_token belongs to no account');
    expect(done).not.toMatch(/a-cookie|refreshtoken@@@|ticket@@@/);
    const once = await copied();
    expect(once).toMatchObject([{ openid: 'oLongAgo', subscribed: true, remark: 'of old', extra: { nickname: 'n' } }]);
    expect((await get(SERVICE_ACCOUNT)).body).toMatchObject({
      ...{ state: 'active', handle: 'a-cookie', nickName: 'old name', kind: 'official-account' },
    });
    expect(await says('wxthirdparty', from)).toContain('0 added, 0 renewed, 2 unchanged');
    expect(await copied()).toEqual(once);
    // The owner consents again: that is newer than the data of the 2015 library, and the cookie stays valid.
    await deployment.authorized();
    expect(await says('wxthirdparty', from)).toContain('0 added, 0 renewed, 2 unchanged');
    expect((await get(SERVICE_ACCOUNT)).body.handle).toBe('a-cookie');
    expect((await deployment.call(SERVICE_ACCOUNT, followers)).body.state).toBe('completed');
  });

  it('continues from a backup that was made while it ran, after Redis and the database are lost', async () => {
    await deployment.authorized();
    const file = join(deployment.dir, 'backup.sqlite');
    const backup = deployment.command(['backup', file]);
    expect(await backup.ended()).toBe(0);
    expect(backup.output).toMatch(/^Copied \d+\.\d MB to .*backup\.sqlite\./);
    expect(existsSync(`${file}-wal`)).toBe(false);
    // Redis and the database are lost; the copy has the ticket and the grant.
    for (const child of [...deployment.gateways, ...deployment.workers.splice(0)]) await child.shutDown();
    await deployment.redis.flush();
    const env = { DATABASE_URL: `sqlite:${file}` };
    await Promise.all([
      deployment.startGateway(0, env).says('gateway listening'),
      deployment.startWorker(env).says('worker ready'),
    ]);
    await deployment.ready();
    expect((await deployment.call(SERVICE_ACCOUNT, followers)).body.state).toBe('completed');
  });
});
