import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databaseEnv, databases, inDatabase } from './support/database.ts';
import { Deployment } from './support/deployment.ts';
import { until } from './support/until.ts';

const LIST = '/cgi-bin/component/api_get_authorizer_list';
const TOKEN = '/cgi-bin/component/api_authorizer_token';
const HOUR_MS = 3_600_000;
const INFO = '/cgi-bin/component/api_get_authorizer_info';
const ACCOUNTS = Array.from({ length: 6 }, (_, i) => `wx00000000000000a${i}`);
const [FIRST = '', SECOND = '', THIRD = '', FOURTH = '', FIFTH = ''] = ACCOUNTS;
const LATE = 'wx00000000000000b0';

interface Run {
  readonly id: string;
  readonly state: string;
  readonly reason: string;
  readonly total: number | null;
  readonly seen: number;
  readonly added: number;
  readonly changed: number;
  readonly revoked: number;
  readonly error: string | null;
}

interface Authorizer {
  readonly appid: string;
  readonly state: string;
  readonly nickName: string | null;
  readonly scopes: number[];
}
describe.each(databases)('on %s', (kind) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.open({
      env: await databaseEnv(kind),
      accounts: ACCOUNTS.map((appid, i) => ({
        appid,
        kind: i % 2 ? 'mini-program' : 'official-account',
        nickName: `帐号${i}`,
        followers: 3,
      })),
    });
    for (const appid of ACCOUNTS) await deployment.authorized(appid);
    await reconciled();
  });
  afterAll(() => deployment?.close());
  beforeEach(() => deployment.wechat.control('DELETE', '/faults'));

  async function begin(): Promise<Run> {
    const { status, body } = await deployment.api<Run>('POST', '/v1/authorizers/reconcile');
    expect([200, 202]).toContain(status);
    return body;
  }

  async function ended({ id }: Run): Promise<Run> {
    return until(`reconciliation ${id} ends`, async () => {
      const { body } = await deployment.api<Run>('GET', `/v1/reconciliations/${id}`);
      return ['completed', 'failed'].includes(body.state) && body;
    });
  }

  /** One run that began now. */
  async function reconciled(): Promise<Run> {
    await until('no other runs', async () => (await ended(await begin())).state === 'completed');
    return ended(await begin());
  }

  async function authorizers(): Promise<Authorizer[]> {
    return (await deployment.api<{ items: Authorizer[] }>('GET', '/v1/authorizers')).body.items;
  }
  const authorizer = async (appid: string) => (await authorizers()).find((one) => one.appid === appid)!;

  it('finds nothing to change where all is well, and leaves tokens alone', async () => {
    const minted = (await deployment.wechat.counters()).minted;
    const run = await reconciled();
    expect(run).toMatchObject({ state: 'completed', total: 6, seen: 6, added: 0, changed: 0, revoked: 0, error: null });
    expect((await deployment.wechat.counters()).minted).toEqual(minted);
    expect((await deployment.api('GET', '/v1/reconciliations/nothing')).body.code).toBe('unknown_reconciliation');
  });

  it('answers the run that lasts to whoever asks again', async () => {
    await deployment.wechat.control('POST', '/delay', { path: LIST, ms: 700, count: 1 });
    const [one, other] = [await begin(), await begin()];
    expect(other.id).toBe(one.id);
    await ended(one);
  });

  it('takes over refresh tokens that it has missed, and revokes whom WeChat no longer knows', async () => {
    // Nobody hears of either: one consents anew on another way, the other takes his consent back.
    await deployment.wechat.control('POST', '/authorize', { appid: FIRST, push: false });
    await deployment.wechat.control('POST', '/unauthorize', { appid: SECOND, push: false });
    const run = await ended(await begin());
    expect(run).toMatchObject({ state: 'completed', total: 5, seen: 5, added: 0, changed: 1, revoked: 1 });
    expect(await authorizer(SECOND)).toMatchObject({ state: 'revoked' });
    expect(await authorizer(FIRST)).toMatchObject({ state: 'active' });
    await deployment.wechat.control('POST', '/expire', { token: 'authorizer', appid: FIRST });
    const { body } = await deployment.call(FIRST, { method: 'GET', path: '/cgi-bin/user/get' });
    expect(body.state).toBe('completed');
    await deployment.authorized(SECOND);
  });

  it('adds whom only WeChat knows, and says so', async () => {
    await deployment.wechat.control('POST', '/accounts', { appid: LATE, kind: 'official-account', nickName: '迟到' });
    await deployment.wechat.control('POST', '/authorize', { appid: LATE, push: false });
    expect(await ended(await begin())).toMatchObject({ total: 7, seen: 7, added: 1, changed: 0, revoked: 0 });
    // No code of its consent was ever exchanged, so WeChat's list holds no refresh token for it (protocol §3.8).
    expect(await authorizer(LATE)).toMatchObject({ state: 'needs-reauthorization' });
    await deployment.wechat.control('POST', '/authorize', { appid: LATE, push: 'force' });
    await until('its code is exchanged', async () => (await authorizer(LATE)).state === 'active');
    await deployment.wechat.control('POST', '/unauthorize', { appid: LATE });
    await until('it has gone', async () => (await authorizer(LATE)).state === 'revoked');
  });

  it('begins with the first refresh token that WeChat refuses, and heals the others before anybody asks', async () => {
    // Nobody hears of any of it: two consent anew, and one takes his consent back.
    for (const appid of [FIRST, SECOND]) await deployment.wechat.control('POST', '/authorize', { appid, push: false });
    await deployment.wechat.control('POST', '/unauthorize', { appid: FIFTH, push: false });
    await deployment.wechat.control('POST', '/counters/reset');
    const call = async (appid: string) => {
      await deployment.wechat.control('POST', '/expire', { token: 'authorizer', appid });
      return (await deployment.call(appid, { method: 'GET', path: '/cgi-bin/user/get' })).body;
    };
    expect(await call(FIRST)).toMatchObject({ state: 'completed' });
    await until('the fifth one is known to be gone', async () => (await authorizer(FIFTH)).state === 'revoked');
    expect(await call(SECOND)).toMatchObject({ state: 'completed' });
    const { outcomes } = await deployment.wechat.counters();
    expect(outcomes[`POST ${TOKEN}`]).toEqual({ 0: 2, 61023: 1 });
    expect((await authorizers()).map(({ state }) => state)).not.toContain('needs-reauthorization');
    await deployment.authorized(FIFTH);
  });

  it('comes by night', async () => {
    await deployment.wechat.control('POST', '/unauthorize', { appid: FOURTH, push: false });
    const redis = deployment.redis.client();
    const turn = `wx:{${deployment.component.appid}:${deployment.component.appid}}:reconcile`;
    const hour = new Date(Number(await redis.hget(turn, 'nextAt')) + 8 * 3_600_000).getUTCHours();
    expect([2, 3, 4]).toContain(hour);
    await redis.hset(turn, 'nextAt', Date.now());
    redis.disconnect();
    await until('he is known to be gone', async () => (await authorizer(FOURTH)).state === 'revoked');
    await deployment.authorized(FOURTH);
  });

  it('comes with a process that starts', async () => {
    await deployment.wechat.control('POST', '/unauthorize', { appid: FOURTH, push: false });
    const redis = deployment.redis.client();
    // Longer ago than processes take to start one after the other.
    const turn = `wx:{${deployment.component.appid}:${deployment.component.appid}}:reconcile`;
    await redis.hset(turn, 'lastAt', Date.now() - 11 * 60_000);
    redis.disconnect();
    const started = deployment.startWorker();
    await until('he is known to be gone', async () => (await authorizer(FOURTH)).state === 'revoked');
    await deployment.authorized(FOURTH);
    // Before that it does not know what a signal means.
    await started.says('worker ready');
    expect(await started.shutDown()).toBe(0);
    deployment.workers.pop();
  });

  it('looks once a day who everybody is', async () => {
    const nextAt = () =>
      inDatabase(deployment, (sql) =>
        sql.selectFrom('authorizers').select('profile_due_at').where('appid', '=', SECOND).executeTakeFirstOrThrow(),
      ).then((row) => Number(row.profile_due_at) - Date.now());
    // Neither another name nor an unticked permission was pushed.
    await deployment.wechat.control('POST', '/authorize', { appid: SECOND, push: false, funcIds: [17, 18] });
    await deployment.wechat.control('POST', '/rename', { appid: SECOND, nickName: '改名了' });
    expect(await nextAt()).toBeGreaterThan(20 * HOUR_MS);
    expect(await nextAt()).toBeLessThanOrEqual(26 * HOUR_MS);
    await inDatabase(deployment, (sql) =>
      sql.updateTable('authorizers').set({ profile_due_at: Date.now() }).where('appid', '=', SECOND).execute(),
    );
    await until('the new name is here', async () => (await authorizer(SECOND)).nickName === '改名了');
    expect(await authorizer(SECOND)).toMatchObject({ state: 'active', scopes: [17, 18] });
    const history = await deployment.api<{ items: { event: string }[] }>(
      'GET',
      `/v1/authorizers/${SECOND}/history?limit=1`,
    );
    expect(history.body.items).toMatchObject([{ event: 'scopes-changed' }]);
    expect(await nextAt()).toBeGreaterThan(20 * HOUR_MS);
  });

  it('revokes nobody on the word of a list alone', async () => {
    // While the list is read he is gone; by the time that WeChat is asked about him he is back, and nobody heard of it.
    await deployment.wechat.control('POST', '/unauthorize', { appid: THIRD, push: false });
    await deployment.wechat.control('POST', '/delay', { path: INFO, ms: 1_500, count: 1 });
    const before = await deployment.wechat.asked(`POST ${INFO}`);
    const run = await begin();
    await until('WeChat is asked', async () => (await deployment.wechat.asked(`POST ${INFO}`)) > before);
    await deployment.wechat.control('POST', '/authorize', { appid: THIRD, push: false });
    expect(await ended(run)).toMatchObject({ state: 'completed', revoked: 0 });
    const history = await deployment.api<{ items: { event: string }[] }>('GET', `/v1/authorizers/${THIRD}/history`);
    expect(history.body.items.map(({ event }) => event)).not.toContain('revoked');
    expect(await reconciled()).toMatchObject({ revoked: 0 });
    await deployment.wechat.control('POST', '/authorize', { appid: THIRD, push: 'force' });
    await until('his code is exchanged', async () => {
      const { body } = await deployment.api<{ items: unknown[] }>('GET', `/v1/authorizers/${THIRD}/history`);
      return body.items.length > history.body.items.length;
    });
  });

  it('goes on in another worker where one is killed in its midst', async () => {
    await deployment.wechat.control('POST', '/unauthorize', { appid: FOURTH, push: false });
    await deployment.wechat.control('POST', '/delay', { path: LIST, ms: 2_000, count: 1 });
    const before = await deployment.wechat.asked(`POST ${LIST}`);
    const run = await begin();
    await until('it asks', async () => (await deployment.wechat.asked(`POST ${LIST}`)) > before);
    await deployment.workers.at(-1)!.kill();
    await deployment.startWorker().says('worker ready');
    expect(await ended(run)).toMatchObject({ state: 'completed' });
    expect(await authorizer(FOURTH)).toMatchObject({ state: 'revoked' });
    await deployment.authorized(FOURTH);
  });

  it('brings everybody back from nothing with one ticket', async () => {
    await deployment.wechat.control('POST', '/options', { redeliveryMs: 60_000 });
    for (const child of [...deployment.gateways, ...deployment.workers]) if (child.running) await child.shutDown();
    await deployment.redis.flush();
    // On MariaDB an emptied database is a new one; on SQLite it is no file.
    for (const suffix of ['', '-wal', '-shm'])
      await rm(join(deployment.dir, `deployment.sqlite${suffix}`), { force: true });
    const emptied = await databaseEnv(kind);
    const [gateway, worker] = [deployment.startGateway(0, emptied), deployment.startWorker(emptied)];
    await Promise.all([gateway.says('gateway listening'), worker.says('worker ready')]);
    await deployment.wechat.control('POST', '/tick', { ticket: 'new' });
    await until('all are back, with their profiles', async () => {
      const all = await authorizers();
      // LATE has gone, and WeChat does not name who has gone.
      return all.length === ACCOUNTS.length && all.every((one) => one.nickName !== null && one.scopes.length > 0);
    });
    for (const { state } of await authorizers()) expect(state).toBe('active');
    for (const appid of [FIRST, THIRD]) {
      expect((await deployment.call(appid, { method: 'GET', path: '/cgi-bin/user/get' })).body.state).toBe('completed');
    }
  });
});
