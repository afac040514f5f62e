import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CallBody, Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { until } from './support/until.ts';

const FOLLOWERS = { method: 'GET', path: '/cgi-bin/user/get' };
const TICKET = 'component_verify_ticket';
const TOKEN_REQUEST = 'POST /cgi-bin/component/api_component_token';
const START_TICKETS = 'POST /cgi-bin/component/api_start_push_ticket';

let deployment: Deployment;
beforeAll(async () => {
  deployment = await Deployment.open({ workers: 2 });
  await deployment.authorized();
  // No ticket may arrive and restore the state.
  await deployment.wechat.control('POST', '/ticket-service', { on: false });
});
afterAll(() => deployment.close());

it('a Redis that lost everything is filled again, without a ticket and without an operator', async () => {
  expect((await deployment.call(SERVICE_ACCOUNT, FOLLOWERS)).body.state).toBe('completed');
  const tickets = await ticketPushes();
  const minted = await deployment.wechat.asked(TOKEN_REQUEST);
  const begged = await deployment.wechat.asked(START_TICKETS);

  await deployment.redis.flush();
  await until('a worker restores the ticket', () =>
    deployment.workers.some((w) => w.output.includes('ticket_restored')),
  );
  await deployment.ready();

  const { status, body } = await deployment.call(SERVICE_ACCOUNT, FOLLOWERS);
  expect(status).toBe(200);
  expect(body.response?.body).toMatchObject({ total: 25 });
  expect(await ticketPushes()).toBe(tickets);
  expect(await deployment.wechat.asked(START_TICKETS)).toBe(begged);
  // Of the two workers that restored it, one asked WeChat; on a busy machine its request may have been under way before.
  expect((await deployment.wechat.asked(TOKEN_REQUEST)) - minted).toBeLessThanOrEqual(1);
});

it('a call that was in flight to WeChat ends as lost instead of never', async () => {
  // WeChat answers only when the story releases the answer.
  await deployment.wechat.control('POST', '/delay', { path: FOLLOWERS.path, ms: 600_000, count: 1 });
  const before = await deployment.wechat.asked('GET /cgi-bin/user/get');
  const waiting = deployment.call(SERVICE_ACCOUNT, { ...FOLLOWERS, waitMs: 60_000 });
  await until('WeChat is asked', async () => (await deployment.wechat.asked('GET /cgi-bin/user/get')) > before);

  await deployment.redis.flush();
  const { status, body } = await waiting;
  expect(status).toBe(200);
  expect(body).toMatchObject({ state: 'failed', response: null, failure: { code: 'call_lost', remedy: 'operator' } });
  await deployment.wechat.control('POST', '/release');
  await deployment.ready();
});

it('calls that waited in the queue end as lost, too, however they were submitted', async () => {
  await until('calls work', async () => (await deployment.call(SERVICE_ACCOUNT, FOLLOWERS)).body.state === 'completed');
  const token = await sdkToken();
  // Of an API that no other call uses.
  const lost = { method: 'GET', path: '/cgi-bin/tags/get' };
  const before = await records();
  for (const worker of deployment.workers) await deployment.freeze(worker);
  try {
    const accepted = await deployment.call(SERVICE_ACCOUNT, { ...lost, waitMs: 0 });
    expect(accepted.status).toBe(202);
    const waiting = deployment.call(SERVICE_ACCOUNT, { ...lost, waitMs: 60_000 });
    const sdk = fetch(`${deployment.gatewayUrl()}${lost.path}?access_token=${token}`);
    await until('three calls are queued', async () => (await records()) >= before + 3);

    await deployment.redis.flush();
    expect((await waiting).body.failure?.code).toBe('call_lost');
    // 990001: the outcome is unknown, and SDKs do not repeat it by themselves.
    expect(await (await sdk).json()).toMatchObject({ errcode: 990_001 });
    const asked = await deployment.api<CallBody>('GET', `/v1/calls/${accepted.body.id}`);
    expect(asked).toMatchObject({ status: 404, body: { code: 'unknown_call' } });
  } finally {
    for (const worker of deployment.workers) worker.thaw();
  }
  await deployment.ready();
  await until(
    'calls work again',
    async () => (await deployment.call(SERVICE_ACCOUNT, FOLLOWERS)).body.state === 'completed',
  );
  // None of the lost calls was sent later.
  expect(await deployment.wechat.asked(`${lost.method} ${lost.path}`)).toBe(0);
});

async function ticketPushes(): Promise<number> {
  const { deliveries } = await deployment.wechat.control<{ deliveries: { what: string }[] }>(
    'GET',
    '/deliveries?limit=20000',
  );
  return deliveries.filter(({ what }) => what === TICKET).length;
}

async function sdkToken(): Promise<string> {
  const path = `/cgi-bin/token?grant_type=client_credential&appid=${SERVICE_ACCOUNT}&secret=${deployment.apiKey}`;
  const { access_token } = (await (await fetch(deployment.gatewayUrl() + path)).json()) as { access_token: string };
  return access_token;
}

async function records(): Promise<number> {
  const client = deployment.redis.client();
  try {
    return (await client.keys('wx:*:call:*:request')).length;
  } finally {
    client.disconnect();
  }
}
