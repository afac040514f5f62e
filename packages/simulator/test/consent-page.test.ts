import { expect, test } from 'vitest';
import { COMPONENT, MINI, OFFICIAL, openSimulator, until } from './open-simulator.ts';
import { element } from './receiver.ts';

const PC = '/cgi-bin/componentloginpage';
const H5 = '/wxaopen/safe/bindcomponent';
const BACK = 'http://platform.example/authorize/callback?visit=a%2Fb&x=1';

async function visitor(changes: Record<string, string> = {}, path = PC) {
  const p = await openSimulator();
  const token = await p.componentToken();
  const { pre_auth_code } = await p.post(
    '/cgi-bin/component/api_create_preauthcode',
    { access_token: token },
    { component_appid: COMPONENT },
  );
  const query = new URLSearchParams({
    component_appid: COMPONENT,
    pre_auth_code,
    redirect_uri: BACK,
    auth_type: '3',
    ...changes,
  });
  const url = `${p.simulator.url}${path}?${query}`;
  const openPage = async (headers: Record<string, string> = {}) => await (await fetch(url, { headers })).text();
  const choose = (appid: string) =>
    fetch(url, { method: 'POST', body: new URLSearchParams({ appid }), redirect: 'manual' });
  return { p, token, pre_auth_code, openPage, choose };
}

test.each([PC, H5, '/safe/bindcomponent'])(
  '%s lists the accounts; consenting redirects and pushes one code',
  async (path) => {
    const { p, token, pre_auth_code, openPage, choose } = await visitor({}, path);
    expect(await openPage()).toContain(OFFICIAL);
    expect(await openPage()).toContain(MINI);
    const location = (await choose(OFFICIAL)).headers.get('location') ?? '';
    expect(location.startsWith(`${BACK}&auth_code=queryauthcode%40%40%40`)).toBe(true);
    const back = new URL(location).searchParams;
    expect(back.get('expires_in')).toBe('3600');
    const push = await until(() =>
      p.receiver.received.find((one) => one.message.includes('>authorized<') || one.message.includes('[authorized]')),
    );
    expect(element(push.message, 'AuthorizationCode')).toBe(back.get('auth_code'));
    expect(element(push.message, 'PreAuthCode')).toBe(pre_auth_code);
    const answer = await p.post(
      '/cgi-bin/component/api_query_auth',
      { access_token: token },
      { component_appid: COMPONENT, authorization_code: back.get('auth_code') },
    );
    expect(answer.authorization_info.authorizer_appid).toBe(OFFICIAL);
    // One code, one consent.
    expect(await openPage()).toContain('pre_auth_code is used');
    expect((await choose(OFFICIAL)).status).toBe(200);
  },
);

test('auth_type and biz_appid select the accounts that can consent', async () => {
  const official = await visitor({ auth_type: '1' });
  expect(await official.openPage()).toContain(OFFICIAL);
  expect(await official.openPage()).not.toContain(MINI);
  expect((await official.choose(MINI)).status).toBe(200);
  const pinned = await visitor({ auth_type: '1', biz_appid: MINI });
  expect(await pinned.openPage()).toContain(MINI);
  expect(await pinned.openPage()).not.toContain(OFFICIAL);
});

test('category_id_list limits the consent to some permission sets', async () => {
  const { p, choose } = await visitor({ category_id_list: '1|2' });
  await choose(OFFICIAL);
  expect((await p.control('GET /state')).authorizations).toMatchObject([{ appid: OFFICIAL, funcIds: [1, 2] }]);
});

test.each([
  ['component_appid', 'wxunknown', 'component_appid is unknown'],
  ['pre_auth_code', 'preauthcode@@@x', 'pre_auth_code is unknown'],
  ['redirect_uri', 'javascript:alert(1)', 'redirect_uri is not a URL'],
  ['auth_type', '9', 'auth_type is unknown'],
])('a wrong %s shows an error page', async (name, value, reason) => {
  const { openPage } = await visitor({ [name]: value });
  expect(await openPage()).toContain(reason);
});

test('the page requires a Referer if the option is set', async () => {
  const { p, openPage } = await visitor();
  await p.control('POST /options', { requireReferer: true });
  expect(await openPage()).toContain('open this page from your own page');
  expect(await openPage({ referer: 'http://platform.example/' })).toContain(OFFICIAL);
});
