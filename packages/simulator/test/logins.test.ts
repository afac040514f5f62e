import { expect, test } from 'vitest';
import { openWorld } from '../src/world.ts';
import { COMPONENT, MINI, OFFICIAL, openSimulator, until } from './open-simulator.ts';

const SESSION = '/sns/component/jscode2session';
const TOKEN = '/sns/oauth2/component/access_token';
const REFRESH = '/sns/oauth2/component/refresh_token';

type P = Awaited<ReturnType<typeof openSimulator>>;

function asComponent(component: string, appid: string) {
  return { appid, component_appid: COMPONENT, component_access_token: component };
}

async function login(p: P, appid: string, scope?: string) {
  return p.control('POST /login', { appid, ...(scope ? { scope } : {}) });
}

test('a mini program’s code becomes a session once', async () => {
  const p = await openSimulator();
  const { component, access } = await p.authorize(MINI);
  const { code, openid } = await login(p, MINI);
  const query = { ...asComponent(component, MINI), js_code: code, grant_type: 'authorization_code' };
  expect(await p.get(SESSION, { ...query, component_access_token: '', access_token: component })).toMatchObject({
    errcode: 41021,
  });
  expect(await p.get(SESSION, { ...query, component_access_token: access })).toMatchObject({ errcode: 61014 });
  expect(await p.get(SESSION, { ...query, appid: OFFICIAL })).toMatchObject({ errcode: 61003 });
  expect(await p.get(SESSION, { ...query, js_code: '' })).toMatchObject({ errcode: 41008 });
  expect(await p.get(SESSION, query)).toEqual({ openid, session_key: expect.stringMatching(/^[\w+/]{22}==$/) });
  expect(await p.get(SESSION, query)).toMatchObject({ errcode: 40029 });
  await p.control('POST /unauthorize', { appid: MINI });
  expect(await p.get(SESSION, { ...query, js_code: (await login(p, MINI)).code })).toMatchObject({ errcode: 61003 });
});

test('a user can log in a hundred times a minute', async () => {
  const p = await openSimulator();
  const { component } = await p.authorize(MINI);
  const codes: number[] = [];
  for (let n = 0; n <= 100; n += 1) {
    const { code } = await login(p, MINI);
    const query = { ...asComponent(component, MINI), js_code: code, grant_type: 'authorization_code' };
    codes.push((await p.get(SESSION, query)).errcode ?? 0);
  }
  // The minute can change meanwhile.
  expect(codes.filter((code) => code === 45011).length).toBeLessThanOrEqual(1);
  expect(codes.slice(0, 100)).toEqual(codes.slice(0, 100).map(() => 0));
});

test('a web code becomes a token of its user, which reads the profile', async () => {
  const p = await openSimulator();
  const { component } = await p.authorize();
  const { code, openid } = await login(p, OFFICIAL, 'snsapi_userinfo');
  const query = { ...asComponent(component, OFFICIAL), code, grant_type: 'authorization_code' };
  const token = await p.get(TOKEN, query);
  expect(token).toMatchObject({ openid, scope: 'snsapi_userinfo', expires_in: 7200 });
  expect(await p.get(TOKEN, query)).toMatchObject({ errcode: 40163 });
  expect(await p.get(TOKEN, { ...query, code: 'unknown' })).toMatchObject({ errcode: 40029 });

  const asUser = { access_token: token.access_token, openid };
  expect(await p.get('/sns/userinfo', asUser)).toMatchObject({ openid, nickname: expect.any(String) });
  expect(await p.get('/sns/auth', asUser)).toMatchObject({ errcode: 0 });
  expect(await p.get('/sns/auth', { ...asUser, openid: 'oOther' })).toMatchObject({ errcode: 40003 });
  expect(await p.get('/sns/userinfo', { ...asUser, access_token: component })).toMatchObject({ errcode: 40001 });

  const again = { ...asComponent(component, OFFICIAL), grant_type: 'refresh_token' };
  const fresh = await p.get(REFRESH, { ...again, refresh_token: token.refresh_token });
  expect(fresh).toMatchObject({ openid, refresh_token: token.refresh_token });
  expect(await p.get(REFRESH, { ...again, refresh_token: 'unknown' })).toMatchObject({ errcode: 40030 });
});

test('a silent login does not permit reading the profile', async () => {
  const p = await openSimulator();
  const { component } = await p.authorize();
  const { code, openid } = await login(p, OFFICIAL);
  const query = { ...asComponent(component, OFFICIAL), code, grant_type: 'authorization_code' };
  const { access_token, scope } = await p.get(TOKEN, query);
  expect(scope).toBe('snsapi_base');
  expect(await p.get('/sns/userinfo', { access_token, openid })).toMatchObject({ errcode: 48001 });
});

test('codes and user tokens have the lifetimes of WeChat', async () => {
  const world = openWorld({ timeScale: 100_000, components: [], accounts: [] }, new AbortController().signal);
  const { logins } = world;
  const web = logins.newCode('web', OFFICIAL, 'o', 'snsapi_base');
  const js = logins.newCode('js', MINI, 'o', 'snsapi_base');
  const token = logins.issue({ appid: OFFICIAL, openid: 'o', scope: 'snsapi_base' });
  expect(logins.judge(token.value)).toBe(token);
  await until(() => logins.judge(token.value) === 42001);
  expect(logins.spend('web', OFFICIAL, web)).toBe(42003);
  expect(logins.spend('js', MINI, js)).toBe(40029);
  const fresh = logins.refresh(OFFICIAL, token.refreshToken);
  expect(typeof fresh === 'number' ? fresh : fresh.value).not.toBe(token.value);
});

test('a browser is redirected back with a code, the state and the appid', async () => {
  const p = await openSimulator();
  const { component } = await p.authorize();
  const page = (changes: Record<string, string> = {}) => {
    const query = new URLSearchParams({
      ...{ appid: OFFICIAL, redirect_uri: 'https://shop.example/back?x=1', response_type: 'code' },
      ...{ scope: 'snsapi_base', state: 's', component_appid: COMPONENT, ...changes },
    });
    return fetch(`${p.simulator.url}/connect/oauth2/authorize?${query}`, { redirect: 'manual' });
  };
  const back = new URL((await page()).headers.get('location') ?? '');
  expect(Object.fromEntries(back.searchParams)).toMatchObject({ x: '1', state: 's', appid: OFFICIAL });
  const code = back.searchParams.get('code') ?? '';
  const token = await p.get(TOKEN, { ...asComponent(component, OFFICIAL), code, grant_type: 'authorization_code' });
  expect(token.scope).toBe('snsapi_base');
  expect((await page({ scope: 'everything' })).status).toBe(200);
  expect(await (await page({ appid: MINI })).text()).toContain('has not authorized');
});
