import { createHmac } from 'node:crypto';
import net, { type AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { allSettled, type BatchItem, batch, batchIds, find, message, sentBy } from './support/call-terms.ts';
import { type CallBody, Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { Receiver } from './support/receiver.ts';
import { follower, SEND_MESSAGE, tally, USER_INFO } from './support/tally.ts';
import { until } from './support/until.ts';

/** WeChat answers only when the story releases the answers. */
const STILL = 600_000;
/** Between Redis' clock and that of a process. */
const CLOCK_TOLERANCE_MS = 1_000;
/** How long this process needs, once it runs, to notice that a connection was closed. */
const CLOSING_MS = 50;

let deployment: Deployment;
let openid: string;

beforeAll(async () => {
  deployment = await Deployment.open({ gateways: 2, workers: 2, env: { LOG_LEVEL: 'info' } });
  await deployment.authorized(SERVICE_ACCOUNT);
  await deployment.authorized(MINI_PROGRAM);
  openid = await follower(deployment);
});
afterAll(() => deployment?.close());
afterEach(async () => {
  await deployment.wechat.control('DELETE', '/faults');
  await reopen(SERVICE_ACCOUNT, SEND_MESSAGE);
});

const say = (content: string, more: object = {}) => message(SERVICE_ACCOUNT, openid, content, more);
const read = { appid: SERVICE_ACCOUNT, method: 'GET', path: USER_INFO, query: {} as object };
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const times = async (content: string) =>
  (await sentBy(deployment, SERVICE_ACCOUNT)).filter((text) => text === content).length;

/** Submits a call under an idempotency key. */
async function submit(
  key: string | undefined,
  content: string,
  { gateway = 0, ...more }: { gateway?: number; waitMs?: number; [name: string]: unknown } = {},
): Promise<{ status: number; body: CallBody }> {
  const { appid, ...call } = say(content);
  const response = await fetch(`${deployment.gatewayUrl(gateway)}/v1/authorizers/${appid}/calls`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${deployment.apiKey}`,
      'content-type': 'application/json',
      ...(key === undefined ? {} : { 'idempotency-key': key }),
    },
    body: JSON.stringify({ ...call, ...more }),
  });
  return { status: response.status, body: (await response.json()) as CallBody };
}

it.each([
  ['the callers wait', 60_000],
  ['no caller waits', 0],
])('of twenty requests under one key at two gateways one is sent, when %s', async (name, waitMs) => {
  await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: 300, count: 1 });
  const key = `order-${waitMs}`;
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => submit(key, name, { gateway: i % 2, waitMs })),
  );
  const ids = [...new Set(answers.map(({ body }) => body.id))];
  expect(ids).toHaveLength(1);
  if (waitMs > 0) {
    expect(answers.map(({ status, body }) => [status, body.state])).toEqual(answers.map(() => [200, 'completed']));
  }
  await allSettled(deployment, ids);
  // Later, without waiting, the key still identifies that call; another call under it is refused.
  expect((await submit(key, name, { gateway: 1, waitMs: 1 })).body).toMatchObject({ id: ids[0], state: 'completed' });
  expect(await submit(key, `${name}, but more`, { waitMs })).toMatchObject({
    status: 409,
    body: { code: 'idempotency_conflict', remedy: 'fix-request' },
  });
  expect(await times(name)).toBe(1);
});

it('a request that is repeated under its key finds its call even when the quota is closed', async () => {
  const first = await submit('closed', 'before the quota closed', { waitMs: 60_000 });
  await deployment.wechat.control('POST', '/quota', { appid: SERVICE_ACCOUNT, path: SEND_MESSAGE, minute: 0 });
  await until(
    'the quota is closed',
    async () => (await submit(undefined, 'one more', { waitMs: 60_000 })).status === 429,
  );
  const again = await submit('closed', 'before the quota closed', { gateway: 1, waitMs: 60_000 });
  expect(again).toMatchObject({ status: 200, body: { id: first.body.id, state: 'completed' } });
});

it('a call that is cancelled is never sent, one that was sent is never cancelled', async () => {
  await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: STILL });
  const before = (await tally(deployment)).asked(SEND_MESSAGE);
  const said = Array.from({ length: 60 }, (_, i) => `race ${i}`);
  const ids = await batchIds(
    deployment,
    said.map((text) => say(text)),
  );
  await until('some have departed', async () => (await tally(deployment)).asked(SEND_MESSAGE) - before > 3);
  const cancel = (id: string, i: number) => deployment.api<CallBody>('DELETE', `/v1/calls/${id}`, undefined, i % 2);
  const [last, ...others] = ids.toReversed();
  const first = await cancel(last!, 0);
  // From now on each of the others may depart or be cancelled.
  const cancelling = others.map(cancel);
  await deployment.wechat.control('DELETE', '/faults');
  await deployment.wechat.control('POST', '/release');
  const answers = [first, ...(await Promise.all(cancelling))].reverse();
  const calls = await allSettled(deployment, ids);
  const sent = await sentBy(deployment, SERVICE_ACCOUNT);
  const faults = answers.flatMap(({ status, body }, i) => {
    const arrived = sent.filter((text) => text === said[i]).length;
    const right =
      status === 200
        ? body.state === 'cancelled' && calls[i]!.state === 'cancelled' && arrived === 0
        : status === 409 && body.code === 'already_departed' && calls[i]!.state === 'completed' && arrived === 1;
    return right ? [] : [`${said[i]}: ${status} ${body.state}, then ${calls[i]!.state}, arrived ${arrived} times`];
  });
  expect(faults).toEqual([]);
  const statuses = answers.map(({ status }) => status);
  expect(statuses).toContain(200);
  expect(statuses).toContain(409);
  const cancelled = ids[statuses.indexOf(200)]!;
  expect(await deployment.api('DELETE', `/v1/calls/${cancelled}`)).toMatchObject({
    status: 200,
    body: { state: 'cancelled' },
  });
  expect(await deployment.api('DELETE', '/v1/calls/unknown.call.id')).toMatchObject({
    status: 404,
    body: { code: 'unknown_call' },
  });
});

it('a call whose deadline passes fails in time with deadline_passed, even behind a closed quota, and is not sent', async () => {
  await deployment.wechat.control('POST', '/quota', { appid: SERVICE_ACCOUNT, path: SEND_MESSAGE, minute: 0 });
  const [first] = await batchIds(deployment, [say('parked for long')]);
  await until('the quota is closed', async () => (await find(deployment, first!)).state === 'delayed');
  let deadlineInMs = 750;
  // On a busy machine the deadline chosen first may have passed when the call arrives.
  const late = await until('the call is accepted before its deadline', async () => {
    deadlineInMs *= 2;
    return (await batch(deployment, [say('too late', { deadlineAt: inMs(deadlineInMs) })])).items[0]?.id;
  });
  const [call] = await allSettled(deployment, [late]);
  expect(call).toMatchObject({ state: 'failed', failure: { code: 'deadline_passed', remedy: 'retry' } });
  expect(call?.failure).toMatchObject({
    explanation: { zh: expect.stringContaining('截止时间'), en: expect.any(String) },
  });
  // At the end of a minute it is tried, and refused again.
  await until('the other waits', async () => (await find(deployment, first!)).state === 'delayed');
  await deployment.api('DELETE', `/v1/calls/${first}`);
  await reopen(SERVICE_ACCOUNT, SEND_MESSAGE);
  expect(await times('too late')).toBe(0);
  expect(await submit(undefined, 'past', { deadlineAt: '2020-01-01T00:00:00Z' })).toMatchObject({ status: 400 });
});

it('a call that is scheduled for later waits for its time and does not delay the others', async () => {
  let dueInMs = 1_250;
  // On a busy machine the other call may take longer than the time chosen first.
  const { notBeforeAt, id, text } = await until(
    'the other call has settled before the scheduled one is due',
    async () => {
      dueInMs *= 2;
      const scheduled = { notBeforeAt: inMs(dueInMs), text: `due in ${dueInMs}` };
      const { status, body } = await submit(undefined, scheduled.text, { notBeforeAt: scheduled.notBeforeAt });
      expect(status).toBe(202);
      expect(body).toMatchObject({ state: 'delayed', notBeforeAt: scheduled.notBeforeAt });
      const [other] = await batchIds(deployment, [say(`passed ${scheduled.text}`)]);
      await allSettled(deployment, [other!]);
      return (await times(scheduled.text)) === 0 && { ...scheduled, id: body.id };
    },
  );
  const [call] = await allSettled(deployment, [id]);
  expect(call?.state).toBe('completed');
  const messages = (await deployment.wechat.messages()) as unknown as { content: { content: string }; at: string }[];
  const { at } = messages.find(({ content }) => content.content === text)!;
  expect(new Date(at).getTime()).toBeGreaterThanOrEqual(new Date(notBeforeAt).getTime());
});

it('a batch goes to many accounts, and each of its calls has its own answer', async () => {
  const calls = Array.from({ length: 1_000 }, (_, i) => {
    if (i === 500) return { ...read, appid: 'wx0000000000000bad' };
    if (i === 501) return { ...read, path: '/cgi-bin/token' };
    return { ...read, appid: i % 2 === 0 ? SERVICE_ACCOUNT : MINI_PROGRAM, query: { openid } };
  });
  const headers = { 'idempotency-key': 'nightly-batch' };
  const { status, items } = await batch(deployment, calls, { headers });
  expect(status).toBe(202);
  expect(items).toHaveLength(1_000);
  expect(items[500]?.problem).toMatchObject({ code: 'unknown_authorizer', status: 404 });
  expect(items[501]?.problem).toMatchObject({ code: 'invalid_request', status: 400 });
  const ids = items.flatMap(({ id }) => (id === undefined ? [] : [id]));
  expect(new Set(ids).size).toBe(998);
  // The same batch again returns the same calls.
  const again = await batch(deployment, calls, { gateway: 1, headers });
  expect(again.items.map(({ id }: BatchItem) => id)).toEqual(items.map(({ id }) => id));
  await allSettled(deployment, ids);
  const [first, second] = await Promise.all([find(deployment, ids[0]!), find(deployment, ids[1]!)]);
  expect(first).toMatchObject({ state: 'completed', appid: SERVICE_ACCOUNT, response: { body: { openid } } });
  expect(second).toMatchObject({ state: 'completed', appid: MINI_PROGRAM });
  expect((await batch(deployment, [...calls, ...calls])).status).toBe(400);
});

it('calls are listed page by page, by state, path and time', async () => {
  const since = inMs(0);
  const reads = await batchIds(
    deployment,
    Array.from({ length: 7 }, () => ({ ...read, query: { openid } })),
  );
  const later = await batchIds(deployment, [say('much later', { notBeforeAt: inMs(600_000) })]);
  await allSettled(deployment, reads);
  interface Page {
    items: { id: string; state: string; path: string }[];
    next: string | null;
  }
  const list = async (query: string) =>
    (await deployment.api<Page>('GET', `/v1/calls?appid=${SERVICE_ACCOUNT}&since=${since}&${query}`)).body;
  const newestFirst = [...reads, ...later].toReversed();
  const all: string[] = [];
  for (let cursor = ''; ; ) {
    const page = await list(`limit=3${cursor}`);
    expect(page.items.length).toBeLessThanOrEqual(3);
    all.push(...page.items.map(({ id }) => id));
    if (page.next === null) break;
    cursor = `&cursor=${page.next}`;
  }
  expect(all).toEqual(newestFirst);
  expect((await list('state=delayed')).items.map(({ id }) => id)).toEqual(later);
  expect((await list('state=completed')).items.map(({ id }) => id)).toEqual(reads.toReversed());
  expect((await list(`path=${SEND_MESSAGE}`)).items.map(({ id }) => id)).toEqual(later);
  expect((await list('limit=1')).items[0]).not.toHaveProperty('response');
  expect((await deployment.api('GET', '/v1/calls')).status).toBe(400);
  expect((await deployment.api('GET', '/v1/calls?appid=wx0000000000000bad')).status).toBe(404);
  await deployment.api('DELETE', `/v1/calls/${later[0]}`);
});

it('a business receives the outcome of its calls in signed callbacks, repeated until it accepts them', async () => {
  const receiver = await Receiver.open(({ url }, n) =>
    url.endsWith('stubborn') ? 410 : ([500, 0, 302][n - 1] ?? 200),
  );
  const reportsOf = (id: string | undefined) =>
    receiver.received.map(({ body }) => JSON.parse(body)).filter(({ data }) => data.id === id);
  const startedAt = Date.now();
  try {
    const callbackUrl = `${receiver.url}?token=of-the-business`;
    const { body } = await submit(undefined, 'report me', { callbackUrl, waitMs: 60_000 });
    expect(body.state).toBe('completed');
    // After the third; on a busy machine it may be repeated even then.
    await until('the business has accepted the callback', () => receiver.received.length >= 4);
    const printed = deployment.command(['callback-secret']);
    await printed.says(/whsec_\S+\s/);
    const secret = Buffer.from(/whsec_(\S+)/.exec(printed.output)![1]!, 'base64');
    for (const { headers, body: reported, url } of receiver.received) {
      expect(url).toBe('/hook?token=of-the-business');
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${reported}`;
      expect(headers['webhook-signature']).toBe(`v1,${createHmac('sha256', secret).update(signed).digest('base64')}`);
      const sentAt = Number(headers['webhook-timestamp']) * 1_000;
      expect(sentAt).toBeGreaterThan(startedAt - CLOCK_TOLERANCE_MS);
      expect(sentAt).toBeLessThan(Date.now() + CLOCK_TOLERANCE_MS);
    }
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1);
    expect(JSON.parse(receiver.received[3]!.body)).toMatchObject({
      type: 'call.settled',
      data: { id: body.id, state: 'completed', response: { status: 200, body: { errcode: 0 } } },
    });

    // Calls with another outcome are reported, too.
    const [cancelled, late] = await batchIds(deployment, [
      say('never mind', { callbackUrl: `${receiver.url}/stubborn`, notBeforeAt: inMs(600_000) }),
      say('too late', { callbackUrl, notBeforeAt: inMs(-1), deadlineAt: inMs(300_000) }),
    ]);
    await deployment.api('DELETE', `/v1/calls/${cancelled}`);
    await until('both are reported', () => reportsOf(cancelled).length > 0 && reportsOf(late).length > 0);
    expect(reportsOf(cancelled)[0].data).toMatchObject({ state: 'cancelled' });
    expect(reportsOf(late)[0].data).toMatchObject({ state: 'completed' });
    const logs = () => [...deployment.workers, ...deployment.gateways].map(({ output }) => output).join('');
    // A worker logs an attempt after the receiver has answered.
    await until('the refusal is logged', () => logs().includes('"outcome":"refused"'));
    expect(logs()).not.toContain('of-the-business');
  } finally {
    await receiver.close();
  }
  for (const callbackUrl of ['ftp://business.example/', 'business.example', 'http://user:secret@business.example/']) {
    expect(await submit(undefined, 'x', { callbackUrl })).toMatchObject({
      status: 400,
      body: { code: 'invalid_request' },
    });
  }
});

