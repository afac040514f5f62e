import { request } from 'node:http';
import { expect, test } from 'vitest';
import { COMPONENT, OFFICIAL, practise, SECRET, until } from './practise.ts';

const MINT = '/cgi-bin/component/api_component_token';
const SEND = '/cgi-bin/message/custom/send';

type P = Awaited<ReturnType<typeof practise>>;

async function sender(p: P) {
  const { access } = await p.authorize();
  const { openids } = await p.control('GET /followers?appid=wx00000000000000a1&limit=1');
  const body = JSON.stringify({ touser: openids[0], msgtype: 'text', text: { content: 'x' } });
  return (signal?: AbortSignal) =>
    fetch(`${p.simulator.url}${SEND}?access_token=${access}`, { method: 'POST', body, ...(signal ? { signal } : {}) });
}

const sent = async (p: P) => (await p.control('GET /messages')).messages.length as number;

test('an errcode before side effects leaves nothing, one after them leaves the message', async () => {
  const p = await practise();
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
  const p = await practise();
  const send = await sender(p);
  await p.control('POST /fail', { path: SEND, how: 'reset' });
  await expect(send()).rejects.toThrow('fetch failed');
  expect(await sent(p)).toBe(0);
  await p.control('POST /fail', { path: SEND, how: 'reset', at: 'after' });
  await expect(send()).rejects.toThrow('fetch failed');
  expect(await sent(p)).toBe(1);
});

test('502, HTML, nothing and half an answer', async () => {
  const p = await practise();
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
  const p = await practise();
  const send = await sender(p);
  await p.control('POST /fail', { path: SEND, how: 'hang' });
  const patience = new AbortController();
  const hanging = send(patience.signal);
  await until(async () => (await p.control('GET /counters')).outcomes[`POST ${SEND}`]?.hang === 1);
  patience.abort();
  await expect(hanging).rejects.toThrow('abort');
});

test('a delay before side effects mints late, one after them mints at arrival; others do not wait', async () => {
  const p = await practise();
  const ticket = await p.ticket();
  const minted = async () => (await p.control('GET /counters')).minted[`component:${COMPONENT}`] ?? 0;
  await p.control('POST /delay', { path: MINT, ms: 600_000, count: 1, at: 'after' });
  let answered = false;
  const late = p.askForComponentToken(ticket).then((answer) => {
    answered = true;
    return answer;
  });
  await until(async () => (await minted()) === 1);
  expect(answered).toBe(false);
  // Meanwhile another caller is served.
  expect((await p.askForComponentToken(ticket)).component_access_token).toBeDefined();
  expect(answered).toBe(false);
  await p.control('POST /release');
  expect((await late).component_access_token).toBeDefined();

  await p.control('POST /delay', { path: MINT, ms: 300, count: 1 });
  const startedAt = performance.now();
  const waiting = p.askForComponentToken(ticket);
  await until(async () => (await p.control('GET /counters')).requests[`POST ${MINT}`] === 3);
  const beforehand = await minted();
  await waiting;
  expect(performance.now() - startedAt).toBeGreaterThanOrEqual(295);
  expect([beforehand, await minted()]).toEqual([2, 3]);
});

test('a fault can be aimed at one account', async () => {
  const p = await practise({
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

test('a day and a minute have their quota; failed calls count', async () => {
  const p = await practise();
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
  // The component's own quota is another one.
  await p.control('POST /quota', { appid: COMPONENT, path: MINT, used: 2000 });
  expect((await p.askForComponentToken(await p.ticket())).errcode).toBe(45009);
});

test('callers from elsewhere are refused before anything else', async () => {
  const p = await practise();
  await p.control('POST /options', { ipList: ['10.0.0.1'] });
  const answer = await p.get('/cgi-bin/user/get', {});
  expect(answer.errcode).toBe(61004);
  expect(answer.errmsg).toContain('requestIP: 127.0.*.*');
  await p.control('POST /options', { ipList: null });
  expect((await p.get('/cgi-bin/user/get', {})).errcode).toBe(41001);
});

test('luck can be bad: −1 at a rate', async () => {
  const p = await practise();
  const ticket = await p.ticket();
  await p.control('POST /options', { systemErrorRate: 1 });
  expect((await p.askForComponentToken(ticket)).errcode).toBe(-1);
  expect((await p.control('GET /counters')).minted).toEqual({});
});

test('requests are remembered and counted, by account too', async () => {
  const p = await practise();
  const { access } = await p.authorize();
  await p.get('/cgi-bin/user/get', { access_token: access });
  const counters = await p.control('GET /counters');
  expect(counters.requests['GET /cgi-bin/user/get']).toBe(1);
  expect(counters.byAccount[OFFICIAL]).toEqual({ 'GET /cgi-bin/user/get': 1 });
  expect(counters.byAccount[COMPONENT]).toMatchObject({ [`POST ${MINT}`]: 1 });
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

test('content types take turns', async () => {
  const p = await practise();
  const seen = new Set<string | null>();
  await until(async () => {
    seen.add((await fetch(`${p.simulator.url}/cgi-bin/user/get`)).headers.get('content-type'));
    return seen.size === 3;
  });
});

test('closing ends what hangs', async () => {
  const p = await practise();
  await p.control('POST /fail', { path: MINT, how: 'hang' });
  const outgoing = request(`${p.simulator.url}${MINT}`, { method: 'POST' });
  const broken = new Promise((resolve) => outgoing.on('error', resolve));
  outgoing.end(JSON.stringify({ component_appid: COMPONENT, component_appsecret: SECRET }));
  await until(async () => (await p.control('GET /counters')).outcomes[`POST ${MINT}`]?.hang === 1);
  await p.simulator.close();
  expect(await broken).toBeInstanceOf(Error);
});
