import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type CallBody, Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { Front } from './support/front.ts';
import {
  AUTHORIZER_TOKEN,
  COMPONENT_TOKEN,
  expire,
  follower,
  SEND_MESSAGE,
  tally,
  USER_INFO,
} from './support/tally.ts';
import { until } from './support/until.ts';

const PROBE_AFTER_MS = 10_000;

let deployment: Deployment;
let first: Front;
let second: Front;
let openid: string;

beforeAll(async () => {
  [first, second] = [await Front.open(), await Front.open()];
  deployment = await Deployment.open({ workers: 2, env: { WECHAT_API_BASE: `${first.url},${second.url}` } });
  for (const front of [first, second]) front.leadTo(deployment.wechat.url);
  await deployment.authorized();
  openid = await follower(deployment);
});
afterAll(async () => {
  await deployment.close();
  await Promise.all([first.shut(), second.shut()]);
});

it('every request goes to the preferred host as long as it accepts connections', async () => {
  const answers = await Promise.all([read(), read(), send('before')]);
  expect(answers.map(({ body }) => body.state)).toEqual(['completed', 'completed', 'completed']);
  expect(first.passed).toEqual(expect.arrayContaining([COMPONENT_TOKEN, USER_INFO, SEND_MESSAGE]));
  expect(second.passed).toEqual([]);
});

it('a connection that is cut after the call arrived causes no failover: the outcome of the call is unknown', async () => {
  first.cutAnswers(SEND_MESSAGE);
  const { body } = await send('cut');
  expect(body).toMatchObject({ state: 'failed', failure: { code: 'outcome_unknown', remedy: 'operator' } });
  expect(await sent('cut')).toBe(1);
  first.cutAnswers('');
  expect(second.passed).toEqual([]);
});

it('any answer counts as an answer, even an error', async () => {
  await deployment.wechat.control('POST', '/fail', { path: SEND_MESSAGE, how: 'errcode', errcode: -1, count: 1 });
  expect((await send('busy')).body).toMatchObject({ state: 'completed', response: { body: { errcode: -1 } } });
  await deployment.wechat.control('POST', '/fail', { path: USER_INFO, how: '502', count: 1 });
  expect((await read()).body).toMatchObject({ state: 'completed', attempts: 2 });
  expect(second.passed).toEqual([]);
});

it('the preferred host dies under load: all calls continue through the other, nothing is sent twice', async () => {
  const contents = Array.from({ length: 60 }, (_, i) => `load ${i}`);
  // The host itself dies, at a moment at which most of them are yet to come.
  const died = first.shutAfter(SEND_MESSAGE, 10);
  const calling = contents.map((content) => Promise.all([send(content), read()]));
  await died;
  const called = await Promise.all(calling);
  expect(called.map(([, { body }]) => body.state)).toEqual(contents.map(() => 'completed'));
  expect(second.passed).toEqual(expect.arrayContaining([USER_INFO, SEND_MESSAGE]));
  const times = await deployment.wechat.messageCounts();
  for (const [i, [{ body }]] of called.entries()) {
    const count = times.get(contents[i]!) ?? 0;
    // The calls in flight when the connections broke.
    if (body.failure?.code === 'outcome_unknown') expect(count).toBeLessThanOrEqual(1);
    else expect({ state: body.state, count }).toEqual({ state: 'completed', count: 1 });
  }
});

it('calls, messages that must not be repeated, and token refreshes are not affected', async () => {
  const before = await tally(deployment);
  await expire(deployment, ['component', 'authorizer']);
  const contents = Array.from({ length: 30 }, (_, i) => `after ${i}`);
  const called = await Promise.all([...contents.map(send), read(), read()]);
  expect(called.map(({ body }) => body.failure?.code ?? body.state)).toEqual(called.map(() => 'completed'));
  const times = await deployment.wechat.messageCounts();
  expect(contents.map((content) => times.get(content))).toEqual(contents.map(() => 1));
  const now = await tally(deployment);
  expect(now.componentTokens - before.componentTokens).toBe(1);
  expect(now.authorizerTokens - before.authorizerTokens).toBe(1);
  expect(second.passed).toEqual(expect.arrayContaining([COMPONENT_TOKEN, AUTHORIZER_TOKEN, USER_INFO, SEND_MESSAGE]));
});

