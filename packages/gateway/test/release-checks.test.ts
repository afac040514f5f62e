import { Failure } from '@wxthirdparty/wechat';
import { expect, test } from 'vitest';
import { apiKey, COMPONENT, fakePlatform } from './fake-platform.ts';
import { bearer, openGateway } from './open-gateway.ts';

interface Answer {
  readonly steps: readonly unknown[];
  readonly console: readonly { readonly name: string; readonly value: string | null }[];
}

const path = `/v1/components/${COMPONENT}/release-rehearsals`;

test('a rehearsal is accepted, with its steps in two languages and the settings of the console', async () => {
  const platform = fakePlatform();
  const started: string[] = [];
  const { start } = platform.rehearsals;
  platform.rehearsals.start = (component, publicUrl) => {
    started.push(`${component} ${publicUrl}`);
    return start(component, publicUrl);
  };
  const gateway = await openGateway(platform, { publicUrl: 'https://p.example.com' });
  const response = await fetch(gateway.url + path, { method: 'POST', headers: bearer });
  expect(response.status).toBe(202);
  expect(response.headers.get('location')).toBe('/v1/release-checks/rc_1');
  const body = (await response.json()) as Answer;
  expect(body).toMatchObject({
    id: 'rc_1',
    component: COMPONENT,
    kind: 'rehearsal',
    state: 'running',
    finishedAt: null,
  });
  expect(body.steps).toMatchObject([
    { name: 'ticket', state: 'failed', code: 'too_slow', detail: { zh: expect.any(String), en: expect.any(String) } },
  ]);
  expect(body.console.map(({ name, value }) => [name, value])).toEqual([
    ['event_url', 'https://p.example.com/events'],
    ['token', 'the-token'],
  ]);
  expect(started).toEqual([`${COMPONENT} https://p.example.com`]);
});

test('another key than an operator’s reads the checks without Token and key, and starts none', async () => {
  const platform = fakePlatform();
  platform.given.set('wxk_reader', apiKey({ scopes: ['authorizers:read'] }));
  const gateway = await openGateway(platform);
  const headers = { authorization: 'Bearer wxk_reader' };
  const read = (await (await fetch(`${gateway.url}/v1/release-checks/rc_1`, { headers })).json()) as Answer;
  expect(read.console.find(({ name }) => name === 'token')?.value).toBeNull();
  expect(JSON.stringify(read)).not.toContain('the-token');
  const list = await (await fetch(`${gateway.url}/v1/release-checks?component=${COMPONENT}`, { headers })).json();
  expect(list).toMatchObject({ items: [{ id: 'rc_1' }], next: null });
  expect((await fetch(gateway.url + path, { method: 'POST', headers })).status).toBe(403);
});

test.each([
  ['rehearsal_running', 409],
  ['unknown_component', 404],
])('a rehearsal that cannot start is answered %s', async (code, status) => {
  const platform = fakePlatform();
  platform.rehearsals.start = () => Promise.reject(new Failure(code, 'fix-request', 'no'));
  const gateway = await openGateway(platform);
  const response = await fetch(gateway.url + path, { method: 'POST', headers: bearer });
  expect(response.status).toBe(status);
  expect(await response.json()).toMatchObject({ code });
});

test('an unknown check is answered 404, an unknown field of a rehearsal 400', async () => {
  const platform = fakePlatform();
  platform.releaseChecks.find = () => Promise.reject(new Failure('unknown_release_check', 'fix-request', 'no'));
  const gateway = await openGateway(platform);
  const missing = await fetch(`${gateway.url}/v1/release-checks/rc_2`, { headers: bearer });
  expect(missing.status).toBe(404);
  const headers = { ...bearer, 'content-type': 'application/json' };
  const wrong = await fetch(gateway.url + path, { method: 'POST', headers, body: '{"group":1}' });
  expect(wrong.status).toBe(400);
});
