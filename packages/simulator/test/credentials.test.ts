import { describe, expect, test } from 'vitest';
import { COMPONENT, MINI, OFFICIAL, openSimulator, SECRET, until } from './open-simulator.ts';

const PREAUTH = '/cgi-bin/component/api_create_preauthcode';

/** Makes a harmless request with a component token and returns the errcode. */
function probe(p: Awaited<ReturnType<typeof openSimulator>>) {
  return async (token: string) =>
    (await p.post(PREAUTH, { access_token: token }, { component_appid: COMPONENT })).errcode ?? 0;
}

describe('the component token', () => {
  test('requires appid, secret and a valid ticket', async () => {
    const p = await openSimulator();
    const ticket = await p.ticket();
    const good = await p.askForComponentToken(ticket);
    expect(good.expires_in).toBe(7200);
    expect(good.component_access_token).toMatch(/^\d\d_[\w-]{138}$/);
    const ask = async (body: object) =>
      (await p.post('/cgi-bin/component/api_component_token', {}, body)).errcode as number;
    const whole = { component_appid: COMPONENT, component_appsecret: SECRET, component_verify_ticket: ticket };
    expect(await ask({ ...whole, component_verify_ticket: 'ticket@@@other' })).toBe(61006);
    expect(await ask({ ...whole, component_appsecret: 'x' })).toBe(40125);
    expect(await ask({ ...whole, component_appsecret: '' })).toBe(41004);
    expect(await ask({ ...whole, component_appid: 'wxffffffffffffffff' })).toBe(61011);
    expect(await ask({ ...whole, component_appid: undefined })).toBe(41018);
    await p.control('POST /expire', { token: 'ticket' });
    expect(await ask(whole)).toBe(61005);
    expect((await p.control('GET /counters')).minted).toEqual({ [`component:${COMPONENT}`]: 1 });
  });

  test('is accepted under both names, and invalid tokens are refused with their errcodes', async () => {
    const p = await openSimulator();
    const token = await p.componentToken();
    const body = { component_appid: COMPONENT };
    expect((await p.post(PREAUTH, { component_access_token: token }, body)).pre_auth_code).toMatch(/^preauthcode@@@/);
    expect((await p.post(PREAUTH, { access_token: token }, body)).expires_in).toBe(1800);
    const refused = await p.post(PREAUTH, { access_token: 'garbage' }, body);
    expect(refused.errcode).toBe(40001);
    expect(refused.errmsg).toMatch(/ rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}$/);
    expect((await p.post(PREAUTH, { access_token: '' }, body)).errcode).toBe(41001);
    expect((await p.post(PREAUTH, { access_token: token }, {})).errcode).toBe(41018);
    expect((await p.post(PREAUTH, { access_token: token }, '{')).errcode).toBe(47001);
    expect((await p.get(PREAUTH, { access_token: token })).errcode).toBe(43002);
  });

  test('is valid for its grace period after it was superseded, then refused with 40001', async () => {
    const p = await openSimulator({ timeScale: 150 });
    const ask = probe(p);
    let asked = 0;
    const mint = async () => {
      asked++;
      return (await p.askForComponentToken(await p.ticket())).component_access_token;
    };
    // Two seconds here.
    const [first, second] = await until(async () => {
      const tokens = [await mint(), await mint()] as const;
      return (await ask(tokens[0])) === 0 ? tokens : undefined;
    });
    expect(await until(() => ask(first))).toBe(40001);
    expect(await ask(second)).toBe(0);
    expect((await p.control('GET /counters')).minted[`component:${COMPONENT}`]).toBe(asked);
  });

  test('is refused with 42001 after its scaled lifetime, which expires_in announces', async () => {
    const p = await openSimulator({ timeScale: 7200 });
    // The lifetime of the ticket is scaled, too: six seconds.
    const answer = await p.askForComponentToken(await p.ticket());
    expect(answer.expires_in).toBe(1);
    expect(await until(() => probe(p)(answer.component_access_token))).toBe(42001);
  });

  test('ends at once with the requested errcode when the control API expires it', async () => {
    const p = await openSimulator();
    for (const as of [42001, 40001, 40014]) {
      const token = await p.componentToken();
      await p.control('POST /expire', { token: 'component', as });
      expect(await probe(p)(token)).toBe(as);
    }
  });
});

