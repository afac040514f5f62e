import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { handledPushes as pushesHandledBy } from './support/accounting.ts';
import type { Child } from './support/child.ts';
import { Crossroads } from './support/crossroads.ts';
import { type CallBody, Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { arrivals, atLeast, Load, outcomeOf, Pushing, settledCall } from './support/load.ts';
import { until } from './support/until.ts';

const READ = '/cgi-bin/user/info';
const SEND = '/cgi-bin/message/custom/send';
const EXCHANGE = '/cgi-bin/component/api_query_auth';
const REFRESH = '/cgi-bin/component/api_authorizer_token';
/** SHUTDOWN_MS in the stories that wait for the shutdown timeout; what is in flight is cut off at six tenths of it. */
const SHORT_MS = 7_000;
/** WeChat answers only when the story releases the answers. */
const STILL = 600_000;

let crossroads: Crossroads;
let deployment: Deployment;
let openid: string;
beforeAll(async () => {
  crossroads = await Crossroads.open();
  deployment = await Deployment.open({ gateways: 2, workers: 3, pushTo: crossroads.url });
  crossroads.leadTo(deployment.gatewayUrl(0), deployment.gatewayUrl(1));
  await deployment.authorized();
  const { openids } = await deployment.wechat.control<{ openids: string[] }>(
    'GET',
    `/followers?appid=${SERVICE_ACCOUNT}`,
  );
  openid = openids[0]!;
  await deployment.wechat.control('POST', '/options', { deliveries: 100, redeliveryMs: 100 });
});
afterEach(() => deployment.wechat.control('DELETE', '/faults'));
afterAll(async () => {
  await deployment?.close();
  await crossroads?.close();
});

it('half of the deployment shuts down under load: nothing accepted is lost, nothing is sent twice', async () => {
  await deployment.wechat.control('POST', '/delay', { path: SEND, ms: 150 });
  const load = await Load.start(deployment, 10);
  const pushing = new Pushing(deployment, 3);
  await until('calls and pushes flow', () => load.accepted.length > 60 && pushing.msgIds.length > 20);

  const stopping = [deployment.gateways[0]!, deployment.workers[0]!, deployment.workers[1]!];
  expect(await Promise.all(stopping.map(shutsDown))).toEqual([0, 0, 0]);
  const acceptedBefore = load.accepted.length;
  await until('the others go on', () => load.accepted.length > acceptedBefore + 30);
  await Promise.all([load.stop(), pushing.stop()]);

  expect(load.refused).toEqual([]);
  const ends = new Map<string, CallBody>();
  for (const { content, body } of load.accepted) ends.set(content, await settledCall(deployment, body.id!, 1));
  const arrived = await arrivals(deployment);
  for (const { kind, content } of load.accepted) {
    // On a busy machine another worker may take a read over.
    expect(ends.get(content), content).toMatchObject({
      state: 'completed',
      ...(kind === 'send' ? { attempts: 1 } : {}),
    });
    if (kind === 'send') expect(arrived.get(content), content).toBe(1);
  }
  // A caller without an answer came after the shutdown: nothing was done.
  for (const { content, status } of load.asked) if (status === 0) expect(arrived.has(content), content).toBe(false);

  await startGateway();
  await until('every accepted push is handled', () => handledPushes().size >= pushing.msgIds.length);
  expect(handledPushes().size).toBe(pushing.msgIds.length);
});

it('a worker in the middle of slow calls finishes them', async () => {
  const worker = await onlyWorker();
  const slow = await slowCalls('finished');
  const stopping = shutsDown(worker);
  await until('it shuts down', async () => (await shuttingDown()) > 0);
  await deployment.wechat.control('POST', '/release');
  expect(await stopping).toBe(0);
  await startWorker();
  expect(await outcomeOf(deployment, slow.reading)).toMatchObject({ state: 'completed' });
  expect(await outcomeOf(deployment, slow.sending)).toMatchObject({ state: 'completed', attempts: 1 });
  expect(await slow.asked()).toEqual({ read: atLeast(1), send: 1, arrived: 1 });
});

it('calls that outlast the shutdown timeout: those that may be repeated are requeued, a message ends as unknown', async () => {
  const worker = await onlyWorker(SHORT_MS);
  const slow = await slowCalls('outlasting');
  const stopping = shutsDown(worker);
  await startWorker();
  expect(await stopping).toBe(0);
  expect(await outcomeOf(deployment, slow.reading)).toMatchObject({ state: 'completed', attempts: atLeast(2) });
  expect(await outcomeOf(deployment, slow.sending)).toMatchObject({
    ...{ state: 'failed', failure: { code: 'outcome_unknown', remedy: 'operator' } },
  });
  expect(await slow.asked()).toEqual({ read: atLeast(2), send: 1, arrived: 1 });
});

it('a refresh that outlasts the shutdown timeout is taken over by another worker', async () => {
  const worker = await onlyWorker(SHORT_MS);
  await deployment.wechat.control('POST', '/delay', { path: REFRESH, ms: STILL, count: 1 });
  await deployment.wechat.control('POST', '/expire', { token: 'authorizer', appid: SERVICE_ACCOUNT });
  const before = await deployment.wechat.asked(`POST ${REFRESH}`);
  const reading = read();
  await until('WeChat is asked for a token', async () => (await deployment.wechat.asked(`POST ${REFRESH}`)) > before);
  const stopping = shutsDown(worker);
  await startWorker();
  expect(await stopping).toBe(0);
  expect(await outcomeOf(deployment, reading)).toMatchObject({ state: 'completed' });
  expect((await deployment.wechat.asked(`POST ${REFRESH}`)) - before).toBe(2);
});

it('an authorization that outlasts the shutdown timeout is finished by another worker', async () => {
  const worker = await onlyWorker(SHORT_MS);
  await deployment.wechat.control('POST', '/delay', { path: EXCHANGE, ms: STILL, count: 1 });
  const before = await deployment.wechat.asked(`POST ${EXCHANGE}`);
  await deployment.wechat.control('POST', '/authorize', { appid: MINI_PROGRAM });
  await until('WeChat is asked', async () => (await deployment.wechat.asked(`POST ${EXCHANGE}`)) > before);
  const stopping = shutsDown(worker);
  await startWorker();
  expect(await stopping).toBe(0);
  const state = async () => (await deployment.api('GET', `/v1/authorizers/${MINI_PROGRAM}`, undefined, 1)).body.state;
  await until('the account is active', async () => (await state()) === 'active');
});

it('a gateway that shuts down gives a waiting caller the id of its call', async () => {
  await anyWorker();
  await deployment.gateways[0]!.shutDown();
  const gateway = await startGateway(SHORT_MS);
  const slow = await slowCalls('waited for');
  expect(await shutsDown(gateway)).toBe(0);
  const answers = [await slow.reading, await slow.sending];
  await deployment.wechat.control('POST', '/release');
  for (const { status, body } of answers) {
    expect({ status, state: body.state }).toEqual({ status: 202, state: 'running' });
    expect(await settledCall(deployment, body.id, 1)).toMatchObject({ state: 'completed' });
  }
  expect(await slow.asked()).toEqual({ read: atLeast(1), send: 1, arrived: 1 });
});

it('a second SIGTERM ends a worker at once; its calls are taken over by another worker', async () => {
  await startGateway();
  const worker = await onlyWorker();
  const slow = await slowCalls('cut');
  await until('the worker is gone', () => {
    worker.signal('SIGTERM');
    return !worker.running;
  });
  expect(await worker.shutDown()).toBe(128 + 15);
  await startWorker();
  expect(await outcomeOf(deployment, slow.reading)).toMatchObject({ state: 'completed', attempts: atLeast(2) });
  expect(await outcomeOf(deployment, slow.sending)).toMatchObject({ failure: { code: 'outcome_unknown' } });
  expect(await slow.asked()).toEqual({ read: atLeast(2), send: 1, arrived: 1 });
});

it('every process shuts down in time although Redis is unreachable', async () => {
  await deployment.redis.kill();
  const all = [...deployment.gateways, ...deployment.workers].filter(({ running }) => running);
  expect(all.length).toBeGreaterThanOrEqual(3);
  try {
    const codes = await Promise.all(all.map((child) => shutsDown(child)));
    expect(codes).toEqual(all.map(() => 0));
  } finally {
    await deployment.redis.restart();
  }
});

/** How many processes shut down at this moment. */
async function shuttingDown(): Promise<number> {
  const redis = deployment.redis.client();
  try {
    const processes = Object.values(await redis.hgetall(redis.keyspace.processes));
    return processes.filter((one) => (JSON.parse(one) as { closing?: boolean }).closing).length;
  } finally {
    redis.disconnect();
  }
}

/** Asks the process to shut down; returns its exit code. */
function shutsDown(child: Child): Promise<number | NodeJS.Signals> {
  return child.shutDown();
}

async function startGateway(shutdownMs?: number): Promise<Child> {
  const gateway = deployment.startGateway(0, shutdownMs ? { SHUTDOWN_MS: String(shutdownMs) } : {});
  await gateway.says('gateway listening');
  return gateway;
}

async function startWorker(shutdownMs?: number): Promise<Child> {
  const worker = deployment.startWorker(shutdownMs ? { SHUTDOWN_MS: String(shutdownMs) } : {});
  await worker.says('worker ready');
  return worker;
}

async function anyWorker(): Promise<Child> {
  return deployment.workers.find(({ running }) => running) ?? (await startWorker());
}

/** A worker that is the only one to run the next calls. */
async function onlyWorker(shutdownMs?: number): Promise<Child> {
  const others = deployment.workers.filter(({ running }) => running);
  const worker = await startWorker(shutdownMs);
  await Promise.all(others.map((other) => other.shutDown()));
  return worker;
}

function read(): Promise<{ status: number; body: CallBody }> {
  return deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: READ, query: { openid }, waitMs: 60_000 });
}

/** A read and a message that WeChat has taken and answers when the story releases the answers. */
async function slowCalls(content: string) {
  const seen = async () => ({
    read: await deployment.wechat.asked(`GET ${READ}`),
    send: await deployment.wechat.asked(`POST ${SEND}`),
  });
  for (const path of [READ, SEND])
    await deployment.wechat.control('POST', '/delay', { path, ms: STILL, count: 1, at: 'after' });
  const before = await seen();
  const reading = read();
  const sending = deployment.call(SERVICE_ACCOUNT, {
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
      const arrived = (await arrivals(deployment)).get(content);
      return { read: now.read - before.read, send: now.send - before.send, arrived };
    },
  };
}

/** Each once: on a busy machine its job may run again, but there is no second job. */
function handledPushes(): Set<string> {
  return pushesHandledBy(deployment.workers);
}
