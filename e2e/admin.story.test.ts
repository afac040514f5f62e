import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { queues as queueTable } from '../packages/platform/src/open-queues.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
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
  // Finished calls are not kept.
  await deployment.wechat.control('POST', '/delay', { path: USER_INFO, ms: 600_000, count: 1 });
  const query = { openid: FAILED_OPENID };
  const { status } = await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: USER_INFO, query, waitMs: 1 });
  expect(status).toBe(202);
});
afterAll(async () => {
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

describe('the login', () => {
  it('is asked for on pages, their files and their API, and no other key opens them', async () => {
    for (const path of ['/admin', '/admin/queues', `${API}/queues`, '/admin/queues/static/favicon.ico']) {
      const from = { 'x-forwarded-for': '192.0.2.10' };
      const without = await visit(path, { headers: from });
      expect(without.status, path).toBe(401);
      expect(without.headers.get('www-authenticate')).toMatch(/^Basic /);
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

  it('never refuses the right password because of wrong ones from the same address', async () => {
    const knock = (address: string, password: string) =>
      visit('/admin/queues/', { headers: { ...basic(password), 'x-forwarded-for': address } });
    for (let guess = 1; guess <= 10; guess++) expect((await knock('192.0.2.20', `guess ${guess}`)).status).toBe(401);
    expect((await knock('192.0.2.20', 'guess 11')).status).toBe(401);
    expect((await knock('192.0.2.20', deployment.adminPassword)).status).toBe(200);
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

  it('asks for the login, too', async () => {
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
