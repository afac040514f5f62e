import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { databaseEnv } from './support/database.ts';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { until } from './support/until.ts';

const REVOKED = 'wx00000000000000c3';
const NEW = 'wx00000000000000d4';
const TOKEN = 'POST /cgi-bin/component/api_authorizer_token';
const call = { method: 'GET', path: '/cgi-bin/get_current_selfmenu_info' };

/** The steps of docs/backup.md. */
let deployment: Deployment;
let url: URL;
beforeAll(async () => {
  const env = await databaseEnv('MariaDB');
  url = new URL(env.DATABASE_URL!);
  deployment = await Deployment.open({
    nodes: 2,
    env,
    accounts: [SERVICE_ACCOUNT, MINI_PROGRAM, REVOKED, NEW].map((appid) => ({
      ...{ appid, kind: 'official-account' as const, nickName: `帐号🙂${appid}` },
    })),
  });
  for (const appid of [SERVICE_ACCOUNT, MINI_PROGRAM, REVOKED]) await deployment.authorized(appid);
});
afterAll(() => deployment?.close());

it('a deployment whose database is restored from an older dump makes calls for all accounts, after one reconciliation', async () => {
  const deletedKey = await newKey();
  await until('the profiles are there', async () => (await authorizers()).every(({ nickName }) => nickName !== null));
  const before = await authorizers();

  const dump = join(deployment.dir, 'dump.sql');
  const passwordFile = join(deployment.dir, 'password');
  await writeFile(passwordFile, `[client]\npassword="${url.password}"\n`, { mode: 0o600 });
  const unattended = (line: string) =>
    line.replace(' --password', '').replace(/^\S+/, `$& --defaults-extra-file=${passwordFile}`);
  await shell(unattended(await printedCommand(dump)));

  // Since then a refresh token changed, a consent ended, an account and a key are new, and a key is deleted.
  const formerHistory = (await history(SERVICE_ACCOUNT)).length;
  await deployment.wechat.control('POST', '/authorize', { appid: SERVICE_ACCOUNT, push: 'force' });
  await until('the new refresh token is stored', async () => (await history(SERVICE_ACCOUNT)).length > formerHistory);
  await deployment.wechat.control('POST', '/unauthorize', { appid: REVOKED });
  await until('the revocation is known', async () => (await stateOf(REVOKED)) === 'revoked');
  await deployment.authorized(NEW);
  await deleteKey(deletedKey.id);
  const newerKey = await newKey();

  expect(await Promise.all(deployment.gateways.map((node) => node.shutDown()))).toEqual([0, 0]);
  const client = `mariadb --protocol=tcp --host=${url.hostname} --port=${url.port} --user=${url.username} --password`;
  await shell(unattended(`${client} --execute='drop database ${url.pathname.slice(1)}'`));
  await shell(unattended(`${client} --default-character-set=utf8mb4 < ${dump}`));

  const node = deployment.startNode(0);
  await node.says('gateway listening');
  await deployment.ready();
  expect(await authorizers()).toMatchObject(
    before.map(({ appid, nickName }) => ({ appid, nickName, state: 'active' })),
  );
  expect(await statusWith(newerKey.key)).toBe(401);
  // The older database knows nothing of it.
  expect(await statusWith(deletedKey.key)).toBe(200);

  const { body: run } = await deployment.api<{ id: string }>('POST', '/v1/authorizers/reconcile');
  await until('the reconciliation is completed', async () => {
    const { body } = await deployment.api<{ state: string }>('GET', `/v1/reconciliations/${run.id}`);
    return body.state === 'completed';
  });
  await deleteKey(deletedKey.id);
  await deployment.startNode(1).says('gateway listening');

  await until('the revocation is known again', async () => (await stateOf(REVOKED)) === 'revoked');
  await deployment.wechat.control('POST', '/counters/reset');
  const active = [SERVICE_ACCOUNT, MINI_PROGRAM, NEW];
  for (const appid of active) {
    // Its next call needs the refresh token that is stored.
    await deployment.wechat.control('POST', '/expire', { token: 'authorizer', appid });
    for (const index of [0, 1]) {
      expect(await deployment.call(appid, call, index)).toMatchObject({ status: 200, body: { state: 'completed' } });
    }
  }
  // None was refused, so none had to be repaired for a call.
  const { 0: issued, ...refused } = (await deployment.wechat.counters()).outcomes[TOKEN]!;
  expect(refused).toEqual({});
  expect(issued).toBeGreaterThanOrEqual(active.length);
  for (const appid of active) expect(await stateOf(appid)).toBe('active');
  expect(await statusWith(deletedKey.key)).toBe(401);
  const errors = deployment.gateways.flatMap((gateway) => gateway.lines()).filter(({ level }) => Number(level) >= 50);
  expect(errors).toEqual([]);
});

/** What `backup` prints for this database. */
async function printedCommand(file: string): Promise<string> {
  const backup = deployment.command(['backup', file]);
  const line = await until('it is printed', () => /^mariadb-dump .*(?=\n)/m.exec(backup.output)?.[0]);
  expect(line).toContain(' --password ');
  expect(await backup.ended()).toBe(1);
  return line;
}

async function shell(line: string): Promise<void> {
  const child = spawn('sh', ['-c', line], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
}

interface Authorizer {
  readonly appid: string;
  readonly state: string;
  readonly nickName: string | null;
}

async function authorizers(): Promise<readonly Authorizer[]> {
  return (await deployment.api<{ items: Authorizer[] }>('GET', '/v1/authorizers')).body.items;
}

async function stateOf(appid: string): Promise<string> {
  return (await deployment.api<{ state: string }>('GET', `/v1/authorizers/${appid}`)).body.state;
}

async function history(appid: string): Promise<readonly unknown[]> {
  return (await deployment.api<{ items: unknown[] }>('GET', `/v1/authorizers/${appid}/history`)).body.items;
}

async function newKey(): Promise<{ id: string; key: string }> {
  const body = { name: 'story', scopes: ['authorizers:read'] };
  const made = await deployment.api<{ id: string; key: string }>('POST', '/v1/keys', body);
  expect(made.status).toBe(201);
  return made.body;
}

async function deleteKey(id: string): Promise<void> {
  const headers = { authorization: `Bearer ${deployment.apiKey}` };
  const { status } = await fetch(`${deployment.gatewayUrl()}/v1/keys/${id}`, { method: 'DELETE', headers });
  expect(status).toBe(204);
}

async function statusWith(key: string): Promise<number> {
  const headers = { authorization: `Bearer ${key}` };
  return (await fetch(`${deployment.gatewayUrl()}/v1/authorizers`, { headers })).status;
}
