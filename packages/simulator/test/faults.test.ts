import { request } from 'node:http';
import { expect, test } from 'vitest';
import { COMPONENT, OFFICIAL, openSimulator, SECRET, until } from './open-simulator.ts';

const COMPONENT_TOKEN = '/cgi-bin/component/api_component_token';
const SEND = '/cgi-bin/message/custom/send';

type P = Awaited<ReturnType<typeof openSimulator>>;

async function sender(p: P) {
  const { access } = await p.authorize();
  const { openids } = await p.control('GET /followers?appid=wx00000000000000a1&limit=1');
  const body = JSON.stringify({ touser: openids[0], msgtype: 'text', text: { content: 'x' } });
  return (signal?: AbortSignal) =>
    fetch(`${p.simulator.url}${SEND}?access_token=${access}`, { method: 'POST', body, ...(signal ? { signal } : {}) });
}

const sent = async (p: P) => (await p.control('GET /messages')).messages.length as number;

test('an errcode before side effects prevents the message, one after them does not', async () => {
  const p = await openSimulator();
  const send = await sender(p);
  await p.control('POST /fail', { path: SEND, how: 'errcode', errcode: -1 });
  expect(await (await send()).json()).toMatchObject({ errcode: -1 });
  expect(await sent(p)).toBe(0);
  await p.control('POST /fail', { path: SEND, how: 'errcode', errcode: -1, at: 'after' });
  expect(await (await send()).json()).toMatchObject({ errcode: -1 });
  expect(await sent(p)).toBe(1);
  expect(await (await send()).json()).toMatchObject({ errcode: 0 });
  expect((await p.control('GET /counters')).outcomes[`POST ${SEND}`]).toEqual({ '-1': 2, '0': 1 });
});

test('connections are reset before and after side effects', async () => {
  const p = await openSimulator();
  const send = await sender(p);
  await p.control('POST /fail', { path: SEND, how: 'reset' });
  await expect(send()).rejects.toThrow('fetch failed');
  expect(await sent(p)).toBe(0);
  await p.control('POST /fail', { path: SEND, how: 'reset', at: 'after' });
  await expect(send()).rejects.toThrow('fetch failed');
  expect(await sent(p)).toBe(1);
});

test('answers can be 502, HTML, empty or truncated', async () => {
  const p = await openSimulator();
  const send = await sender(p);
  const fail = (how: string) => p.control('POST /fail', { path: SEND, how });
  await fail('502');
  const gateway = await send();
  expect([gateway.status, gateway.headers.get('content-type')]).toEqual([502, 'text/html']);
  await fail('html');
  const html = await send();
  expect(html.status).toBe(200);
  expect(await html.text()).toMatch(/^<html>/);
  await fail('empty');
  expect(await (await send()).text()).toBe('');
  expect(await sent(p)).toBe(0);
  await fail('truncated');
  const half = await (await send()).text();
  expect(half).toMatch(/^{"errcode"/);
  expect(() => JSON.parse(half)).toThrow(SyntaxError);
  expect(await sent(p)).toBe(1);
});

test('a request may never be answered', async () => {
  const p = await openSimulator();
  const send = await sender(p);
  await p.control('POST /fail', { path: SEND, how: 'hang' });
  const patience = new AbortController();
  const hanging = send(patience.signal);
  await until(async () => (await p.control('GET /counters')).outcomes[`POST ${SEND}`]?.hang === 1);
  patience.abort();
  await expect(hanging).rejects.toThrow('abort');
});

test('a delay before side effects issues the token late, one after them on arrival; other requests do not wait', async () => {
  const p = await openSimulator();
  const ticket = await p.ticket();
  const minted = async () => (await p.control('GET /counters')).minted[`component:${COMPONENT}`] ?? 0;
  await p.control('POST /delay', { path: COMPONENT_TOKEN, ms: 600_000, count: 1, at: 'after' });
  let answered = false;
  const late = p.askForComponentToken(ticket).then((answer) => {
    answered = true;
    return answer;
  });
  await until(async () => (await minted()) === 1);
  expect(answered).toBe(false);
  // Another caller is served meanwhile.
  expect((await p.askForComponentToken(ticket)).component_access_token).toBeDefined();
  expect(answered).toBe(false);
  await p.control('POST /release');
  expect((await late).component_access_token).toBeDefined();

  await p.control('POST /delay', { path: COMPONENT_TOKEN, ms: 600_000, count: 1 });
  const waiting = p.askForComponentToken(ticket);
  await until(async () => (await p.control('GET /counters')).requests[`POST ${COMPONENT_TOKEN}`] === 3);
  expect(await minted()).toBe(2);
  await p.control('POST /release');
  await waiting;
  expect(await minted()).toBe(3);
});

test('a fault can apply to one account', async () => {
  const p = await openSimulator({
    accounts: [
      { appid: OFFICIAL, kind: 'official-account', nickName: 'one' },
      { appid: 'wxother', kind: 'official-account', nickName: 'two' },
    ],
  });
  const one = await p.authorize(OFFICIAL);
  const two = await p.authorize('wxother');
  await p.control('POST /fail', { path: '/cgi-bin/user/get', how: 'errcode', errcode: 48001, appid: 'wxother' });
  expect((await p.get('/cgi-bin/user/get', { access_token: one.access })).errcode).toBeUndefined();
  expect((await p.get('/cgi-bin/user/get', { access_token: two.access })).errcode).toBe(48001);
  expect((await p.get('/cgi-bin/user/get', { access_token: two.access })).errcode).toBeUndefined();
  await p.control('POST /fail', { path: '*', how: '502', count: 100 });
  await p.control('DELETE /faults');
  expect((await p.get('/cgi-bin/user/get', { access_token: two.access })).errcode).toBeUndefined();
});

test('quotas limit the calls of a day and of a minute; failed calls count', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const path = '/cgi-bin/user/get';
  const ask = async (next_openid = '') => (await p.get(path, { access_token: access, next_openid })).errcode ?? 0;
  await p.control('POST /quota', { appid: OFFICIAL, path, daily: 3, used: 0 });
  expect([await ask(), await ask('oWrong'), await ask(), await ask()]).toEqual([0, 40003, 0, 45009]);
  await p.control('POST /quota/reset', {});
  expect(await ask()).toBe(0);
  expect(await p.control('POST /quota', { appid: OFFICIAL, path, used: 499 })).toMatchObject({ daily: 500, used: 499 });
  expect([await ask(), await ask()]).toEqual([0, 45009]);
  await p.control('POST /quota/reset', {});
  await p.control('POST /quota', { appid: OFFICIAL, path, minute: 0 });
  expect(await ask()).toBe(45011);
  // The component has a quota of its own.
  await p.control('POST /quota', { appid: COMPONENT, path: COMPONENT_TOKEN, used: 2000 });
  expect((await p.askForComponentToken(await p.ticket())).errcode).toBe(45009);
});

