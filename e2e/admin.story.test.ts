import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queues as queueTable } from '../packages/platform/src/open-queues.ts';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { until } from './support/until.ts';

const API = '/admin/queues/api';
const READING = 0;
const WRITING = 1;
const USER_INFO = '/cgi-bin/user/info';
const FAILED_OPENID = 'oFAILEDFAILEDFAILEDFAILEDFAI';

interface Job {
  readonly id: string;
  readonly data: Record<string, unknown>;
}

interface ShownQueue {
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
  readonly readOnlyMode: boolean;
  readonly isPaused: boolean;
  readonly counts: Record<string, number>;
  readonly jobs: readonly Job[];
}

let deployment: Deployment;
beforeAll(async () => {
  // Behind one proxy, so that a story on one machine can have several addresses.
  deployment = await Deployment.open({ gateways: 2, env: { TRUST_PROXY: '1' } });
  await deployment.gateways[WRITING]!.shutDown();
  await deployment.startGateway(WRITING, { ADMIN_WRITE: '1' }).says('gateway listening');
  await deployment.authorized(SERVICE_ACCOUNT);
  await deployment.wechat.control('POST', '/push', {
    url: 'messages',
    appid: SERVICE_ACCOUNT,
    fields: { FromUserName: FAILED_OPENID, MsgType: 'text', Content: '一句悄悄话' },
  });
});
afterAll(async () => {
  await deployment?.wechat.control('DELETE', '/faults');
  await deployment?.wechat.control('POST', '/release');
  await deployment?.close();
});