it('consent pages, for which the gateway itself asks WeChat, continue as well; each process reports what it has observed', async () => {
  for (let i = 0; i < 3; i++) {
    const page = await fetch(`${deployment.gatewayUrl()}/authorize/${deployment.component.appid}`);
    expect([page.status, await page.text()]).toEqual([200, expect.stringContaining('pre_auth_code')]);
  }
  const { host } = new URL(first.url);
  await until('both workers have turned away', async () => {
    expect((await read()).body.state).toBe('completed');
    return deployment.workers.every((worker) => said(worker.lines(), 'host unreachable', host) === 1);
  });
  await until('the gateway, too', () => said(deployment.gateways[0]!.lines(), 'host unreachable', host) === 1);
});

it('the preferred host comes back, and is used again without intervention', async () => {
  await first.reopen();
  const { host } = new URL(first.url);
  await until('both workers are back', async () => {
    expect((await read()).body.state).toBe('completed');
    return deployment.workers.every((worker) => said(worker.lines(), 'host reachable again', host) === 1);
  });
  const [atFirst, atSecond] = [first.passed.length, second.passed.length];
  const called = await Promise.all(Array.from({ length: 10 }, (_, i) => send(`back ${i}`)));
  expect(called.map(({ body }) => body.state)).toEqual(called.map(() => 'completed'));
  expect([first.passed.length - atFirst, second.passed.length - atSecond]).toEqual([10, 0]);
});

it('a host that swallows connections costs a new process one connect timeout, and no message', async () => {
  const swallowed = new Set<Socket>();
  const hole = createServer((socket) => void swallowed.add(socket.on('error', () => {})));
  await new Promise<void>((resolve) => hole.listen(0, '127.0.0.1', resolve));
  try {
    for (const worker of deployment.workers) expect(await worker.shutDown()).toBe(0);
    const bases = `https://127.0.0.1:${(hole.address() as AddressInfo).port},${second.url}`;
    await deployment.startWorker({ WECHAT_API_BASE: bases }).says('worker ready');

    const together = await Promise.all([send('swallowed 1'), send('swallowed 2'), read()]);
    expect(together.map(({ body }) => body.failure?.code ?? body.state)).toEqual(together.map(() => 'completed'));
    const [before, laterAt] = [swallowed.size, performance.now()];
    for (let i = 0; i < 10; i++) expect((await send(`later ${i}`)).body.state).toBe('completed');
    // No call waits for that host again; a probe opens a connection every ten seconds.
    const probes = Math.ceil((performance.now() - laterAt) / PROBE_AFTER_MS);
    expect(swallowed.size - before).toBeLessThanOrEqual(probes);
    const times = await deployment.wechat.messageCounts();
    const contents = ['swallowed 1', 'swallowed 2', ...Array.from({ length: 10 }, (_, i) => `later ${i}`)];
    expect(contents.map((content) => times.get(content))).toEqual(contents.map(() => 1));
    expect(swallowed.size).toBeGreaterThan(0);
  } finally {
    for (const socket of swallowed) socket.destroy();
    hole.close();
  }
});

function read(): Promise<{ status: number; body: CallBody }> {
  return deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: USER_INFO, query: { openid } });
}

function send(content: string): Promise<{ status: number; body: CallBody }> {
  const body = { touser: openid, msgtype: 'text', text: { content } };
  return deployment.call(SERVICE_ACCOUNT, { method: 'POST', path: SEND_MESSAGE, body });
}

async function sent(content: string): Promise<number> {
  return (await deployment.wechat.messageCounts()).get(content) ?? 0;
}

function said(lines: Record<string, unknown>[], msg: string, host: string): number {
  return lines.filter((line) => line.msg === msg && line.host === host).length;
}
