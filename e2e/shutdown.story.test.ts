import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { Child } from './support/child.ts';
import { Crossroads } from './support/crossroads.ts';
import { type CallBody, House, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/house.ts';
import { arrivals, Load, Pushing, settledCall } from './support/load.ts';
import { until } from './support/until.ts';

const READ = '/cgi-bin/user/info';
const SEND = '/cgi-bin/message/custom/send';
const EXCHANGE = '/cgi-bin/component/api_query_auth';
const REFRESH = '/cgi-bin/component/api_authorizer_token';
/** Of SHUTDOWN_MS, where a story waits until patience ends. */
const SHORT_MS = 4_000;

let crossroads: Crossroads;
let house: House;
let openid: string;
beforeAll(async () => {
  crossroads = await Crossroads.open();
  house = await House.open({ gateways: 2, workers: 3, pushTo: crossroads.url });
  crossroads.leadTo(house.gatewayUrl(0), house.gatewayUrl(1));
  await house.authorized();
  const { openids } = await house.wechat.control<{ openids: string[] }>('GET', `/followers?appid=${SERVICE_ACCOUNT}`);
  openid = openids[0]!;
  await house.wechat.control('POST', '/options', { deliveries: 100, redeliveryMs: 100 });
});
afterEach(() => house.wechat.control('DELETE', '/faults'));
afterAll(async () => {
  await house?.close();
  await crossroads?.close();
});

it('half of the house leaves under load: nothing accepted is lost, nothing is sent twice', async () => {
  await house.wechat.control('POST', '/delay', { path: SEND, ms: 150 });
  const load = await Load.start(house, 10);
  const pushing = new Pushing(house, 3);
  await until('calls and pushes flow', () => load.accepted.length > 60 && pushing.msgIds.length > 20);

  const leaving = [house.gateways[0]!, house.workers[0]!, house.workers[1]!];
  expect(await Promise.all(leaving.map(leaves))).toEqual([0, 0, 0]);
  const acceptedBefore = load.accepted.length;
  await until('the others go on', () => load.accepted.length > acceptedBefore + 30);
  await Promise.all([load.stop(), pushing.stop()]);

  expect(load.refused).toEqual([]);
  const ends = new Map<string, CallBody>();
  for (const { content, body } of load.accepted) ends.set(content, await settledCall(house, body.id!, 1));
  const arrived = await arrivals(house);
  for (const { kind, content } of load.accepted) {
    expect(ends.get(content), content).toMatchObject({ state: 'completed', attempts: 1 });
    if (kind === 'send') expect(arrived.get(content), content).toBe(1);
  }
  // Who got no answer had come too late: nothing was done.
  for (const { content, status } of load.asked) if (status === 0) expect(arrived.has(content), content).toBe(false);

  await startGateway();
  await until('every accepted push is handled', () => new Set(handledPushes()).size >= pushing.msgIds.length);
  expect(handledPushes()).toHaveLength(pushing.msgIds.length);
});

it('a worker in the middle of slow calls finishes them', async () => {
  const worker = await onlyWorker();
  const slow = await slowCalls('finished', 3_000);
  // It is asked at once: on a busy machine another one takes longer to start than WeChat may take to answer.
  const leaving = leaves(worker);
  await startWorker();
  expect(await leaving).toBe(0);
  expect(await slow.reading).toMatchObject({ status: 200, body: { state: 'completed', attempts: 1 } });
  expect(await slow.sending).toMatchObject({ status: 200, body: { state: 'completed', attempts: 1 } });
  expect(await slow.asked()).toEqual({ read: 1, send: 1, arrived: 1 });
});

it('calls that outlast the patience: what may be repeated is handed back, a message ends as unknown', async () => {
  const worker = await onlyWorker(SHORT_MS);
  const slow = await slowCalls('outlasting', 30_000);
  const leaving = leaves(worker);
  await startWorker();
  expect(await leaving).toBe(0);
  expect(await slow.reading).toMatchObject({ status: 200, body: { state: 'completed', attempts: 2 } });
  expect(await slow.sending).toMatchObject({
    status: 200,
    body: { state: 'failed', failure: { code: 'outcome_unknown', remedy: 'operator' } },
  });
  expect(await slow.asked()).toEqual({ read: 2, send: 1, arrived: 1 });
});

it('a refresh that outlasts the patience goes to another worker', async () => {
  const worker = await onlyWorker(SHORT_MS);
  await house.wechat.control('POST', '/delay', { path: REFRESH, ms: 30_000, count: 1 });
  await house.wechat.control('POST', '/expire', { token: 'authorizer', appid: SERVICE_ACCOUNT });
  const before = await house.wechat.asked(`POST ${REFRESH}`);
  const reading = read();
  await until('WeChat is asked for a token', async () => (await house.wechat.asked(`POST ${REFRESH}`)) > before);
  const leaving = leaves(worker);
  await startWorker();
  expect(await leaving).toBe(0);
  expect(await reading).toMatchObject({ status: 200, body: { state: 'completed' } });
  expect((await house.wechat.asked(`POST ${REFRESH}`)) - before).toBe(2);
});

it('an authorization that outlasts the patience is finished by another worker', async () => {
  const worker = await onlyWorker(SHORT_MS);
  await house.wechat.control('POST', '/delay', { path: EXCHANGE, ms: 30_000, count: 1 });
  await house.wechat.control('POST', '/authorize', { appid: MINI_PROGRAM });
  await until('WeChat is asked', async () => (await house.wechat.asked(`POST ${EXCHANGE}`)) === 2);
  const leaving = leaves(worker);
  await startWorker();
  expect(await leaving).toBe(0);
  const state = async () => (await house.api('GET', `/v1/authorizers/${MINI_PROGRAM}`, undefined, 1)).body.state;
  await until('the account is active', async () => (await state()) === 'active');
});

it('a gateway with a waiting caller says under which id the answer will be', async () => {
  await anyWorker();
  await house.gateways[0]!.leave();
  const gateway = await startGateway(SHORT_MS);
  const slow = await slowCalls('waited for', 600_000);
  expect(await leaves(gateway)).toBe(0);
  const answers = [await slow.reading, await slow.sending];
  await house.wechat.control('POST', '/release');
  for (const { status, body } of answers) {
    expect({ status, state: body.state }).toEqual({ status: 202, state: 'running' });
    expect(await settledCall(house, body.id, 1)).toMatchObject({ state: 'completed', attempts: 1 });
  }
  expect(await slow.asked()).toEqual({ read: 1, send: 1, arrived: 1 });
});

it('a second SIGTERM ends a worker at once; its call is done by another', async () => {
  await startGateway();
  const worker = await onlyWorker();
  const slow = await slowCalls('cut', 30_000);
  await until('the worker is gone', () => {
    worker.signal('SIGTERM');
    return !worker.running;
  });
  expect(await worker.leave()).toBe(128 + 15);
  await startWorker();
  expect(await slow.reading).toMatchObject({ status: 200, body: { state: 'completed', attempts: 2 } });
  expect(await slow.sending).toMatchObject({ status: 200, body: { failure: { code: 'outcome_unknown' } } });
  expect(await slow.asked()).toEqual({ read: 2, send: 1, arrived: 1 });
});

it('everybody leaves in time although Redis is away', async () => {
  await house.redis.kill();
  const all = [...house.gateways, ...house.workers].filter(({ running }) => running);
  expect(all.length).toBeGreaterThanOrEqual(3);
  try {
    const codes = await Promise.all(all.map((child) => leaves(child)));
    expect(codes).toEqual(all.map(() => 0));
  } finally {
    await house.redis.restart();
  }
});

/** Asks it to leave; answers its exit code. */
function leaves(child: Child): Promise<number | NodeJS.Signals> {
  return child.leave();
}

async function startGateway(shutdownMs?: number): Promise<Child> {
  const gateway = house.startGateway(0, shutdownMs ? { SHUTDOWN_MS: String(shutdownMs) } : {});
  await gateway.says('gateway listening');
  return gateway;
}

async function startWorker(shutdownMs?: number): Promise<Child> {
  const worker = house.startWorker(shutdownMs ? { SHUTDOWN_MS: String(shutdownMs) } : {});
  await worker.says('worker ready');
  return worker;
}

async function anyWorker(): Promise<Child> {
  return house.workers.find(({ running }) => running) ?? (await startWorker());
}

/** A worker that must do the next calls itself. */
async function onlyWorker(shutdownMs?: number): Promise<Child> {
  const others = house.workers.filter(({ running }) => running);
  const worker = await startWorker(shutdownMs);
  await Promise.all(others.map((other) => other.leave()));
  return worker;
}

function read(): Promise<{ status: number; body: CallBody }> {
  return house.call(SERVICE_ACCOUNT, { method: 'GET', path: READ, query: { openid }, waitMs: 60_000 });
}

/** A read and a message that WeChat has taken and answers late. */
async function slowCalls(content: string, ms: number) {
  const seen = async () => ({
    read: await house.wechat.asked(`GET ${READ}`),
    send: await house.wechat.asked(`POST ${SEND}`),
  });
  for (const path of [READ, SEND]) await house.wechat.control('POST', '/delay', { path, ms, count: 1, at: 'after' });
  const before = await seen();
  const reading = read();
  const sending = house.call(SERVICE_ACCOUNT, {
    method: 'POST',
    path: SEND,
    body: { touser: openid, msgtype: 'text', text: { content } },
    waitMs: 60_000,
  });
  await until('WeChat has both', async () => {
    const now = await seen();
    return now.read > before.read && now.send > before.send;
  });
  return {
    reading,
    sending,
    async asked() {
      const now = await seen();
      const arrived = (await arrivals(house)).get(content);
      return { read: now.read - before.read, send: now.send - before.send, arrived };
    },
  };
}

/** The messages' jobs that workers have handled, one entry for each time. */
function handledPushes(): unknown[] {
  const lines = house.workers.flatMap((worker) => worker.lines());
  return lines.filter(({ msg, push }) => msg === 'push' && push === 'text').map(({ job }) => job);
}
