import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Child } from './support/child.ts';
import { inDatabase } from './support/database.ts';
import { type CallBody, Deployment } from './support/deployment.ts';
import { until } from './support/until.ts';

interface Item {
  readonly name: string;
  readonly status: 'ok' | 'warn' | 'fail' | 'skipped';
  readonly code: string | null;
  readonly cause: { readonly zh: string; readonly en: string } | null;
  readonly remedy: { readonly zh: string; readonly en: string } | null;
}
type Items = readonly Item[];

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.open({ nodes: 1 });
  await deployment.authorized();
});
afterAll(() => deployment.close());

/** The command, as an operator types it. */
async function command(env: Record<string, string> = {}, ...args: string[]): Promise<{ code: unknown; items: Items }> {
  const child: Child = deployment.command(['doctor', '--json', ...args], env);
  const code = await child.ended();
  return { code, items: (JSON.parse(child.output) as { items: Items }).items };
}

/** The route, as the console asks. */
async function asked(...only: string[]): Promise<Items> {
  return (await deployment.api<{ items: Items }>('POST', '/v1/doctor', { only })).body.items;
}

const failed = (items: Items) => items.filter(({ status }) => status === 'fail').map(({ name }) => name);
const codeOf = (items: Items, name: string) => items.find((item) => item.name === name)?.code;

/** What the check of this name says, by the route, until it is this fault, or, without one, until it is ok. */
function untilFound(name: string, code: string | null): Promise<Item> {
  return until(`${name} says ${code ?? 'ok'}`, async () => {
    const [item] = await asked(name);
    return item?.code === code && item;
  });
}

it('finds nothing wrong with a healthy deployment, and exits with 0', async () => {
  const { code, items } = await until('no check fails', async () => {
    const examined = await command();
    return failed(examined.items).length === 0 && examined;
  });
  expect(code).toBe(0);
  expect(items).toHaveLength(18);
  expect(items.filter(({ status }) => status === 'skipped')).toEqual([]);
  expect(await deployment.command(['doctor', '--only', 'weather']).ended()).toBe(2);
});

it('names a wrong EncodingAESKey, and so does the status', async () => {
  const { encodingAesKey } = deployment.component;
  await deployment.wechat.control('POST', '/rotate-key', { encodingAesKey: 'x'.repeat(43) });
  await deployment.wechat.control('POST', '/tick', {});
  const { remedy } = await untilFound('ticket', 'pushes_refused_decryption');
  expect(remedy?.en).toContain('WX_ENCODING_AES_KEY');
  const { body } = await deployment.api<{ components: [{ refusedPushes: { reason: string }[] }] }>('GET', '/v1/status');
  expect(body.components[0].refusedPushes).toMatchObject([{ reason: 'decryption' }]);
  // The other end of the same mistake: this host has another key than the gateway.
  await until('the push URL is found to refuse', async () => {
    const { items } = await command({ WX_ENCODING_AES_KEY: 'x'.repeat(43) }, '--only', 'push-url');
    return codeOf(items, 'push-url') === 'push_refused';
  });
  await deployment.wechat.control('POST', '/rotate-key', { encodingAesKey });
  await deployment.wechat.control('POST', '/tick', {});
  await untilFound('ticket', null);
});

it('prints the address that WeChat reports when it is not on the list, and exits with 1', async () => {
  await deployment.wechat.control('POST', '/options', { ipList: ['10.9.8.7'] });
  const { code, items } = await until('the address is refused', async () => {
    const examined = await command({}, '--only', 'component-token');
    return examined.items[0]?.code === 'address_refused' && examined;
  });
  expect(code).toBe(1);
  expect(items).toHaveLength(1);
  expect(items[0]?.cause?.en).toContain('127.0.*.*');
  await deployment.wechat.control('POST', '/options', { ipList: null });
  await untilFound('component-token', null);
});