function basic(password = deployment.adminPassword, user = 'admin'): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}` };
}

function visit(path: string, init: RequestInit & { gateway?: number } = {}): Promise<Response> {
  const { gateway = READING, ...rest } = init;
  return fetch(deployment.gatewayUrl(gateway) + path, { redirect: 'manual', ...rest });
}

async function shownQueues(active = 'calls', gateway = READING): Promise<readonly ShownQueue[]> {
  const query = `activeQueue=${active}&status=latest&page=1&jobsPerPage=100`;
  const response = await visit(`${API}/queues?${query}`, { gateway, headers: basic() });
  expect(response.status).toBe(200);
  return ((await response.json()) as { queues: ShownQueue[] }).queues;
}

async function shownQueue(name: string, gateway = READING): Promise<ShownQueue> {
  return (await shownQueues(name, gateway)).find((queue) => queue.name === name)!;
}

async function write(path: string, gateway: number, headers: Record<string, string> = {}, method = 'PUT') {
  const response = await visit(`${API}/queues/${path}`, {
    gateway,
    method,
    headers: { ...basic(), 'content-type': 'application/json', ...headers },
    body: '{"jobData":{},"name":"x","data":{},"options":{}}',
  });
  return response.status;
}

describe('the login of Bull Board', () => {
  it('is needed for pages, their files and their API, and no other key opens them', async () => {
    for (const path of ['/admin/queues', `${API}/queues`, '/admin/queues/static/favicon.ico']) {
      const from = { 'x-forwarded-for': '192.0.2.10' };
      const without = await visit(path, { headers: from });
      expect(without.status, path).toBe(401);
      // Browsers name a mode, as this client does.
      expect(without.headers.get('www-authenticate')).toBeNull();
      const withApiKey = await visit(path, { headers: { ...from, authorization: `Bearer ${deployment.apiKey}` } });
      expect(withApiKey.status, path).toBe(401);
    }
    for (const headers of [basic(deployment.apiKey), basic(deployment.adminPassword, 'root'), basic('')]) {
      const response = await visit('/admin/queues', { headers: { ...headers, 'x-forwarded-for': '192.0.2.11' } });
      expect(response.status).toBe(401);
      expect(await response.text()).not.toContain('<html');
    }
  });

  it('accepts the right password', async () => {
    const page = await visit('/admin/queues/', { headers: basic() });
    expect(page.status).toBe(200);
    expect(await page.text()).toContain('<title>wxthirdparty');
  });
});

interface Page {
  readonly cookie: string;
  readonly answer: Record<string, unknown>;
}

/** Requests as the console's page makes them. */
async function page(how: string, { cookie = '', body, from = '192.0.2.30', gateway = READING }: PageRequest = {}) {
  const [method = '', path = ''] = how.split(' ');
  const response = await visit(path, {
    gateway,
    method,
    headers: {
      'x-wx-console': '1',
      'x-forwarded-for': from,
      cookie,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  const answer = (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>;
  return { status: response.status, answer, cookie: response.headers.getSetCookie()[0]?.split(';')[0] ?? '' };
}

interface PageRequest {
  readonly cookie?: string;
  readonly body?: unknown;
  readonly from?: string;
  readonly gateway?: number;
}

const SESSION = '/admin/api/session';
const owner = () => ({ name: 'admin', password: deployment.adminPassword });

async function signIn(body: object): Promise<Page> {
  const signedIn = await page(`POST ${SESSION}`, { body });
  expect(signedIn.status).toBe(200);
  return signedIn;
}

async function newKey(cookie: string, input: object): Promise<{ id: string; key: string }> {
  const { status, answer } = await page('POST /v1/keys', { cookie, body: input });
  expect(status).toBe(201);
  return answer as { id: string; key: string };
}

describe('the sessions of the console', () => {
  it('are known to every gateway, and end on all of them', async () => {
    const { cookie, answer } = await signIn(owner());
    expect(answer).toMatchObject({ actor: { kind: 'owner', name: 'admin' }, write: true });
    for (const gateway of [READING, WRITING]) {
      expect(await page(`GET ${SESSION}`, { cookie, gateway })).toMatchObject({ status: 200, answer });
      expect((await page('GET /v1/keys', { cookie, gateway })).status).toBe(200);
    }
    expect((await page(`DELETE ${SESSION}`, { cookie, gateway: WRITING })).status).toBe(204);
    for (const gateway of [READING, WRITING]) {
      expect((await page('GET /v1/keys', { cookie, gateway })).status).toBe(401);
    }
  });

  it('are refused after ten wrong passwords of one address, by every gateway', async () => {
    const from = '192.0.2.40';
    const wrong = { ...owner(), password: 'wrong' };
    for (let n = 0; n < 10; n++) {
      const { status } = await page(`POST ${SESSION}`, { from, gateway: n % 2, body: wrong });
      expect(status).toBe(401);
    }
    for (const gateway of [READING, WRITING]) {
      for (const body of [wrong, owner()]) {
        const { status, answer } = await page(`POST ${SESSION}`, { from, gateway, body });
        expect([status, answer.code]).toEqual([429, 'too_many_guesses']);
        expect(answer.retryAfter).toBeGreaterThan(0);
      }
      const board = await visit('/admin/queues/', { gateway, headers: { ...basic(), 'x-forwarded-for': from } });
      expect(board.status).toBe(429);
    }
    await signIn(owner());
  });

  it('of a key see its accounts only, write with the scope admin only, and end with the key', async () => {
    const { cookie: ownersCookie } = await signIn(owner());
    const scopes = ['calls', 'authorizers:read'];
    const narrow = await newKey(ownersCookie, { name: 'support', scopes, accounts: [SERVICE_ACCOUNT] });
    const { cookie } = await signIn({ key: narrow.key });
    const later = new Date(Date.now() + 86_400_000).toISOString();
    const waiting = await deployment.api<{ id: string }>('POST', `/v1/authorizers/${SERVICE_ACCOUNT}/calls`, {
      method: 'GET',
      path: USER_INFO,
      query: { openid: FAILED_OPENID },
      waitMs: 0,
      notBeforeAt: later,
    });
    const call = `/v1/calls/${encodeURIComponent(waiting.body.id)}`;
    for (const [how, status] of [
      [`GET /v1/authorizers/${SERVICE_ACCOUNT}`, 200],
      [`GET ${call}`, 200],
      [`GET /v1/authorizers/${MINI_PROGRAM}`, 403],
      [`GET /v1/calls?appid=${MINI_PROGRAM}`, 403],
      ['GET /v1/keys', 403],
      ['GET /v1/audit', 403],
      [`DELETE ${call}`, 403],
    ] as const) {
      expect([how, (await page(how, { cookie })).status]).toEqual([how, status]);
    }
    const board = await visit('/admin/queues/', { headers: { cookie } });
    expect(board.status).toBe(403);

    // Rights of a key never change, and one for operators is for all accounts.
    const wide = await newKey(ownersCookie, { name: 'night shift', scopes: [...scopes, 'admin'] });
    const { cookie: writer } = await signIn({ key: wide.key });
    const cancelled = await page(`DELETE ${call}`, { cookie: writer });
    expect([cancelled.status, cancelled.answer.state]).toEqual([200, 'cancelled']);

    expect((await page(`DELETE /v1/keys/${narrow.id}`, { cookie: ownersCookie })).status).toBe(204);
    await until('the session of the revoked key has ended on both gateways', async () => {
      const answers = await Promise.all(
        [READING, WRITING].map((gateway) => page(`GET /v1/authorizers/${SERVICE_ACCOUNT}`, { cookie, gateway })),
      );
      return answers.every(({ status }) => status === 401);
    });

    const { answer } = await page('GET /v1/audit?limit=1000', { cookie: ownersCookie });
    const audited = (answer.items as { actor: string; action: string }[]).map(
      ({ actor, action }) => `${actor} ${action}`,
    );
    for (const entry of [
      'owner signed in',
      'key:support signed in',
      'key:night shift DELETE /v1/calls/:id',
      'owner key created',
      'owner key revoked',
      'unknown sign-in refused',
    ]) {
      expect(audited).toContain(entry);
    }
  });

  it('change nothing for a page of another origin, or without the header of the console', async () => {
    const { cookie } = await signIn(owner());
    const input = { name: 'planted', scopes: ['calls'] };
    const post = (headers: Record<string, string>, body: string) =>
      visit('/v1/keys', { method: 'POST', headers: { cookie, ...headers }, body });
    const form = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://evil.example' };
    const json = { 'content-type': 'application/json' };
    expect((await post(form, 'name=planted&scopes=calls')).status).toBe(403);
    expect((await post({ ...json, origin: 'https://evil.example' }, JSON.stringify(input))).status).toBe(403);
    expect((await post(json, JSON.stringify(input))).status).toBe(403);
    const foreign = { ...json, 'x-wx-console': '1', 'sec-fetch-site': 'same-site' };
    expect((await post(foreign, JSON.stringify(input))).status).toBe(403);
    const { answer } = await page('GET /v1/keys', { cookie });
    expect((answer.items as { name: string }[]).map(({ name }) => name)).not.toContain('planted');
  });

  it('receive neither the body of a call nor the content of a push', async () => {
    const { cookie } = await signIn(owner());
    const done = await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: '/cgi-bin/user/get', waitMs: 0 });
    const call = `/v1/calls/${encodeURIComponent(done.body.id)}`;
    const settled = await until('the call has settled', async () => {
      const { body } = await deployment.api<{ state: string; response: unknown }>('GET', call);
      return body.state === 'completed' ? body : undefined;
    });
    expect(settled.response).toMatchObject({ body: { total: expect.any(Number) } });
    const { answer } = await page(`GET ${call}`, { cookie });
    expect(answer).toMatchObject({ state: 'completed', response: { status: 200, body: null } });

    const push = await until('the message is journaled', async () => {
      const list = await page(`GET /v1/pushes?appid=${SERVICE_ACCOUNT}&type=message.text`, { cookie });
      return (list.answer.items as { id: string }[])[0];
    });
    const whole = await deployment.api<{ data: unknown }>('GET', `/v1/pushes/${push.id}`);
    expect(JSON.stringify(whole.body.data)).toContain('一句悄悄话');
    const shown = await page(`GET /v1/pushes/${push.id}`, { cookie });
    expect(shown).toMatchObject({ status: 200, answer: { id: push.id, data: null } });
  });
});

describe('what it shows', () => {
  it('every queue, each with a sentence about it', async () => {
    const queues = await shownQueues();
    expect(queues.map(({ name }) => name)).toEqual(Object.keys(queueTable));
    for (const { name, displayName, description } of queues) {
      expect(displayName).toBe(name);
      expect(description).toMatch(/^[A-Z].{20,}\.$/);
    }
  });

  it('jobs by ids and kinds, their payloads redacted', async () => {
    await until('the jobs are done', async () => {
      const { counts } = await shownQueue('pushes');
      // A ticket and a consent; messages are in no queue.
      return counts.completed! >= 2 && counts.active === 0 && counts.waiting === 0;
    });
    // Finished calls are not kept.
    await deployment.wechat.control('POST', '/delay', { path: USER_INFO, ms: 600_000 });
    const query = { openid: FAILED_OPENID };
    await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: USER_INFO, query, waitMs: 1 });
    const [push] = (await shownQueue('pushes')).jobs;
    expect(push!.data).toMatchObject({
      component: deployment.component.appid,
      envelope: expect.stringMatching(/^sealed, /),
    });
    const [call] = (await shownQueue('calls')).jobs;
    expect(call!.data).toEqual({
      id: expect.stringContaining(`${deployment.component.appid}.${SERVICE_ACCOUNT}.`),
      expected: { method: 'GET', path: USER_INFO },
    });
    const [exchange] = (await shownQueue('authorizations')).jobs;
    expect(exchange!.data).toMatchObject({ appid: SERVICE_ACCOUNT, sealedCode: expect.stringMatching(/^sealed, /) });
    const [refresh] = (await shownQueue('refreshes')).jobs;
    expect(refresh!.data).toMatchObject({ owner: { component: deployment.component.appid } });

    const seen: string[] = [];
    for (const [queue, job] of Object.entries({ pushes: push, calls: call, authorizations: exchange })) {
      for (const detail of ['', '/logs', '/flow']) {
        const response = await visit(`${API}/queues/${queue}/${encodeURIComponent(job!.id)}${detail}`, {
          headers: basic(),
        });
        seen.push(await response.text());
        expect(response.status, `${queue}${detail}`).toBe(200);
      }
      seen.push(JSON.stringify((await shownQueue(queue)).jobs));
    }
    expect(seen.join()).toContain(push!.id);
    for (const secret of [FAILED_OPENID, '一句悄悄话', '<Encrypt>', 'msgSignature', 'queryauthcode']) {
      expect(seen.join(), secret).not.toContain(secret);
    }
  });

  it('a page that needs nothing from foreign hosts, and may load nothing from them', async () => {
    const response = await visit('/admin/queues/', { headers: basic() });
    const policy = response.headers.get('content-security-policy')!;
    expect(policy).toMatch(/default-src 'none'/);
    expect(policy).not.toMatch(/https?:|\*/);
    const page = await response.text();
    const files = [...page.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, file]) => file!);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) {
      const url = new URL(file, `${deployment.gatewayUrl()}/admin/queues/`);
      expect(url.origin).toBe(deployment.gatewayUrl());
    }
  });
});

describe('writing', () => {
  it('is off unless ADMIN_WRITE=1', async () => {
    const [push] = (await shownQueue('pushes')).jobs;
    expect((await shownQueue('pushes')).readOnlyMode).toBe(true);
    for (const path of [`pushes/${push!.id}/retry`, `pushes/${push!.id}/clean`, 'pushes/obliterate', 'pushes/empty']) {
      expect(await write(path, READING), path).toBe(405);
    }
    // Some of its routes answer as if they had done something.
    await write('pushes/pause', READING);
    const after = await shownQueue('pushes');
    expect(after.isPaused).toBe(false);
    expect(after.jobs.map(({ id }) => id)).toContain(push!.id);
  });

  it('with ADMIN_WRITE=1 pauses and resumes a queue, for all processes', async () => {
    expect(await write('pushes/pause', WRITING, { origin: deployment.gatewayUrl(WRITING) })).toBe(200);
    expect((await shownQueue('pushes')).isPaused).toBe(true);
    expect(await write('pushes/resume', WRITING)).toBe(200);
    expect((await shownQueue('pushes')).isPaused).toBe(false);
  });

  it('never puts back what is only shown redacted', async () => {
    const [push] = (await shownQueue('pushes')).jobs;
    expect(await write(`pushes/${push!.id}/update-data`, WRITING, {}, 'PATCH')).toBe(403);
    expect(await write('pushes/add', WRITING, {}, 'POST')).toBe(403);
  });

  it.each([
    { origin: 'https://evil.example' },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
    { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' },
  ])('is refused to a page elsewhere that uses the operator’s login: %o', async (headers) => {
    expect(await write('calls/pause', WRITING, headers as Record<string, string>)).toBe(403);
    expect((await shownQueue('calls')).isPaused).toBe(false);
  });

  it('with the session of the owner is off, too, unless ADMIN_WRITE=1', async () => {
    const { cookie } = await signIn(owner());
    const pause = (gateway: number) =>
      visit(`${API}/queues/pushes/pause`, { gateway, method: 'PUT', headers: { cookie } });
    await pause(READING);
    expect((await shownQueue('pushes')).isPaused).toBe(false);
    expect((await pause(WRITING)).status).toBe(200);
    expect((await shownQueue('pushes')).isPaused).toBe(true);
    expect(await write('pushes/resume', WRITING)).toBe(200);
  });

  it('needs the login, too', async () => {
    const response = await visit(`${API}/queues/calls/pause`, { gateway: WRITING, method: 'PUT' });
    expect(response.status).toBe(401);
    expect((await shownQueue('calls')).isPaused).toBe(false);
  });
});

it('without ADMIN_PASSWORD everything under /admin is closed', async () => {
  await deployment.gateways[WRITING]!.shutDown();
  await deployment.startGateway(WRITING, { ADMIN_PASSWORD: '' }).says('gateway listening');
  for (const headers of [basic(), basic(''), {}]) {
    const response = await visit('/admin/queues/', { gateway: WRITING, headers });
    expect(response.status).toBe(403);
    expect(await response.text()).toContain('ADMIN_PASSWORD');
  }
});
