import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { Child } from './support/child.ts';
import { type CallBody, Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { atLeast, outcomeOf, settledCall } from './support/load.ts';
import { Receiver } from './support/receiver.ts';
import { AUTHORIZER_TOKEN, expire, follower, SEND_MESSAGE, type Tally, tally, USER_INFO } from './support/tally.ts';
import { until } from './support/until.ts';

/** Longer than BullMQ's locks live, and shorter than a hold. */
const REDIS_PAUSE_MS = 5_000;
/** WeChat answers only when the story releases the answers. */
const STILL = 600_000;
/** The number of requests that one worker has in flight at the same time. */
const SOCKETS = 128;

let deployment: Deployment;
let openid: string;
/** The only worker at the beginning of a story, so it has the calls. */
let first: Child;
let before: Tally;

beforeAll(async () => {
  deployment = await Deployment.open({ gateways: 2 });
  await deployment.authorized();
  openid = await follower(deployment);
});
afterAll(() => deployment.close());

beforeEach(async () => {
  first = deployment.workers.find((worker) => worker.running)!;
  expect((await read()).body.state).toBe('completed');
  before = await tally(deployment);
});

it('Redis pauses while WeChat processes messages: they are taken over, wait, and end as WeChat answers', async () => {
  await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: STILL, count: 3, at: 'after' });
  const ofQueue = [send('a pause 1'), send('a pause 2')];
  const ofLane = (await send('a pause 3', { waitMs: 0 })).body.id;
  await arrived(SEND_MESSAGE, 3);
  const silentAt = first.output.length;
  const redis = deployment.redis.client();
  // Redis itself ends the pause, so that a busy machine does not prolong it.
  await redis.call('CLIENT', 'PAUSE', String(REDIS_PAUSE_MS), 'ALL');
  redis.disconnect();
  await awake(first, silentAt);
  await deployment.wechat.control('POST', '/release');
  for (const answered of ofQueue) {
    expect(await outcomeOf(deployment, answered)).toMatchObject({ state: 'completed', attempts: 1 });
  }
  expect(await settledCall(deployment, ofLane)).toMatchObject({ state: 'completed', attempts: 1 });
  expect(await asked(SEND_MESSAGE)).toBe(3);
});

it('three workers die during the same read: it is repeated each time; each message in flight was sent once', async () => {
  await deployment.wechat.control('POST', '/delay', { path: USER_INFO, ms: STILL, count: 3 });
  // WeChat sends the message at once, and answers late.
  await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: STILL, count: 3, at: 'after' });
  const reading = read();
  const sendings = [];
  let worker = first;
  for (const death of [1, 2, 3]) {
    const content = `death ${death}`;
    sendings.push(send(content));
    await arrived(USER_INFO, death);
    await arrived(SEND_MESSAGE, death);
    await worker.kill();
    worker = deployment.startWorker();
    await arrived(USER_INFO, death + 1);
  }
  for (const [i, sending] of sendings.entries()) {
    expect(await outcomeOf(deployment, sending)).toMatchObject({
      state: 'failed',
      response: null,
      failure: { code: 'outcome_unknown', remedy: 'operator' },
    });
    expect(await sent(`death ${i + 1}`)).toBe(1);
  }
  expect(await outcomeOf(deployment, reading)).toMatchObject({
    state: 'completed',
    attempts: atLeast(4),
    response: { body: { openid } },
  });
  expect((await tally(deployment)).asked(SEND_MESSAGE) - before.asked(SEND_MESSAGE)).toBe(3);
});

it('a worker frozen before it could send, whose call another worker has sent, sends nothing when it resumes', async () => {
  await deployment.wechat.control('POST', '/delay', { path: AUTHORIZER_TOKEN, ms: STILL, count: 1 });
  await expire(deployment, ['authorizer']);
  // The call waits for the token that the worker fetches.
  const sending = send('frozen');
  await refused(SEND_MESSAGE, 1);
  await arrived(AUTHORIZER_TOKEN, 1);
  await deployment.freeze(first);
  const silentAt = first.output.length;
  const second = deployment.startWorker();
  expect(await outcomeOf(deployment, sending)).toMatchObject({
    state: 'completed',
    response: { body: { errcode: 0 } },
  });
  expect(await sent('frozen')).toBe(1);

  await deployment.wechat.control('POST', '/release');
  await until('WeChat has answered the frozen worker', async () => {
    const now = await tally(deployment);
    return now.answered(AUTHORIZER_TOKEN, 0) - before.answered(AUTHORIZER_TOKEN, 0) === 2;
  });
  first.thaw();
  await awake(first, silentAt);
  expect(await first.shutDown()).toBe(0);
  expect(await sent('frozen')).toBe(1);
  // The request with the refused token, and the one that succeeded.
  expect((await tally(deployment)).asked(SEND_MESSAGE) - before.asked(SEND_MESSAGE)).toBe(2);
  expect(second.running).toBe(true);
});