describe('authorization', () => {
  test('a code is valid once; unknown and pre-auth codes are invalid', async () => {
    const p = await openSimulator();
    const token = await p.componentToken();
    const exchange = (code: string) =>
      p.post(
        '/cgi-bin/component/api_query_auth',
        { access_token: token },
        { component_appid: COMPONENT, authorization_code: code },
      );
    const preAuthCode = (await p.post(PREAUTH, { access_token: token }, { component_appid: COMPONENT })).pre_auth_code;
    const { code, pushed } = await p.control('POST /authorize', { appid: OFFICIAL, preAuthCode, funcIds: [1, 2] });
    expect(pushed).toBe(true);
    expect((await exchange(preAuthCode)).errcode).toBe(61009);
    expect((await exchange('queryauthcode@@@x')).errcode).toBe(61009);
    const { authorization_info: info } = await exchange(code);
    expect(info.authorizer_appid).toBe(OFFICIAL);
    expect(info.authorizer_refresh_token).toMatch(/^refreshtoken@@@/);
    expect(info.func_info).toEqual([{ funcscope_category: { id: 1 } }, { funcscope_category: { id: 2 } }]);
    expect((await exchange(code)).errcode).toBe(61010);
    await expect(p.control('POST /authorize', { appid: OFFICIAL, preAuthCode })).rejects.toThrow('preAuthCode is used');
  });

  test('a refresh returns the same refresh token; re-authorization revokes it; the list has the new one', async () => {
    const p = await openSimulator();
    const { refresh, component } = await p.authorize();
    const renew = (token: string) =>
      p.post(
        '/cgi-bin/component/api_authorizer_token',
        { access_token: component },
        { component_appid: COMPONENT, authorizer_appid: OFFICIAL, authorizer_refresh_token: token },
      );
    expect((await renew(refresh)).authorizer_refresh_token).toBe(refresh);
    const again = await p.control('POST /authorize', { appid: OFFICIAL });
    expect(again).toMatchObject({ pushed: false, change: 'unchanged' });
    expect((await renew(refresh)).errcode).toBe(61023);
    expect((await renew('')).errcode).toBe(61023);
    const list = await p.post(
      '/cgi-bin/component/api_get_authorizer_list',
      { access_token: component },
      { component_appid: COMPONENT, offset: 0, count: 100 },
    );
    expect(list.total_count).toBe(1);
    expect((await renew(list.list[0].refresh_token)).authorizer_access_token).toBeDefined();

    await p.control('POST /options', { rotateRefreshToken: true });
    const rotated = await renew(list.list[0].refresh_token);
    expect(rotated.authorizer_refresh_token).not.toBe(list.list[0].refresh_token);
    expect((await renew(list.list[0].refresh_token)).errcode).toBe(61023);
    await p.control('POST /options', { rotateRefreshToken: false, emptyRefreshToken: true });
    expect((await renew(rotated.authorizer_refresh_token)).authorizer_refresh_token).toBe('');
  });

  test('an authorizer token has a grace period after a refresh, like the component token', async () => {
    const p = await openSimulator({ timeScale: 150 });
    const { access, refresh, component } = await p.authorize();
    const ask = async (token: string) => (await p.get('/cgi-bin/user/get', { access_token: token })).errcode ?? 0;
    const mint = async (): Promise<string> => {
      const body = { component_appid: COMPONENT, authorizer_appid: OFFICIAL, authorizer_refresh_token: refresh };
      return (await p.post('/cgi-bin/component/api_authorizer_token', { access_token: component }, body))
        .authorizer_access_token;
    };
    let [former, next] = [access, await mint()];
    // Two seconds here.
    await until(async () => {
      if ((await ask(former)) === 0) return true;
      [former, next] = [next, await mint()];
      return false;
    });
    expect(await until(() => ask(former))).toBe(40001);
    expect(await ask(next)).toBe(0);
  });

  test('list and info have the documented names; only a mini program has MiniProgramInfo', async () => {
    const p = await openSimulator();
    const { component } = await p.authorize(OFFICIAL);
    await p.control('POST /authorize', { appid: MINI });
    const query = { access_token: component };
    const list = (body: object) =>
      p.post('/cgi-bin/component/api_get_authorizer_list', query, { component_appid: COMPONENT, ...body });
    expect((await list({ offset: 0, count: 501 })).errcode).toBe(40170);
    const page = await list({ offset: 1, count: 500 });
    // No code of the mini program's consent has been exchanged yet.
    expect(page).toMatchObject({ total_count: 2, list: [{ authorizer_appid: MINI, refresh_token: '' }] });
    const info = (appid: string) =>
      p.post('/cgi-bin/component/api_get_authorizer_info', query, {
        component_appid: COMPONENT,
        authorizer_appid: appid,
      });
    const official = await info(OFFICIAL);
    expect(official.authorizer_info).toMatchObject({ nick_name: '服务号', service_type_info: { id: 2 } });
    expect(official.authorizer_info.MiniProgramInfo).toBeUndefined();
    expect(official.authorization_info.authorizer_access_token).toBeUndefined();
    expect((await info(MINI)).authorizer_info.MiniProgramInfo.network.RequestDomain).toEqual([]);
    expect((await info('wxnobody')).errcode).toBe(61003);
  });

  test('a revoked consent: tokens and refreshes are refused, and the account is not listed', async () => {
    const p = await openSimulator();
    const { access, refresh, component } = await p.authorize();
    await p.control('POST /unauthorize', { appid: OFFICIAL });
    expect((await p.get('/cgi-bin/user/get', { access_token: access })).errcode).toBe(40001);
    const renewed = await p.post(
      '/cgi-bin/component/api_authorizer_token',
      { access_token: component },
      { component_appid: COMPONENT, authorizer_appid: OFFICIAL, authorizer_refresh_token: refresh },
    );
    expect(renewed.errcode).toBe(61003);
    await expect(p.control('POST /unauthorize', { appid: OFFICIAL })).rejects.toThrow('has not authorized');
    const { authorizations } = await p.control('GET /state');
    expect(authorizations).toMatchObject([{ component: COMPONENT, appid: OFFICIAL, state: 'unauthorized' }]);
  });

  test('tokens of the wrong kind and permission sets that were not granted are refused', async () => {
    const p = await openSimulator();
    const { access, component } = await p.authorize(OFFICIAL, [15]);
    expect((await p.post(PREAUTH, { access_token: access }, { component_appid: COMPONENT })).errcode).toBe(61014);
    expect((await p.get('/cgi-bin/user/get', { access_token: component })).errcode).toBe(61015);
    expect((await p.get('/cgi-bin/user/get', { access_token: access })).errcode).toBe(61007);
    expect((await p.get('/cgi-bin/menu/get', { access_token: access })).errcode).toBe(46003);
    const mini = await p.authorize(MINI);
    expect((await p.get('/cgi-bin/user/get', { access_token: mini.access })).errcode).toBe(48001);
    // Only component APIs read the older name of the parameter.
    expect((await p.get('/cgi-bin/menu/get', { component_access_token: access })).errcode).toBe(41001);
  });

  test('every secret ever issued is listed', async () => {
    const p = await openSimulator();
    const { access, refresh, component } = await p.authorize();
    const secrets = await p.control('GET /secrets');
    expect(secrets.authorizerTokens).toContain(access);
    expect(secrets.refreshTokens).toContain(refresh);
    expect(secrets.componentTokens).toContain(component);
    // Long, and with characters that a careless client does not escape.
    for (const token of [access, component]) expect(token).toMatch(/^\d\d_[\w-]{130,}-_$/);
    expect(secrets.authCodes[0]).toMatch(/^queryauthcode@@@/);
    expect(secrets.tickets[0]).toMatch(/^ticket@@@/);
    expect(secrets.preAuthCodes).toEqual([]);
  });

  test('deterministic runs repeat their credentials, others never do', async () => {
    const token = async (deterministic: boolean) => (await openSimulator({ deterministic, seed: 5 })).componentToken();
    expect(await token(true)).toBe(await token(true));
    expect(await token(false)).not.toBe(await token(false));
  });
});

test('a stopped ticket service starts again on request', async () => {
  const p = await openSimulator();
  const ask = (component_secret: string) =>
    p.post('/cgi-bin/component/api_start_push_ticket', {}, { component_appid: COMPONENT, component_secret });
  expect((await ask('x')).errcode).toBe(40125);
  expect(await ask(SECRET)).toEqual({ errcode: 0, errmsg: 'in a normal state' });
  await p.control('POST /ticket-service', { on: false });
  expect(await ask(SECRET)).toEqual({ errcode: 0, errmsg: 'ok' });
  await until(() => p.receiver.received.some((one) => one.message.includes('component_verify_ticket')));
});