test('callers from unregistered addresses are refused before all other checks', async () => {
  const p = await openSimulator();
  await p.control('POST /options', { ipList: ['10.0.0.1'] });
  const answer = await p.get('/cgi-bin/user/get', {});
  expect(answer.errcode).toBe(61004);
  expect(answer.errmsg).toContain('requestIP: 127.0.*.*');
  await p.control('POST /options', { ipList: null });
  expect((await p.get('/cgi-bin/user/get', {})).errcode).toBe(41001);
});

test('API calls fail with −1 at the given rate', async () => {
  const p = await openSimulator();
  const ticket = await p.ticket();
  await p.control('POST /options', { systemErrorRate: 1 });
  expect((await p.askForComponentToken(ticket)).errcode).toBe(-1);
  expect((await p.control('GET /counters')).minted).toEqual({});
});

test('requests are recorded and counted, also by account', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  await p.get('/cgi-bin/user/get', { access_token: access });
  const counters = await p.control('GET /counters');
  expect(counters.requests['GET /cgi-bin/user/get']).toBe(1);
  expect(counters.byAccount[OFFICIAL]).toEqual({ 'GET /cgi-bin/user/get': 1 });
  expect(counters.byAccount[COMPONENT]).toMatchObject({ [`POST ${COMPONENT_TOKEN}`]: 1 });
  expect(counters.minted).toEqual({
    [`component:${COMPONENT}`]: 1,
    [`authorizer:${COMPONENT}/${OFFICIAL}`]: 1,
  });
  const { requests } = await p.control('GET /requests?path=/cgi-bin/user/get&limit=5');
  expect(requests).toMatchObject([
    { method: 'GET', path: '/cgi-bin/user/get', account: OFFICIAL, component: COMPONENT, errcode: 0 },
  ]);
  expect(requests[0].port).toBeGreaterThan(0);
  await p.control('POST /counters/reset');
  expect(await p.control('GET /counters')).toEqual({ requests: {}, byAccount: {}, outcomes: {}, minted: {} });
});

test('content types vary', async () => {
  const p = await openSimulator();
  const seen = new Set<string | null>();
  await until(async () => {
    seen.add((await fetch(`${p.simulator.url}/cgi-bin/user/get`)).headers.get('content-type'));
    return seen.size === 3;
  });
});

test('closing ends requests that hang', async () => {
  const p = await openSimulator();
  await p.control('POST /fail', { path: COMPONENT_TOKEN, how: 'hang' });
  const outgoing = request(`${p.simulator.url}${COMPONENT_TOKEN}`, { method: 'POST' });
  const broken = new Promise((resolve) => outgoing.on('error', resolve));
  outgoing.end(JSON.stringify({ component_appid: COMPONENT, component_appsecret: SECRET }));
  await until(async () => (await p.control('GET /counters')).outcomes[`POST ${COMPONENT_TOKEN}`]?.hang === 1);
  await p.simulator.close();
  expect(await broken).toBeInstanceOf(Error);
});