it('a worker frozen between claim and departure sends no call that another has settled, and returns the answers to those that it had sent', async () => {
  const receiver = await Receiver.open(() => 200);
  const crowded = deployment.startWorker({ WORKER_CONCURRENCY: '200' });
  await crowded.says('worker ready');
  expect(await first.shutDown()).toBe(0);
  // More calls than a worker has sockets: some claimed calls still wait for one.
  await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: STILL, count: SOCKETS });
  const contents = Array.from({ length: SOCKETS + 40 }, (_, i) => `crowd ${i}`);
  // Through two gateways, because one account may not hold so many slots of one.
  const sending = contents.map((content, i) => send(content, { callbackUrl: receiver.url }, i % 2));
  await arrived(SEND_MESSAGE, SOCKETS);
  await deployment.freeze(crowded);
  const silentAt = crowded.output.length;
  await deployment.wechat.control('POST', '/release');
  deployment.startWorker();
  const given = await Promise.all(sending.map((answered) => outcomeOf(deployment, answered)));
  const codes = given.map(({ failure, state }) => failure?.code ?? state);

  // Counted by messages, not by answers: the answers to the workers that died in the first story may arrive only now.
  const times = await until('WeChat has sent all that it was asked', async () => {
    const messages = await deployment.wechat.messageCounts();
    const all = contents.map((content) => messages.get(content) ?? 0);
    return all.reduce((sum, one) => sum + one) === (await asked(SEND_MESSAGE)) && all;
  });
  const reported = (id: string) =>
    receiver.received
      .filter(({ headers }) => headers['webhook-id'] === id.slice(id.lastIndexOf('.') + 1))
      .map(({ body }) => (JSON.parse(body) as { data: CallBody }).data.state);
  await until('every outcome has been reported', () => given.every(({ id }) => reported(id).length > 0));
  crowded.thaw();
  await awake(crowded, silentAt);
  expect(await crowded.shutDown()).toBe(0);
  const later = await deployment.wechat.messageCounts();
  expect(contents.map((content) => later.get(content) ?? 0)).toEqual(times);
  expect(codes.filter((code, i) => (code === 'completed' ? times[i] !== 1 : code !== 'outcome_unknown'))).toEqual([]);
  expect(Math.max(...times)).toBe(1);
  // These were claimed and never sent.
  expect(times.filter((sentTimes) => sentTimes === 0).length).toBeGreaterThan(0);

  const corrected = given.filter(({ state }, i) => state === 'failed' && times[i] === 1).map(({ id }) => id);
  expect(corrected.length).toBeGreaterThan(0);
  const now = await Promise.all(corrected.map((id) => deployment.api<CallBody>('GET', `/v1/calls/${id}`)));
  expect(now.filter(({ body }) => body.state !== 'completed')).toEqual([]);
  // The same webhook-id lets the receiver recognize the same call.
  await until('every corrected outcome has been reported, too', () =>
    corrected.every((id) => reported(id).at(-1) === 'completed'),
  );
  expect(new Set(corrected.map((id) => reported(id)[0]))).toEqual(new Set(['failed']));
  await receiver.close();
});

it('a worker frozen while it waits for jobs keeps no call from the others', async () => {
  await deployment.startWorker().says('worker ready');
  const redis = deployment.redis.client();
  try {
    // Each worker has a connection of its own for each queue; the name says which, and the flag b that it waits.
    const ofCalls = `name={wx:calls}:${Buffer.from('calls').toString('base64')}:w:`;
    const waiting = async () =>
      String(await redis.client('LIST'))
        .split('\n')
        .filter((line) => line.includes(ofCalls) && / flags=\w*b/.test(line)).length;
    for (let round = 1; round <= 5; round++) {
      await until('both wait for work', async () => (await waiting()) === 2);
      await deployment.freeze(first);
      expect((await read()).body.state).toBe('completed');
      first.thaw();
    }
  } finally {
    redis.disconnect();
  }
});

it('a worker dies during a message whose deadline then passes: the message is not reported as unsent', async () => {
  await Promise.all(
    deployment.workers.filter((worker) => worker.running && worker !== first).map((one) => one.shutDown()),
  );
  await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: STILL, count: 1, at: 'after' });
  const sending = send('late death');
  await arrived(SEND_MESSAGE, 1);
  await first.kill();
  await deadlinesPass();
  deployment.startWorker();
  expect(await outcomeOf(deployment, sending)).toMatchObject({
    state: 'failed',
    failure: { code: 'outcome_unknown', remedy: 'operator' },
  });
  expect(await sent('late death')).toBe(1);
});

function read(): Promise<{ status: number; body: CallBody }> {
  return deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: USER_INFO, query: { openid }, waitMs: 60_000 });
}

function send(content: string, more: object = {}, gateway = 0): Promise<{ status: number; body: CallBody }> {
  const body = { touser: openid, msgtype: 'text', text: { content } };
  return deployment.call(
    SERVICE_ACCOUNT,
    { method: 'POST', path: SEND_MESSAGE, body, waitMs: 60_000, ...more },
    gateway,
  );
}

/** How often WeChat has sent that message. */
async function sent(content: string): Promise<number> {
  return (await deployment.wechat.messageCounts()).get(content) ?? 0;
}

async function asked(path: string): Promise<number> {
  return (await tally(deployment)).asked(path) - before.asked(path);
}

/** Of all calls that have departed and are not settled. */
async function deadlinesPass(): Promise<void> {
  const redis = deployment.redis.client();
  const records = (await redis.keys('wx:{*}:call:*')).filter((key) => !/:(request|result|callback)$/.test(key));
  const states = await Promise.all(records.map((key) => redis.hget(key, 'state')));
  const departed = records.filter((_, i) => states[i] === 'sent');
  expect(departed).toHaveLength(1);
  await redis.hset(departed[0]!, 'deadlineAt', '1');
  redis.disconnect();
}

function arrived(path: string, times: number): Promise<unknown> {
  return until(`WeChat is asked ${path} ${times} times`, async () => (await asked(path)) >= times);
}

function refused(path: string, times: number): Promise<unknown> {
  return until(`WeChat refuses ${path}`, async () => {
    return (await tally(deployment)).answered(path, 42001) - before.answered(path, 42001) >= times;
  });
}

/** A worker that has resumed finds that its jobs belong to other workers. */
async function awake(worker: Child, silentAt: number): Promise<void> {
  await until(`${worker.name} is awake`, () =>
    /could not renew lock|Missing (lock|key)|Lock mismatch/.test(worker.output.slice(silentAt)),
  );
}
