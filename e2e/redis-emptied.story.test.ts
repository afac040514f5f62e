import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CallBody, House, SERVICE_ACCOUNT } from './support/house.ts';
import { until } from './support/until.ts';

const FOLLOWERS = { method: 'GET', path: '/cgi-bin/user/get' };
const TICKET = 'component_verify_ticket';
const MINT = 'POST /cgi-bin/component/api_component_token';
const START_TICKETS = 'POST /cgi-bin/component/api_start_push_ticket';

let house: House;
beforeAll(async () => {
  house = await House.open({ workers: 2 });
  await house.authorized();
  // No ticket may come to the rescue.
  await house.wechat.control('POST', '/ticket-service', { on: false });
});
afterAll(() => house.close());

it('a Redis that lost everything is filled again, without a ticket and without a human', async () => {
  expect((await house.call(SERVICE_ACCOUNT, FOLLOWERS)).body.state).toBe('completed');
  const tickets = await ticketPushes();
  const minted = await house.wechat.asked(MINT);
  const begged = await house.wechat.asked(START_TICKETS);

  await house.redis.flush();
  await until('a worker restores the ticket', () => house.workers.some((w) => w.output.includes('ticket_restored')));
  await house.ready();

  const { status, body } = await house.call(SERVICE_ACCOUNT, FOLLOWERS);
  expect(status).toBe(200);
  expect(body.response?.body).toMatchObject({ total: 25 });
  expect(await ticketPushes()).toBe(tickets);
  expect(await house.wechat.asked(START_TICKETS)).toBe(begged);
  // Two workers restored it; one of them asked WeChat.
  expect((await house.wechat.asked(MINT)) - minted).toBe(1);
});

it('a call that was on its way to WeChat ends as lost, not never', async () => {
  await house.wechat.control('POST', '/delay', { path: FOLLOWERS.path, ms: 20_000, count: 1 });
  const before = await house.wechat.asked('GET /cgi-bin/user/get');
  const waiting = house.call(SERVICE_ACCOUNT, { ...FOLLOWERS, waitMs: 60_000 });
  await until('WeChat is asked', async () => (await house.wechat.asked('GET /cgi-bin/user/get')) > before);

  await house.redis.flush();
  const { status, body } = await waiting;
  expect(status).toBe(200);
  expect(body).toMatchObject({ state: 'failed', response: null, failure: { code: 'call_lost', remedy: 'operator' } });
  await house.ready();
});

it('calls that waited in the queue end as lost, too, however they were asked for', async () => {
  await until('calls work', async () => (await house.call(SERVICE_ACCOUNT, FOLLOWERS)).body.state === 'completed');
  const token = await sdkToken();
  const before = await house.wechat.asked('GET /cgi-bin/user/get');
  for (const worker of house.workers) worker.freeze();
  try {
    const accepted = await house.call(SERVICE_ACCOUNT, { ...FOLLOWERS, waitMs: 0 });
    expect(accepted.status).toBe(202);
    const waiting = house.call(SERVICE_ACCOUNT, { ...FOLLOWERS, waitMs: 60_000 });
    const sdk = fetch(`${house.gatewayUrl()}/cgi-bin/user/get?access_token=${token}`);
    await until('three calls are queued', async () => (await records()) >= 3);

    await house.redis.flush();
    expect((await waiting).body.failure?.code).toBe('call_lost');
    // 990001: not known whether it was sent, and no number that SDKs repeat by themselves.
    expect(await (await sdk).json()).toMatchObject({ errcode: 990_001 });
    const asked = await house.api<CallBody>('GET', `/v1/calls/${accepted.body.id}`);
    expect(asked).toMatchObject({ status: 404, body: { code: 'unknown_call' } });
  } finally {
    for (const worker of house.workers) worker.thaw();
  }
  await house.ready();
  await until(
    'calls work again',
    async () => (await house.call(SERVICE_ACCOUNT, FOLLOWERS)).body.state === 'completed',
  );
  // Nothing of what was lost was sent after all: WeChat was asked once since, by the call that worked.
  const asked = (await house.wechat.asked('GET /cgi-bin/user/get')) - before;
  expect(asked).toBe(1);
});

async function ticketPushes(): Promise<number> {
  const { deliveries } = await house.wechat.control<{ deliveries: { what: string }[] }>(
    'GET',
    '/deliveries?limit=2000',
  );
  return deliveries.filter(({ what }) => what === TICKET).length;
}

async function sdkToken(): Promise<string> {
  const path = `/cgi-bin/token?grant_type=client_credential&appid=${SERVICE_ACCOUNT}&secret=${house.apiKey}`;
  const { access_token } = (await (await fetch(house.gatewayUrl() + path)).json()) as { access_token: string };
  return access_token;
}

async function records(): Promise<number> {
  const client = house.redis.client();
  try {
    return (await client.keys('wx:*:call:*:request')).length;
  } finally {
    client.disconnect();
  }
}
