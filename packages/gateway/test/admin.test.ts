import { request } from 'node:http';
import { Failure } from '@wxthirdparty/wechat';
import { Queue, Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { GatewaySettings } from '../src/gateway-settings.ts';
import { fakePlatform } from './fake-platform.ts';
import { API_KEY, type OpenedGateway, openGateway } from './open-gateway.ts';
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

/** As a script: `fetch` names a mode, like browsers. */
function asScript(gateway: OpenedGateway, path: string, headers: Record<string, string> = {}) {
  return new Promise<{ status: number; challenge: string | undefined }>((resolve, reject) => {
    request(gateway.url + path, { headers }, (response) => {
      response.resume().on('end', () => {
        resolve({ status: response.statusCode!, challenge: response.headers['www-authenticate'] });
      });
    })
      .on('error', reject)
      .end();
  });
}

test('page, API and files require the login, for which only scripts are asked', async () => {
  const gateway = await openBoard();
  for (const path of ['/admin/queues', '/admin/queues/api/queues', '/admin/queues/static/favicon.ico']) {
    expect(await asScript(gateway, path)).toEqual({ status: 401, challenge: expect.stringMatching(/^Basic /) });
    const response = await fetch(gateway.url + path);
    expect([response.status, response.headers.get('www-authenticate')]).toEqual([401, null]);
  }
  for (const wrong of [basic('admin', 'x'), basic('root', 'a-password'), { authorization: 'Bearer a-password' }]) {
    expect((await asScript(gateway, '/admin/queues', wrong)).status).toBe(401);
  }
});

test('a browser that opens the page is sent to the sign-in', async () => {
  const gateway = await openBoard();
  const headers = { 'sec-fetch-mode': 'navigate' };
  const status = await new Promise<(number | string | undefined)[]>((resolve) => {
    request(`${gateway.url}/admin/queues/`, { headers }, (response) => {
      resolve([response.resume().statusCode, response.headers.location]);
    }).end();
  });
  expect(status).toEqual([303, '/admin/sign-in?to=/admin/queues/']);
});

test('wrong passwords are counted as sign-ins are, and noted; one that was right lately is not counted', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform);
  const taken: unknown[] = [];
  platform.signInAttempts.take = async (attempt) => void taken.push(attempt);
  for (let n = 0; n < 3; n++) expect((await asScript(gateway, '/admin/queues/', login)).status).toBe(200);
  expect(taken.splice(0)).toEqual([{ address: '127.0.0.1', name: 'admin' }]);
  expect((await asScript(gateway, '/admin/queues/', basic('admin', 'guess'))).status).toBe(401);
  expect(taken).toHaveLength(1);
  expect(platform.audited).toMatchObject([
    { actor: { id: 'unknown', address: '127.0.0.1' }, action: 'sign-in refused', target: 'owner' },
  ]);
  platform.signInAttempts.take = () => Promise.reject(new Failure('too_many_guesses', 'slow-down', 'too many'));
  expect((await asScript(gateway, '/admin/queues/', basic('admin', 'guess'))).status).toBe(429);
  expect((await asScript(gateway, '/admin/queues/', login)).status).toBe(200);
});

test('behind a trusted proxy it is the caller’s address that counts', async () => {
  const platform = fakePlatform();
  const gateway = await openGateway(platform, { trustProxy: '1' });
  const addresses: string[] = [];
  platform.signInAttempts.take = async ({ address }) => void addresses.push(address);
  for (const address of ['192.0.2.1', '192.0.2.2', '2001:db8:0:1::1']) {
    await asScript(gateway, '/admin/queues', { ...basic('admin', 'guess'), 'x-forwarded-for': address });
  }
  expect(addresses).toEqual(['192.0.2.1', '192.0.2.2', '2001:db8:0:1']);
});

/** The cookie of a session of the console. */
async function signedIn(gateway: OpenedGateway, input: object): Promise<Record<string, string>> {
  const response = await fetch(`${gateway.url}/admin/api/session`, {
    method: 'POST',
    headers: { 'x-wx-console': '1', 'content-type': 'application/json' },
    body: JSON.stringify(input),
  });
  return { cookie: response.headers.getSetCookie()[0]!.split(';')[0]! };
}

test('the session of the owner opens the pages, that of a key does not', async () => {
  const gateway = await openBoard();
  const owner = await signedIn(gateway, { name: 'admin', password: 'a-password' });
  for (const path of ['/admin/queues/', '/admin/queues/api/queues']) {
    expect((await fetch(gateway.url + path, { headers: owner })).status).toBe(200);
  }
  const key = await signedIn(gateway, { key: API_KEY });
  const refused = await fetch(`${gateway.url}/admin/queues/`, { headers: key });
  expect([refused.status, await refused.text()]).toEqual([403, expect.stringContaining('ADMIN_USER')]);
});

test('the session of the owner changes jobs only if writing was allowed, which is noted before', async () => {
  const reading = await openBoard();
  const owner = await signedIn(reading, { name: 'admin', password: 'a-password' });
  expect(await put(reading, `pushes/${failed}/retry`, { authorization: '', ...owner })).toBe(405);

  const platform = fakePlatform();
  platform.queues = [{ queue: calls, description: 'Requests to WeChat, one job each.' }];
  const writing = await openGateway(platform, { admin: { user: 'admin', password: 'a-password', write: true } });
  const writer = { authorization: '', ...(await signedIn(writing, { name: 'admin', password: 'a-password' })) };
  platform.audited.length = 0;
  expect(await put(writing, 'calls/resume', writer)).toBe(200);
  expect(await put(writing, 'calls/pause', { ...writer, 'sec-fetch-site': 'same-site' })).toBe(403);
  expect(platform.audited).toMatchObject([
    { actor: { id: 'owner' }, action: 'PUT /admin/queues', target: 'calls/resume' },
  ]);
  platform.audit.note = () => Promise.reject(new Failure('database_unreachable', 'retry', 'away'));
  expect(await put(writing, 'calls/pause', writer)).toBe(503);
  expect(await calls.isPaused()).toBe(false);
});

test('the page requests nothing from foreign hosts', async () => {
  const gateway = await openBoard();
  const response = await fetch(`${gateway.url}/admin/queues/`, { headers: login });
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
