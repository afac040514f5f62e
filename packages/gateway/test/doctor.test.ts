import { expect, test } from 'vitest';
import { apiKey, fakePlatform } from './fake-platform.ts';
import { bearer, openGateway } from './open-gateway.ts';

const json = { ...bearer, 'content-type': 'application/json' };

test('the doctor answers a list of checks, with causes and remedies in two languages', async () => {
  const gateway = await openGateway(fakePlatform());
  const response = await fetch(`${gateway.url}/v1/doctor`, { method: 'POST', headers: bearer });
  expect(response.status).toBe(200);
  expect(await response.json()).toMatchObject({
    items: [{ name: 'redis', status: 'fail', cause: { zh: expect.any(String), en: 'removes keys' } }],
    next: null,
  });
});

test('the body names the checks to run, and an unknown one is refused', async () => {
  const gateway = await openGateway(fakePlatform());
  const ask = async (only: string[]) =>
    fetch(`${gateway.url}/v1/doctor`, { method: 'POST', headers: json, body: JSON.stringify({ only }) });
  const { items } = (await (await ask(['ticket', 'egress'])).json()) as { items: { name: string }[] };
  expect(items.map(({ name }) => name)).toEqual(['ticket', 'egress']);
  expect((await ask(['weather'])).status).toBe(400);
  expect((await ask([])).status).toBe(400);
});

test('only a key with the scope admin may ask the doctor', async () => {
  const platform = fakePlatform();
  platform.given.set('wxk_reader', apiKey({ scopes: ['authorizers:read', 'calls'] }));
  const gateway = await openGateway(platform);
  const headers = { authorization: 'Bearer wxk_reader' };
  expect((await fetch(`${gateway.url}/v1/doctor`, { method: 'POST', headers })).status).toBe(403);
});

test('a nonce of the doctor is answered without a key, and any other does not exist', async () => {
  const gateway = await openGateway(fakePlatform());
  const known = await fetch(`${gateway.url}/authorize/doctor/known`);
  expect(await known.json()).toEqual({ value: 'the-value', arrivedAs: 'caller' });
  expect(known.headers.get('cache-control')).toBe('no-store');
  expect((await fetch(`${gateway.url}/authorize/doctor/other`)).status).toBe(404);
});

/** As it arrives behind a proxy that adds the address of its client. */
const behindOne = '192.0.2.1, 203.0.113.9';
test.each([
  ['no proxy', undefined, '192.0.2.1', 'caller'],
  ['no proxy, one trusted', '1', '192.0.2.1', 'forged'],
  ['one proxy, none trusted', undefined, behindOne, 'proxy'],
  ['one proxy, one trusted', '1', behindOne, 'caller'],
  ['one proxy, two trusted', '2', behindOne, 'forged'],
  ['one proxy, all trusted', 'true', behindOne, 'forged'],
  ['one proxy that replaces the header', '1', '203.0.113.9', 'caller'],
  ['two proxies, one trusted', '1', '192.0.2.1, 203.0.113.9, 203.0.113.10', 'proxy'],
  ['two proxies, two trusted', '2', '192.0.2.1, 203.0.113.9, 203.0.113.10', 'caller'],
])('%s: the answer says whose address counts', async (_case, trustProxy, forwarded, arrivedAs) => {
  const gateway = await openGateway(fakePlatform(), { trustProxy });
  const headers = { 'x-forwarded-for': forwarded };
  const response = await fetch(`${gateway.url}/authorize/doctor/known`, { headers });
  expect(await response.json()).toMatchObject({ arrivedAs });
});

test('the doctor’s own header is no reason to warn of a proxy', async () => {
  const gateway = await openGateway(fakePlatform());
  await fetch(`${gateway.url}/authorize/doctor/known`, { headers: { 'x-forwarded-for': '192.0.2.1' } });
  await gateway.logged('request');
  expect(gateway.log.filter(({ msg }) => msg.includes('TRUST_PROXY'))).toEqual([]);
});