/** A request of the component's own; true: WeChat has answered it. */
async function componentCall(): Promise<boolean> {
  const { appid } = deployment.component;
  const path = '/cgi-bin/component/api_get_authorizer_list';
  const call = { method: 'POST', path, body: { component_appid: appid, offset: 0, count: 1 } };
  const { body } = await deployment.api<CallBody>('POST', `/v1/components/${appid}/calls`, call);
  return body.state === 'completed' && body.response?.body.errcode === undefined;
}

const endComponentToken = () => deployment.wechat.control('POST', '/expire', { token: 'component', as: 40001 });

it('names a wrong secret, and a second system that fetches tokens', async () => {
  const { appid, appsecret } = deployment.component;
  await deployment.wechat.control('POST', '/reset-secret', { appsecret: 'another' });
  await endComponentToken();
  await componentCall();
  await untilFound('component-token', 'secret_refused');
  await deployment.wechat.control('POST', '/reset-secret', { appsecret });
  // It fetches the token that the processes would wait ten minutes for.
  await untilFound('component-token', null);
  await until('another token was refused early', async () => {
    if (!(await componentCall())) return false;
    await endComponentToken();
    await componentCall();
    return codeOf(await asked('second-system'), 'second-system') === 'second_system';
  });
  await until('the component works', componentCall);
  const redis = deployment.redis.client();
  await redis.del(redis.keyspace.earlyRefusals(appid));
  redis.disconnect();
});

it('names the settings of Redis, another deployment’s Redis, and a dead database', async () => {
  const redis = deployment.redis.client();
  await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
  await untilFound('redis-settings', 'eviction');
  await redis.config('SET', 'maxmemory-policy', 'noeviction');
  redis.disconnect();

  const other = { DATABASE_URL: `sqlite:${join(deployment.dir, 'other.sqlite')}` };
  expect(await deployment.command(['migrate'], other).ended()).toBe(0);
  await inDatabase({ databaseUrl: other.DATABASE_URL }, (sql) =>
    sql.insertInto('deployment').values({ one: 1, id: 'another' }).execute(),
  );
  await until('another deployment’s Redis is named', async () => {
    const { items } = await command(other, '--only', 'redis');
    return codeOf(items, 'redis') === 'foreign_redis';
  });

  const without = { DATABASE_URL: 'mysql://u:p@127.0.0.1:9/d', PORT: 'none' };
  const dead = await until('no other check fails', async () => {
    const examined = await command(without);
    return failed(examined.items).join() === 'settings,database' && examined;
  });
  expect(codeOf(dead.items, 'database')).toBe('database_unreachable');
  // A setting that cannot be used is named, too, and hinders no other check.
  expect(codeOf(dead.items, 'settings')).toBe('setting_unusable');
});

it('names a missing ticket with the URL to enter', async () => {
  await deployment.wechat.control('POST', '/ticket-service', { on: false });
  const redis = deployment.redis.client();
  const { appid } = deployment.component;
  await inDatabase(deployment, (sql) => sql.updateTable('components').set({ ticket_sealed: null }).execute());
  await redis.del(redis.keyspace.ticket(appid));
  redis.disconnect();
  const { remedy } = await untilFound('ticket', 'no_ticket');
  expect(remedy?.zh).toContain(`${deployment.gatewayUrl()}/wechat/${appid}/events`);
  await deployment.wechat.control('POST', '/ticket-service', { on: true });
  await deployment.wechat.control('POST', '/tick', {});
  await untilFound('ticket', null);
});

it('with Redis dead, it ends and judges what needs no Redis', async () => {
  await deployment.redis.kill();
  try {
    // A check has a time limit, which a busy machine may exceed.
    await until('it judges what needs no Redis', async () => {
      const { code, items } = await command();
      const statuses = Object.fromEntries(items.map(({ name, status }) => [name, status]));
      expect(code).toBe(1);
      expect(statuses).toMatchObject({
        ...{ settings: 'ok', 'secrets-key': 'ok', redis: 'fail', component: 'ok', database: 'ok', ticket: 'skipped' },
      });
      expect(statuses['data-dir']).not.toBe('skipped');
      return true;
    });
    await untilFound('redis', 'redis_unreachable');
  } finally {
    await deployment.redis.restart();
  }
});
