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

  /** A run that starts now: one in progress may have read WeChat's list before. */
  async function beginNew(): Promise<Run> {
    return until('no other runs', async () => {
      const { status, body } = await deployment.api<Run>('POST', '/v1/authorizers/reconcile');
      if (status === 202) return body;
      await ended(body);
      return false;
    });
  }

  async function reconciled(): Promise<Run> {
    return ended(await beginNew());
  }

  /** Ends the delays of WeChat's answers, also of those to come. */
  async function release(): Promise<void> {
    await deployment.wechat.control('DELETE', '/faults');
    await deployment.wechat.control('POST', '/release');
  }

  async function authorizers(): Promise<Authorizer[]> {
    return (await deployment.api<{ items: Authorizer[] }>('GET', '/v1/authorizers')).body.items;
  }
  const authorizer = async (appid: string) => (await authorizers()).find((one) => one.appid === appid)!;

  it('changes nothing where the grants agree, and does not touch tokens', async () => {
    const minted = (await deployment.wechat.counters()).minted;
    const run = await reconciled();
    expect(run).toMatchObject({ state: 'completed', total: 6, seen: 6, added: 0, changed: 0, revoked: 0, error: null });
    expect((await deployment.wechat.counters()).minted).toEqual(minted);
    expect((await deployment.api('GET', '/v1/reconciliations/nothing')).body.code).toBe('unknown_reconciliation');
  });

  it('returns the run in progress to a second request', async () => {
    await deployment.wechat.control('POST', '/delay', { path: LIST, ms: 600_000 });
    const [one, other] = [await begin(), await begin()];
    expect(other.id).toBe(one.id);
    await release();
    await ended(one);
  });

  it('stores refresh tokens whose push was lost, and revokes accounts that WeChat no longer lists', async () => {
    // No push reports either: one account consents again elsewhere, the other revokes its consent.
    await deployment.wechat.control('POST', '/authorize', { appid: FIRST, push: false });
    await deployment.wechat.control('POST', '/unauthorize', { appid: SECOND, push: false });
    const run = await reconciled();
    expect(run).toMatchObject({ state: 'completed', total: 5, seen: 5, added: 0, changed: 1, revoked: 1 });
    expect(await authorizer(SECOND)).toMatchObject({ state: 'revoked' });
    expect(await authorizer(FIRST)).toMatchObject({ state: 'active' });
    await deployment.wechat.control('POST', '/expire', { token: 'authorizer', appid: FIRST });
    const { body } = await deployment.call(FIRST, { method: 'GET', path: '/cgi-bin/user/get' });
    expect(body.state).toBe('completed');
    await deployment.authorized(SECOND);
  });

  it('adds and reports accounts that only WeChat knows', async () => {
    await deployment.wechat.control('POST', '/accounts', { appid: LATE, kind: 'official-account', nickName: '迟到' });
    await deployment.wechat.control('POST', '/authorize', { appid: LATE, push: false });
    expect(await reconciled()).toMatchObject({ total: 7, seen: 7, added: 1, changed: 0, revoked: 0 });
    // No code of its consent was ever exchanged, so WeChat's list holds no refresh token for it (protocol §3.8).
    expect(await authorizer(LATE)).toMatchObject({ state: 'needs-reauthorization' });
    await deployment.wechat.control('POST', '/authorize', { appid: LATE, push: 'force' });
    await until('its code is exchanged', async () => (await authorizer(LATE)).state === 'active');
    await deployment.wechat.control('POST', '/unauthorize', { appid: LATE });
    await until('it has gone', async () => (await authorizer(LATE)).state === 'revoked');
  });

  it('starts with the first refresh token that WeChat refuses, and repairs the other accounts before a call needs them', async () => {
    // No push reports any of it: two accounts consent again, and one revokes its consent.
    for (const appid of [FIRST, SECOND]) await deployment.wechat.control('POST', '/authorize', { appid, push: false });
    await deployment.wechat.control('POST', '/unauthorize', { appid: FIFTH, push: false });
    await deployment.wechat.control('POST', '/counters/reset');
    const call = async (appid: string) => {
      await deployment.wechat.control('POST', '/expire', { token: 'authorizer', appid });
      return (await deployment.call(appid, { method: 'GET', path: '/cgi-bin/user/get' })).body;
    };
    expect(await call(FIRST)).toMatchObject({ state: 'completed' });
    await until('the revocation of the fifth is known', async () => (await authorizer(FIFTH)).state === 'revoked');
    expect(await call(SECOND)).toMatchObject({ state: 'completed' });
    const { outcomes } = await deployment.wechat.counters();
    expect(outcomes[`POST ${TOKEN}`]).toEqual({ 0: 2, 61023: 1 });
    expect((await authorizers()).map(({ state }) => state)).not.toContain('needs-reauthorization');
    await deployment.authorized(FIFTH);
  });

  it('runs at night', async () => {
    await deployment.wechat.control('POST', '/unauthorize', { appid: FOURTH, push: false });
    const redis = deployment.redis.client();
    const schedule = `wx:{${deployment.component.appid}:${deployment.component.appid}}:reconcile`;
    const hour = new Date(Number(await redis.hget(schedule, 'nextAt')) + 8 * 3_600_000).getUTCHours();
    expect([2, 3, 4]).toContain(hour);
    await redis.hset(schedule, 'nextAt', Date.now());
    redis.disconnect();
    await until('the revocation is known', async () => (await authorizer(FOURTH)).state === 'revoked');
    await deployment.authorized(FOURTH);
  });

  it('runs when a process starts', async () => {
    await deployment.wechat.control('POST', '/unauthorize', { appid: FOURTH, push: false });
    const redis = deployment.redis.client();
    // The last run is longer ago than processes take to start one after the other.
    const schedule = `wx:{${deployment.component.appid}:${deployment.component.appid}}:reconcile`;
    await redis.hset(schedule, 'lastAt', Date.now() - 11 * 60_000);
    redis.disconnect();
    const started = deployment.startWorker();
    await until('the revocation is known', async () => (await authorizer(FOURTH)).state === 'revoked');
    await deployment.authorized(FOURTH);
    // Before that the process does not handle signals.
    await started.says('worker ready');
    expect(await started.shutDown()).toBe(0);
    deployment.workers.pop();
  });

  it('reads every account’s profile once a day', async () => {
    const nextAt = () =>
      inDatabase(deployment, (sql) =>
        sql.selectFrom('authorizers').select('profile_due_at').where('appid', '=', SECOND).executeTakeFirstOrThrow(),
      ).then((row) => Number(row.profile_due_at) - Date.now());
    // Neither the new name nor the removed permission was pushed.
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

  it('revokes no account because of a list alone', async () => {
    // The account is missing while the list is read, and is back when WeChat is asked about it; no push reports either.
    await deployment.wechat.control('POST', '/unauthorize', { appid: THIRD, push: false });
    await deployment.wechat.control('POST', '/delay', { path: INFO, ms: 600_000 });
    const asked = async () => (await deployment.wechat.counters()).byAccount[THIRD]?.[`POST ${INFO}`] ?? 0;
    const before = await asked();
    const run = await beginNew();
    await until('WeChat is asked', async () => (await asked()) > before);
    await deployment.wechat.control('POST', '/authorize', { appid: THIRD, push: false });
    await release();
    expect(await ended(run)).toMatchObject({ state: 'completed', revoked: 0 });
    const history = await deployment.api<{ items: { event: string }[] }>('GET', `/v1/authorizers/${THIRD}/history`);
    expect(history.body.items.map(({ event }) => event)).not.toContain('revoked');
    expect(await reconciled()).toMatchObject({ revoked: 0 });
    await deployment.wechat.control('POST', '/authorize', { appid: THIRD, push: 'force' });
    await until('its code is exchanged', async () => {
      const { body } = await deployment.api<{ items: unknown[] }>('GET', `/v1/authorizers/${THIRD}/history`);
      return body.items.length > history.body.items.length;
    });
  });

  it('continues in another worker when its worker is killed', async () => {
    await deployment.wechat.control('POST', '/unauthorize', { appid: FOURTH, push: false });
    await deployment.wechat.control('POST', '/delay', { path: LIST, ms: 600_000, count: 1 });
    const before = await deployment.wechat.asked(`POST ${LIST}`);
    const run = await beginNew();
    await until('it asks', async () => (await deployment.wechat.asked(`POST ${LIST}`)) > before);
    await deployment.workers.at(-1)!.kill();
    await deployment.startWorker().says('worker ready');
    expect(await ended(run)).toMatchObject({ state: 'completed' });
    expect(await authorizer(FOURTH)).toMatchObject({ state: 'revoked' });
    await deployment.authorized(FOURTH);
  });

  it('restores all accounts from nothing with one ticket', async () => {
    await deployment.wechat.control('POST', '/options', { redeliveryMs: 60_000 });
    for (const child of [...deployment.gateways, ...deployment.workers]) if (child.running) await child.shutDown();
    await deployment.redis.flush();
    // On MariaDB an emptied database is a new one; on SQLite it is a missing file.
    for (const suffix of ['', '-wal', '-shm'])
      await rm(join(deployment.dir, `deployment.sqlite${suffix}`), { force: true });
    const emptied = await databaseEnv(kind);
    const [gateway, worker] = [deployment.startGateway(0, emptied), deployment.startWorker(emptied)];
    await Promise.all([gateway.says('gateway listening'), worker.says('worker ready')]);
    await deployment.wechat.control('POST', '/tick', { ticket: 'new' });
    await until('all are back, with their profiles', async () => {
      const all = await authorizers();
      // LATE was revoked, and WeChat does not list revoked accounts.
      return all.length === ACCOUNTS.length && all.every((one) => one.nickName !== null && one.scopes.length > 0);
    });
    for (const { state } of await authorizers()) expect(state).toBe('active');
    for (const appid of [FIRST, THIRD]) {
      expect((await deployment.call(appid, { method: 'GET', path: '/cgi-bin/user/get' })).body.state).toBe('completed');
    }
  });
});
