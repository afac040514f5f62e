import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GatewaySettings } from '../src/gateway-settings.ts';
import { fakePlatform } from './fake-platform.ts';
import { type OpenedGateway, openGateway } from './open-gateway.ts';
import { runRedis } from './run-redis.ts';

const SECRET = 'oSECRETSECRETSECRETSECRETSEC';
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
const login = basic('admin', 'a-password');

let redis: Awaited<ReturnType<typeof runRedis>>;
let connection: Redis;
let pushes: Queue;
let calls: Queue;
let failed: string;

beforeAll(async () => {
  redis = await runRedis();
  connection = new Redis(redis.port, '127.0.0.1', { maxRetriesPerRequest: null });
  pushes = new Queue('pushes', { connection, prefix: '{wx:pushes}' });
  calls = new Queue('calls', { connection, prefix: '{wx:calls}' });
  await calls.pause();
  await calls.add('call', { callId: 'call-1', owner: { component: 'c1', appid: 'a1' }, openid: SECRET });
  const job = await pushes.add('push', { component: 'c1', envelope: { encrypt: SECRET }, content: SECRET });
  failed = job.id!;
  const worker = new Worker(
    'pushes',
    async (it) => {
      await it.log(`saw ${SECRET}`);
      await it.updateProgress({ nextOpenid: SECRET });
      throw new Error(`broke at ${SECRET}`);
    },
    { connection, prefix: '{wx:pushes}' },
  );
  await new Promise((resolve) => worker.once('failed', resolve));
  await worker.close();
});

afterAll(async () => {
  await Promise.all([pushes?.close(), calls?.close()]);
  connection?.disconnect();
  await redis?.stop();
});

function openBoard(
  admin: Partial<GatewaySettings['admin']> = {},
  rest: Partial<GatewaySettings> = {},
): Promise<OpenedGateway> {
  const platform = fakePlatform();
  platform.queues = [
    { queue: calls, description: 'Requests to WeChat, one job each.' },
    { queue: pushes, description: 'Pushes from WeChat.' },
  ];
  return openGateway(platform, {
    admin: { user: 'admin', password: 'a-password', write: false, ...admin },
    ...rest,
  });
}

test('without a password the pages are closed, and the answer names the setting', async () => {
  const gateway = await openBoard({ password: undefined });
  const response = await fetch(`${gateway.url}/admin/queues`, { headers: basic('admin', 'undefined') });
  expect(response.status).toBe(403);
  expect(await response.text()).toContain('ADMIN_PASSWORD');
});

test('page, API and files require the login', async () => {
  const gateway = await openBoard();
  for (const path of ['/admin', '/admin/queues', '/admin/queues/api/queues', '/admin/queues/static/favicon.ico']) {
    const response = await fetch(gateway.url + path, { redirect: 'manual' });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('Basic');
  }
  for (const wrong of [basic('admin', 'x'), basic('root', 'a-password'), { authorization: 'Bearer a-password' }]) {
    expect((await fetch(`${gateway.url}/admin/queues`, { headers: wrong })).status).toBe(401);
  }
});

test('after some wrong passwords further ones are answered slowly; the right one is never refused', async () => {
  const gateway = await openBoard();
  const page = `${gateway.url}/admin/queues`;
  const wrong = async (n: number) => (await fetch(page, { headers: basic('admin', `guess ${n}`) })).status;
  for (let n = 0; n < 10; n++) expect(await wrong(n)).toBe(401);
  let answered = 0;
  const slow = Array.from({ length: 40 }, async (_, n) => {
    const status = await wrong(n);
    answered++;
    return status;
  });
  // Half of them are delayed; the others need not wait to be refused.
  await expect.poll(() => answered).toBeGreaterThanOrEqual(20);
  expect((await fetch(page, { headers: login })).status).toBe(200);
  const statuses = await Promise.all(slow);
  expect(statuses.filter((status) => status === 429).length).toBeGreaterThan(0);
  expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(20);
  expect((await fetch(page, { headers: login })).status).toBe(200);
  // One line for each counted attempt, not for each attempt.
  expect(gateway.log.filter(({ msg }) => msg === 'wrong password for /admin')).toHaveLength(10);
});

test('behind a trusted proxy it is the caller’s address that counts', async () => {
  const gateway = await openBoard({}, { trustProxy: '1' });
  const page = `${gateway.url}/admin/queues`;
  const from = (address: string, password: string) =>
    fetch(page, { headers: { ...basic('admin', password), 'x-forwarded-for': address } });
  for (let n = 0; n < 11; n++) await from('192.0.2.1', 'guess');
  await from('192.0.2.2', 'guess');
  const counted = gateway.log.filter(({ msg }) => msg === 'wrong password for /admin').map((line) => line.from);
  expect(counted).toEqual([...Array(10).fill('192.0.2.1'), '192.0.2.2']);
});

