import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { until } from './support/until.ts';

const FOLLOWERS = { method: 'GET', path: '/cgi-bin/user/get' };
const ACCOUNT = `/v1/authorizers/${SERVICE_ACCOUNT}`;

let deployment: Deployment;
let redis: Redis;
beforeAll(async () => {
  deployment = await Deployment.open();
  await deployment.authorized();
  redis = deployment.redis.client();
});
afterAll(async () => {
  redis?.disconnect();
  await deployment?.close();
});

/** Redis refuses every write that needs memory, but still answers. */
async function full(): Promise<void> {
  await redis.config('SET', 'maxmemory', '1');
}

const virtualToken = async (): Promise<Record<string, unknown>> => {
  const query = new URLSearchParams({
    ...{ grant_type: 'client_credential', appid: SERVICE_ACCOUNT, secret: deployment.apiKey },
  });
  return (await fetch(`${deployment.gatewayUrl()}/cgi-bin/token?${query}`)).json() as Promise<Record<string, unknown>>;
};

it('a full Redis is reported as such by every route, and no process needs a restart afterwards', async () => {
  const { access_token: token } = await virtualToken();
  const { body: link } = await deployment.api(
    'POST',
    `/v1/components/${deployment.component.appid}/authorization-links`,
    {},
  );
  await full();

  const calls = [
    ['POST', `${ACCOUNT}/calls`, FOLLOWERS],
    ['POST', `${ACCOUNT}/calls`, { ...FOLLOWERS, waitMs: 0 }],
    ['POST', '/v1/calls/batch', { calls: [{ ...FOLLOWERS, appid: SERVICE_ACCOUNT }] }],
  ] as const;
  for (const [method, path, body] of calls) {
    const refused = await deployment.api(method, path, body);
    expect(refused, path).toMatchObject({
      status: 503,
      body: { code: 'overloaded', remedy: 'slow-down', retryAfter: expect.any(Number) },
    });
  }
  const others = [
    ['GET', '/v1/status'],
    ['GET', '/v1/authorizers'],
    ['GET', `/v1/calls?appid=${SERVICE_ACCOUNT}`],
    ['GET', `/v1/authorization-links/${link.id}`],
    ['GET', `${ACCOUNT}/options/location_report`],
    ['POST', `${ACCOUNT}/follower-syncs`, {}],
    ['POST', '/v1/authorizers/reconcile', {}],
    ['POST', '/v1/keys', { name: 'made meanwhile', scopes: ['calls'] }],
    ['GET', '/v1/audit'],
  ] as const;
  for (const [method, path, body] of others) {
    const { status, body: answer } = await deployment.api(method, path, body);
    expect([path, status, answer.code], JSON.stringify(answer)).not.toEqual([path, 500, 'internal']);
  }
  const virtual = await fetch(`${deployment.gatewayUrl()}/cgi-bin/user/get?access_token=${token}`);
  expect(await virtual.json()).toMatchObject({ errcode: -1, errmsg: expect.stringContaining('Redis') });
  expect(deployment.gateways[0]!.lines().filter(({ msg }) => msg === 'request failed unexpectedly')).toEqual([]);

  await redis.config('SET', 'maxmemory', '0');
  await until('calls are taken again', async () => (await deployment.call(SERVICE_ACCOUNT, FOLLOWERS)).status === 200);
  const { body: settled } = await deployment.call(SERVICE_ACCOUNT, FOLLOWERS);
  expect(settled.state).toBe('completed');
  expect([...deployment.gateways, ...deployment.workers].every(({ running }) => running)).toBe(true);
});