it('a receiver that never answers occupies only a few slots, and callbacks to another one are delivered', async () => {
  let open = 0;
  let most = 0;
  const sockets = new Set<net.Socket>();
  const silent = net.createServer((socket) => {
    open++;
    sockets.add(socket);
    socket.resume().on('error', () => {});
    socket.once('close', () => open--);
    // After the ends of connections that were closed before this one was opened.
    setTimeout(() => {
      most = Math.max(most, open);
    }, CLOSING_MS);
  });
  await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
  const receiver = await Receiver.open(() => 200);
  try {
    const callbackUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`;
    const query = { openid };
    const ids = await batchIds(
      deployment,
      Array.from({ length: 40 }, () => ({ ...read, query, callbackUrl })),
    );
    await allSettled(deployment, ids);
    await until('the silent receiver is tried', () => most > 0);
    const { body } = await submit(undefined, 'accepted', { callbackUrl: receiver.url, waitMs: 60_000 });
    await until('the other receiver has its callback', () => receiver.received.length > 0);
    expect(JSON.parse(receiver.received[0]!.body).data.id).toBe(body.id);
    // Four for each of the two workers.
    expect(most).toBeLessThanOrEqual(8);
  } finally {
    for (const socket of sockets) socket.destroy();
    silent.close();
    await receiver.close();
  }
});

it('WeChat’s error numbers are explained', async () => {
  expect(await deployment.api('GET', '/v1/explain/40001')).toMatchObject({
    status: 200,
    body: {
      code: 'token_refused',
      remedy: 'refresh-token',
      explanation: { zh: expect.stringContaining('access_token') },
    },
  });
});

/** Ends the current minute in WeChat's counts and in ours. */
async function reopen(appid: string, path: string): Promise<void> {
  await deployment.wechat.control('POST', '/quota/reset');
  const redis = deployment.redis.client();
  await redis.del(`wx:{${deployment.component.appid}:${appid}}:quota:${path}`);
  redis.disconnect();
}