test('the page requests nothing from foreign hosts', async () => {
  const gateway = await openBoard();
  const response = await fetch(`${gateway.url}/admin`, { headers: login });
  expect(response.url).toBe(`${gateway.url}/admin/queues/`);
  expect(response.headers.get('x-powered-by')).toBeNull();
  const page = await response.text();
  expect(page).toContain('<base href="/admin/queues/"');
  expect(page).not.toMatch(/(?:src|href)="https?:/);
  const policy = response.headers.get('content-security-policy')!;
  expect(policy).toContain("style-src 'self' 'unsafe-inline'");
  expect(policy).toContain("font-src 'self'");
  expect(policy).toContain("connect-src 'self'");
  expect(policy).not.toContain('http');
  for (const [, file] of page.matchAll(/(?:src|href)="(static\/[^"]+)"/g)) {
    expect((await fetch(`${gateway.url}/admin/queues/${file}`, { headers: login })).status, file).toBe(200);
  }
  const config = JSON.parse(/id="__UI_CONFIG__"[^>]*>([^<]+)</.exec(page)![1]!) as Record<string, unknown>;
  expect(config).toMatchObject({
    boardTitle: 'wxthirdparty',
    hideDocsLink: true,
    hideRedisDetails: true,
    miscLinks: [],
  });
});

test('queues are named and described, and jobs show ids but no content', async () => {
  const gateway = await openBoard();
  const seen: string[] = [];
  const ask = async (path: string): Promise<string> => {
    const response = await fetch(`${gateway.url}/admin/queues/api/${path}`, { headers: login });
    expect(response.status, path).toBe(200);
    const text = await response.text();
    seen.push(text);
    return text;
  };
  const { queues } = JSON.parse(await ask('queues?activeQueue=calls&status=latest&page=1&jobsPerPage=10')) as {
    queues: { name: string; displayName: string; description: string; jobs: { data: unknown }[] }[];
  };
  expect(queues.map(({ displayName, description }) => [displayName, description])).toEqual([
    ['calls', 'Requests to WeChat, one job each.'],
    ['pushes', 'Pushes from WeChat.'],
  ]);
  expect(queues[0]!.jobs[0]!.data).toEqual({
    callId: 'call-1',
    owner: { component: 'c1', appid: 'a1' },
    openid: 'masked, 28 characters',
  });
  const { job } = JSON.parse(await ask(`queues/pushes/${failed}`)) as { job: Record<string, unknown> };
  expect(job.data).toMatchObject({ component: 'c1', envelope: expect.stringMatching(/^sealed, \d+ bytes$/) });
  expect(job.failedReason).toContain('broke at');
  expect(await ask(`queues/pushes/${failed}/logs`)).toContain('saw');
  await ask(`queues/pushes/${failed}/flow`);
  await ask('job-schedulers');
  expect(seen.join()).not.toContain(SECRET);
});

async function put(gateway: OpenedGateway, path: string, headers: Record<string, string> = {}, method = 'PUT') {
  const response = await fetch(`${gateway.url}/admin/queues/api/queues/${path}`, {
    method,
    headers: { ...login, 'content-type': 'application/json', ...headers },
    body: '{"jobData":{},"name":"x","data":{},"options":{}}',
  });
  return response.status;
}

test('it is read-only unless writing was allowed', async () => {
  const gateway = await openBoard();
  expect(await put(gateway, `pushes/${failed}/retry`)).toBe(405);
  expect(await put(gateway, 'pushes/obliterate')).toBe(405);
  await put(gateway, 'pause');
  expect(await pushes.isPaused()).toBe(false);
  expect((await pushes.getJob(failed))!.failedReason).toContain('broke');
});

test('with the permission to write jobs can be retried, but redacted content is never written back', async () => {
  const gateway = await openBoard({ write: true });
  expect(await put(gateway, `pushes/${failed}/update-data`, {}, 'PATCH')).toBe(403);
  expect(await put(gateway, 'pushes/add', {}, 'POST')).toBe(403);
  expect((await pushes.getJob(failed))!.data).toMatchObject({ content: SECRET });
  const own = { origin: gateway.url, 'sec-fetch-site': 'same-origin' };
  expect(await put(gateway, 'calls/resume', own)).toBe(200);
  expect(await calls.isPaused()).toBe(false);
  expect(await put(gateway, 'calls/pause', own)).toBe(200);
});

test.each([
  [{ origin: 'https://evil.example' }],
  [{ origin: 'null' }],
  [{ 'sec-fetch-site': 'cross-site' }],
  [{ 'sec-fetch-site': 'same-site' }],
  [{ origin: 'https://evil.example', 'sec-fetch-site': 'same-origin' }],
])('a page of another origin cannot write with the operator’s login: %o', async (headers) => {
  const gateway = await openBoard({ write: true });
  expect(await put(gateway, 'pushes/pause', headers as Record<string, string>)).toBe(403);
  expect(await pushes.isPaused()).toBe(false);
});

test('behind a proxy the public URL is our own origin', async () => {
  const gateway = await openBoard({ write: true }, { publicUrl: 'https://wx.example/' });
  expect(await put(gateway, 'calls/pause', { origin: 'https://wx.example' })).toBe(200);
});
