import { expect, test } from 'vitest';
import { COMPONENT, MINI, OFFICIAL, openSimulator } from './open-simulator.ts';

const LACKS = /^not simulated: the simulated WeChat has no .*the request may be right.* rid: /;

test.each([
  ['POST', '/wxa/generatescheme'],
  ['GET', '/cgi-bin/no/such/api'],
  ['POST', '/sns/no/such'],
  ['POST', '/a-prefix-of-next-year/api'],
  ['PUT', '/cgi-bin/user/get'],
])('%s %s is answered as not simulated, never as a mistake of the caller', async (method, path) => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const ask = async (query: string) => {
    const body = method === 'GET' ? null : '{}';
    return (await (await fetch(`${p.simulator.url}${path}${query}`, { method, body })).json()) as object;
  };
  const expected = { errcode: 990404, errmsg: expect.stringMatching(LACKS) };
  expect(await ask(`?access_token=${access}`)).toMatchObject(expected);
  // The API may need no token.
  expect(await ask('')).toMatchObject(expected);
  const { outcomes } = await p.control('GET /counters');
  expect(outcomes[`${method} ${path}`]).toEqual({ 990404: 2 });
});

test('the hint names similar APIs and the way to supply an answer', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const { errmsg } = await p.post('/cgi-bin/tags/members/nothing', { access_token: access }, {});
  expect(errmsg).toContain('POST /cgi-bin/tags/members/nothing');
  expect(errmsg).toContain('Similar: /cgi-bin/tags/members/');
  expect(errmsg).toContain('POST /_control/answer');
  const { apis } = await p.control('GET /apis');
  expect(apis).toContainEqual({
    ...{ method: 'POST', path: '/wxa/getwxacode', needs: 'authorizer' },
    ...{ kind: 'mini-program', sets: [17] },
  });
});

test('a bad token, a foreign address and WeChat’s own mix-up of GET and POST are refused as at WeChat', async () => {
  const p = await openSimulator();
  const { access, component } = await p.authorize();
  const unknown = async (query: Record<string, string>) => (await p.get('/wxa/no/such', query)).errcode;
  expect(await unknown({ access_token: 'made-up' })).toBe(40001);
  expect(await unknown({ component_access_token: 'made-up' })).toBe(40001);
  expect(await unknown({ access_token: component })).toBe(990404);
  await p.control('POST /expire', { token: 'authorizer', appid: OFFICIAL });
  expect(await unknown({ access_token: access })).toBe(42001);
  expect((await p.post('/cgi-bin/user/get', { access_token: access }, {})).errcode).toBe(43001);
  await p.control('POST /options', { ipList: ['192.0.2.1'] });
  expect(await unknown({ access_token: component })).toBe(61004);
});

test('a developer gives an API an answer, for one account or for all', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize(MINI);
  const path = '/wxa/generatescheme';
  const ask = () => p.post(path, { access_token: access }, {});
  await p.control('POST /answer', { path, json: { errcode: 0, openlink: 'weixin://dl/business/?t=x' } });
  expect(await ask()).toEqual({ errcode: 0, openlink: 'weixin://dl/business/?t=x' });
  await p.control('POST /answer', { path, appid: MINI, json: { errcode: 44990 } });
  await p.control('POST /answer', { path, appid: OFFICIAL, json: { errcode: 1 } });
  expect(await ask()).toEqual({ errcode: 44990 });
  expect(await p.post(path, { access_token: 'made-up' }, {})).toMatchObject({ errcode: 40001 });
  await p.control('POST /answer', { path: '/wxa/file', base64: 'AAEC', contentType: 'application/zip' });
  const file = await fetch(`${p.simulator.url}/wxa/file?access_token=${access}`);
  expect(file.headers.get('content-type')).toBe('application/zip');
  expect(Buffer.from(await file.arrayBuffer())).toEqual(Buffer.of(0, 1, 2));
  await p.control('DELETE /answers');
  expect(await ask()).toMatchObject({ errcode: 990404 });
  const simulated = { path: '/wxa/getwxacode', json: {} };
  await expect(p.control('POST /answer', simulated)).rejects.toThrow('is simulated');
});

test('what a conditional menu matches besides tags is not guessed', async () => {
  const p = await openSimulator();
  const { access } = await p.authorize();
  const post = (path: string, body: object) => p.post(path, { access_token: access }, body);
  const button = [{ type: 'view_limited', name: 'x', media_id: 'm' }];
  await post('/cgi-bin/menu/create', { button });
  await post('/cgi-bin/menu/addconditional', { button, matchrule: { client_platform_type: '2' } });
  const { openids } = await p.control(`GET /followers?appid=${OFFICIAL}&limit=1`);
  const matched = await post('/cgi-bin/menu/trymatch', { user_id: openids[0] });
  expect(matched).toMatchObject({ errcode: 990404, errmsg: expect.stringContaining('client_platform_type') });
});

test('a browser sees a page instead, and a start page that says what there is', async () => {
  const p = await openSimulator();
  await p.authorize();
  const open = async (path: string, language: string) => {
    const headers = { accept: 'text/html,*/*;q=0.8', 'accept-language': language };
    const response = await fetch(p.simulator.url + path, { headers });
    return { status: response.status, text: await response.text() };
  };
  const lost = await open('/elsewhere', 'en-US,en');
  expect([lost.status, lost.text]).toEqual([404, expect.stringContaining('lacks this page')]);
  for (const [language, word] of [
    ['zh-CN', '仅用于测试与演示'],
    ['en', 'for tests and demos'],
  ] as const) {
    const home = await open('/', language);
    expect(home.status).toBe(200);
    for (const part of [word, COMPONENT, OFFICIAL, MINI, '/_control/apis', 'width=device-width']) {
      expect(home.text).toContain(part);
    }
  }
});
