import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openVirtualTokens } from '../packages/gateway/src/virtual/virtual-token.ts';
import { VirtualCodes } from '../packages/platform/src/delivery/format/virtual-code.ts';
import { Browser } from './support/browser.ts';
import { Crossroads } from './support/crossroads.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import {
  type KeptToken,
  type PlatformAccess,
  type PlatformProgram,
  startEasyWeChat,
  type WeChatComponent,
  wechatComponent,
} from './support/platform-programs.ts';
import { PlatformRequests, requestStyles } from './support/platform-requests.ts';
import { until } from './support/until.ts';

const secretsKey = randomBytes(32);
const CONSENTING = 'wx00000000000000c3';
const WITH_LINK = 'wx00000000000000d4';

let deployment: Deployment;
let component: string;
let openid: string;
let program: PlatformProgram;
/** WeChat's pushes pass it: the proxy in front of the program, where its operator switches them over. */
let proxy: Crossroads;
/** What WeChat put into the address of the program's own callback page. */
let redirectCode: string;
/** What we put into the event about the same consent. */
let eventCode: string;

beforeAll(async () => {
  proxy = await Crossroads.open();
  deployment = await Deployment.open({
    nodes: 2,
    components: 2,
    pushTo: proxy.url,
    accounts: [
      { appid: SERVICE_ACCOUNT, kind: 'official-account', nickName: '演示服务号', followers: 25 },
      { appid: CONSENTING, kind: 'official-account', nickName: '新服务号', followers: 3 },
      { appid: WITH_LINK, kind: 'mini-program', nickName: '演示小程序' },
    ],
    env: { SECRETS_KEY: secretsKey.toString('base64') },
  });
  component = deployment.component.appid;
  openid = (await deployment.wechat.followers(SERVICE_ACCOUNT))[0]!;
  program = await startEasyWeChat({ ...deployment.component, component }, ({ MsgType, Content }) =>
    MsgType === 'text' ? `Platform: ${Content}` : undefined,
  );
});
afterAll(async () => {
  await deployment?.close();
  await proxy?.close();
  await program?.close();
});

const infos = (type: string) => program.received.filter(({ InfoType }) => InfoType === type);
const asked = (api: string) => deployment.wechat.asked(`POST /cgi-bin/component/${api}`);
const nameOf = (appid: string) => `wxr_${component}_${appid}`;
const gateway = (index: number): PlatformAccess => ({
  baseUrl: `${deployment.gatewayUrl(index)}/`,
  secret: deployment.apiKey,
});

const minted = async (what: string) => (await deployment.wechat.counters()).minted[what] ?? 0;
const componentTokens = () => minted(`component:${component}`);

/**
 * A user writes to the account, and WeChat accepts the answer of the program. On a busy machine the answer may take longer than
 * WeChat waits; then the user writes again.
 */
async function answers(content: string): Promise<void> {
  await until(`the program answers ${content}`, async () => {
    const { deliveries } = await deployment.wechat.control<{
      deliveries: { complaint: string | null; reply: { Content?: string } | null }[];
    }>('POST', '/push', {
      component,
      url: 'messages',
      appid: SERVICE_ACCOUNT,
      fields: { FromUserName: openid, MsgType: 'text', Content: content },
    });
    return deliveries.some(({ complaint, reply }) => complaint === null && reply?.Content === `Platform: ${content}`);
  });
}

/** The merchant consents on WeChat's page, which the program has linked; the parameters that its callback page gets. */
async function consent(page: string, appid: string): Promise<URLSearchParams> {
  expect(page).toMatch(/^https:\/\/mp\.weixin\.qq\.com\/cgi-bin\/componentloginpage\?/);
  // The libraries do not know auth_type, which WeChat demands (protocol §3.4); their programs append it.
  const consentPage = `${page.replace('https://mp.weixin.qq.com', deployment.wechat.url)}&auth_type=3`;
  const location = new URL(await new Browser().consent(consentPage, appid));
  expect(location.origin + location.pathname).toBe('https://platform.example/callback');
  return location.searchParams;
}

// The steps of docs/migrating.md.
describe('a live third-party platform on npm node-easywechat is switched over', () => {
  /** What its database has of the account: a refresh token of WeChat's. */
  let stored: string;
  const ways = () => [deployment.gatewayUrl(0), deployment.gatewayUrl(1)];
  // The user gets an answer in each step.
  afterEach(({ task }) => answers(task.name));

  it('works with WeChat itself at first', async () => {
    proxy.leadTo(new URL(program.eventUrl).origin);
    await expect.poll(() => program.ticket()).toMatch(/^ticket@@@/);
    await deployment.wechat.control('POST', '/authorize', { appid: SERVICE_ACCOUNT, component });
    const event = await until('the event', () => infos('authorized')[0]);
    const access = { baseUrl: deployment.wechat.url, secret: deployment.component.appsecret };
    const authorization = await program.at(access).getAuthorization(event.AuthorizationCode);
    stored = authorization.getRefreshToken();
    expect(stored).toMatch(/^refreshtoken@@@/);
  });

  it('1. the event URL leads here: with the next ticket we are ready, and know its accounts', async () => {
    proxy.leadOnly(/\/events\?/, ...ways());
    await deployment.wechat.control('POST', '/tick', { component });
    await deployment.ready();
    const account = async () =>
      (await deployment.api('GET', `/v1/authorizers/${SERVICE_ACCOUNT}?component=${component}`)).body;
    await expect.poll(account).toMatchObject({ state: 'active', kind: 'official-account' });
  });

  it('2. a subscription with the Token and key that the program has brings a ticket of ours', async () => {
    const { status, body } = await deployment.api<{ id: string }>('POST', '/v1/subscriptions', {
      name: 'existing platform',
      format: 'wechat-component',
      component,
      url: program.eventUrl,
      messageUrl: program.messageUrl,
      token: deployment.component.token,
      encodingAesKey: deployment.component.encodingAesKey,
    });
    expect(status).toBe(201);
    await expect.poll(() => program.ticket()).toMatch(/^ticket@@@wxthirdparty-/);
    const shown = async () => (await deployment.api('GET', `/v1/subscriptions/${body.id}`)).body;
    await expect.poll(shown).toMatchObject({ lastTicket: { status: 200, code: null } });
  });

  it('3. with another base URL and secret it asks us, with the refresh tokens that it has', async () => {
    program.forgetTokens();
    const accountTokens = () => minted(`authorizer:${component}/${SERVICE_ACCOUNT}`);
    const before = [await componentTokens(), await accountTokens()] as const;
    for (const index of [0, 1]) {
      const account = await program.at(gateway(index)).getOfficialAccountWithRefreshToken(SERVICE_ACCOUNT, stored);
      const followers = await account.getClient().get('cgi-bin/user/get');
      expect(followers.toObject()).toMatchObject({ total: 25 });
    }
    const renewed = await program.at(gateway(0)).refreshAuthorizerToken(SERVICE_ACCOUNT, stored);
    expect(renewed.authorizer_refresh_token).toBe(nameOf(SERVICE_ACCOUNT));
    // One token of the account, fetched by us; none of the component.
    expect([await componentTokens(), await accountTokens()]).toEqual([before[0], before[1] + 1]);
  });

  it('4. the message URL leads here', async () => {
    proxy.leadTo(...ways());
    const passed = () => proxy.passed.filter(({ url }) => url.includes(`/messages/${SERVICE_ACCOUNT}`)).length;
    const before = passed();
    await answers('once more');
    expect(passed()).toBeGreaterThan(before);
  });
});

describe('an unmodified third-party platform on npm node-easywechat, with two gateways instead of WeChat', () => {
  const at = (index: number) => program.at(gateway(index));
  let exchangedBefore: number;

  it('gets another ticket when it asks; WeChat is not asked', async () => {
    const before = infos('component_verify_ticket').length;
    const askedBefore = await asked('api_start_push_ticket');
    const response = await fetch(`${deployment.gatewayUrl()}/cgi-bin/component/api_start_push_ticket`, {
      method: 'POST',
      body: JSON.stringify({ component_appid: component, component_secret: deployment.apiKey }),
    });
    expect(await response.json()).toEqual({ errcode: 0, errmsg: 'ok' });
    await expect.poll(() => infos('component_verify_ticket').length).toBeGreaterThan(before);
    expect(await asked('api_start_push_ticket')).toBe(askedBefore);
  });

  it('sends a merchant to WeChat with a pre-auth code', async () => {
    const tokensBefore = await componentTokens();
    exchangedBefore = await asked('api_query_auth');
    const page: string = await at(0).createPreAuthorizationUrl('https://platform.example/callback');
    redirectCode = (await consent(page, CONSENTING)).get('auth_code')!;
    expect(await componentTokens()).toBe(tokensBefore);
  });

  it('exchanges the code of its page and the one of its event, each at both gateways; WeChat sees one exchange', async () => {
    const event = await until('the event', () =>
      infos('authorized').find(({ AuthorizerAppid }) => AuthorizerAppid === CONSENTING),
    );
    expect(event).toMatchObject({
      AppId: component,
      AuthorizationCode: expect.stringMatching(/^queryauthcode@@@wxv\./),
      PreAuthCode: expect.stringMatching(/^preauthcode@@@/),
    });
    eventCode = event.AuthorizationCode;
    const both = [redirectCode, eventCode].flatMap((code) => [
      at(0).getAuthorization(code),
      at(1).getAuthorization(code),
    ]);
    for (const authorization of await Promise.all(both)) {
      expect(authorization.getAppId()).toBe(CONSENTING);
      expect(await authorization.getAccessToken().getToken()).toMatch(/^wxt_/);
      expect(authorization.getRefreshToken()).toBe(nameOf(CONSENTING));
    }
    expect(await asked('api_query_auth')).toBe(exchangedBefore + 1);
  });

  it('calls WeChat as the account', async () => {
    const account = await at(1).getOfficialAccountWithRefreshToken(CONSENTING, nameOf(CONSENTING));
    const [touser] = await deployment.wechat.followers(CONSENTING);
    const message = { touser, msgtype: 'text', text: { content: '您好' } };
    const sent = await account.getClient().postJson('cgi-bin/message/custom/send', message);
    expect(sent.toObject()).toMatchObject({ errcode: 0 });
    const messages = (await deployment.wechat.messages()).filter(({ appid }) => appid === CONSENTING);
    expect(messages).toMatchObject([{ content: { content: '您好' } }]);
  });
});

describe('an unmodified third-party platform on npm wechat-component', () => {
  let platform: WeChatComponent;
  beforeAll(() => {
    const access = { baseUrl: deployment.gatewayUrl(1), secret: deployment.apiKey };
    platform = wechatComponent(component, access, () => program.ticket());
  });

  it('authorizes an account whose code it exchanges at once', async () => {
    const before = await asked('api_query_auth');
    const page = await platform.component.getAuthorizeURL!('https://platform.example/callback');
    const code = (await consent(page, WITH_LINK)).get('auth_code');
    // The program asks again while the exchange takes longer than the answer may.
    const { authorization_info: granted } = await until('the exchange', () => platform.component.queryAuth!(code));
    expect(granted).toMatchObject({
      authorizer_appid: WITH_LINK,
      authorizer_access_token: expect.stringMatching(/^wxt_/),
      authorizer_refresh_token: nameOf(WITH_LINK),
      func_info: expect.arrayContaining([{ funcscope_category: { id: expect.any(Number) } }]),
    });
    await expect.poll(() => infos('authorized').map(({ AuthorizerAppid }) => AuthorizerAppid)).toContain(WITH_LINK);
    expect((await asked('api_query_auth')) - before).toBe(1);
  });

  it('reads and sets what WeChat keeps about an account', async () => {
    const info = await platform.component.getAuthorizerInfo!(SERVICE_ACCOUNT);
    expect(info).toMatchObject({
      authorizer_info: { nick_name: '演示服务号' },
      authorization_info: { authorizer_appid: SERVICE_ACCOUNT, authorizer_refresh_token: nameOf(SERVICE_ACCOUNT) },
    });
    await platform.component.setAuthorizerOption!(SERVICE_ACCOUNT, 'voice_recognize', '1');
    expect(await platform.component.getAuthorizerOption!(SERVICE_ACCOUNT, 'voice_recognize')).toMatchObject({
      option_value: '1',
    });
  });

  it('calls WeChat as the account, and replaces a token that is not accepted any more', async () => {
    const kept: KeptToken = { accessToken: '', expireTime: 0, refreshToken: nameOf(SERVICE_ACCOUNT) };
    const account = platform.account(SERVICE_ACCOUNT, kept);
    expect((await account.getFollowers!()).total).toBe(25);
    expect(kept).toMatchObject({ accessToken: expect.stringMatching(/^wxt_/), refreshToken: nameOf(SERVICE_ACCOUNT) });
    kept.expireTime = 0;
    expect((await account.getFollowers!()).total).toBe(25);
    expect(kept.expireTime).toBeGreaterThan(Date.now());
  });
});

describe.each(Object.entries(requestStyles))('requests as %s sends them', (_name, style) => {
  let requests: PlatformRequests;
  let componentToken: string;
  beforeAll(() => {
    requests = new PlatformRequests(style, deployment.gatewayUrl(), component);
  });

  it('a component token, whatever the ticket', async () => {
    const answer = await requests.token(deployment.apiKey, (await program.ticket())!);
    expect(answer).toEqual({ component_access_token: expect.stringMatching(/^wxt_/), expires_in: 7200 });
    componentToken = String(answer.component_access_token);
    expect(await requests.token(deployment.apiKey, 'ticket@@@old')).toMatchObject({ expires_in: 7200 });
  });

  it('a pre-auth code, an authorization, the token of an account, and a call with it', async () => {
    expect(await requests.ask('api_create_preauthcode', componentToken)).toEqual({
      pre_auth_code: expect.stringMatching(/^preauthcode@@@/),
      expires_in: 1800,
    });
    const before = await asked('api_query_auth');
    const { authorization_info: granted } = await requests.ask('api_query_auth', componentToken, {
      authorization_code: redirectCode,
    });
    expect(granted).toMatchObject({ authorizer_appid: CONSENTING, authorizer_refresh_token: nameOf(CONSENTING) });
    expect(await asked('api_query_auth')).toBe(before);
    const renewed = await requests.ask('api_authorizer_token', componentToken, {
      authorizer_appid: SERVICE_ACCOUNT,
      authorizer_refresh_token: nameOf(SERVICE_ACCOUNT),
    });
    expect(renewed).toEqual({
      authorizer_access_token: expect.stringMatching(/^wxt_/),
      expires_in: 7200,
      authorizer_refresh_token: nameOf(SERVICE_ACCOUNT),
    });
    const ours = String(renewed.authorizer_access_token);
    expect(await requests.get('/cgi-bin/user/get?next_openid=', 'access_token', ours)).toMatchObject({ total: 25 });
  });

  it('lists and describes the accounts with refresh tokens of ours', async () => {
    const listed = await requests.ask('api_get_authorizer_list', componentToken, { offset: 0, count: 100 });
    const list = listed.list as { authorizer_appid: string; refresh_token: string }[];
    expect(Object.fromEntries(list.map((item) => [item.authorizer_appid, item.refresh_token]))).toEqual({
      [SERVICE_ACCOUNT]: nameOf(SERVICE_ACCOUNT),
      [CONSENTING]: nameOf(CONSENTING),
      [WITH_LINK]: nameOf(WITH_LINK),
    });
    const info = await requests.ask('api_get_authorizer_info', componentToken, { authorizer_appid: WITH_LINK });
    expect(info.authorization_info).toMatchObject({ authorizer_refresh_token: nameOf(WITH_LINK) });
    expect(info.authorizer_info).toMatchObject({ nick_name: '演示小程序' });
  });
});

describe('what a program is refused', () => {
  let requests: PlatformRequests;
  let componentToken: string;
  beforeAll(async () => {
    requests = new PlatformRequests(requestStyles['WxJava 4 (Java)'], deployment.gatewayUrl(1), component);
    componentToken = String((await requests.token(deployment.apiKey, '')).component_access_token);
  });

  const keyFor = async (rights: object) => {
    const { status, body } = await deployment.api<{ key: string }>('POST', '/v1/keys', {
      name: 'restricted',
      scopes: ['calls'],
      ...rights,
    });
    expect(status).toBe(201);
    return body.key;
  };
  const tokenWith = async (key: string) => String((await requests.token(key, '')).component_access_token);

  it('a secret that is no API key, also in the query', async () => {
    expect(await requests.token('wrong', '')).toMatchObject({ errcode: 40125 });
    const inQuery = (secret: string) =>
      requests.post(`/cgi-bin/component/api_component_token?component_appsecret=${secret}`, {
        component_appid: component,
        component_verify_ticket: 'ticket@@@x',
      });
    expect(await inQuery('wrong')).toMatchObject({ errcode: 40125 });
    expect(await inQuery(deployment.apiKey)).toMatchObject({ expires_in: 7200 });
    for (const node of deployment.gateways) expect(node.output).not.toContain(deployment.apiKey);
  });

  it('a token that is made up, has expired, or is for an account', async () => {
    const list = (value: string) => requests.ask('api_get_authorizer_list', value, { offset: 0, count: 10 });
    expect(await list(`${componentToken}A`)).toMatchObject({ errcode: 40001 });
    const [, keyFingerprint] = JSON.parse(Buffer.from(componentToken.slice(4), 'base64url').subarray(32).toString());
    const threeHoursAgo = () => Date.now() - 3 * 3600e3;
    const expired = openVirtualTokens([secretsKey], threeHoursAgo).sign({
      keyFingerprint,
      component,
      appid: component,
    });
    expect(await list(expired)).toMatchObject({ errcode: 42001 });
    const { authorizer_access_token: ofAccount } = await requests.ask('api_authorizer_token', componentToken, {
      authorizer_appid: SERVICE_ACCOUNT,
      authorizer_refresh_token: nameOf(SERVICE_ACCOUNT),
    });
    expect(await list(String(ofAccount))).toMatchObject({ errcode: expect.any(Number) });
  });

  it('a code that was altered, has expired, or is for another component', async () => {
    const exchange = (code: string) =>
      until('the exchange has ended', async () => {
        const answer = await requests.ask('api_query_auth', componentToken, { authorization_code: code });
        return answer.errcode === -1 ? false : answer;
      });
    const altered = eventCode.slice(0, -2) + (eventCode.at(-2) === 'A' ? 'B' : 'A') + eventCode.at(-1);
    expect(await exchange(altered)).toMatchObject({ errcode: 61009 });
    const codes = new VirtualCodes([secretsKey]);
    const consented = { component, appid: SERVICE_ACCOUNT, grantVersion: 1 };
    const anHourAgo = new Date(Date.now() - 3_601_000);
    expect(await exchange(codes.issue(consented, anHourAgo).code)).toMatchObject({ errcode: 61010 });
    const other = deployment.components[1]!.appid;
    const foreign = codes.issue({ ...consented, component: other }, new Date()).code;
    expect(await exchange(foreign)).toMatchObject({ errcode: 61010 });
    // Not one of ours: WeChat refuses it.
    expect(await exchange('queryauthcode@@@made-up')).toMatchObject({ errcode: 61009 });
  });

  it('accounts outside its key', async () => {
    const restricted = await tokenWith(await keyFor({ accounts: [WITH_LINK] }));
    const ask = (api: string, body: object) => requests.ask(api, restricted, body);
    const outside = { authorizer_appid: SERVICE_ACCOUNT };
    expect(await ask('api_query_auth', { authorization_code: redirectCode })).toMatchObject({ errcode: 61003 });
    expect(
      await ask('api_authorizer_token', { ...outside, authorizer_refresh_token: nameOf(SERVICE_ACCOUNT) }),
    ).toMatchObject({
      errcode: 61003,
    });
    expect(await ask('api_get_authorizer_info', outside)).toMatchObject({ errcode: 61003 });
    const { list } = await ask('api_get_authorizer_list', { offset: 0, count: 100 });
    expect(list).toMatchObject([{ authorizer_appid: WITH_LINK, refresh_token: nameOf(WITH_LINK) }]);
    const inside = { authorizer_appid: WITH_LINK, authorizer_refresh_token: nameOf(WITH_LINK) };
    expect(await ask('api_authorizer_token', inside)).toMatchObject({ expires_in: 7200 });
    expect(await ask('api_get_authorizer_info', { authorizer_appid: WITH_LINK })).not.toHaveProperty('errcode');
  });

  it('paths outside its key', async () => {
    const restricted = await tokenWith(await keyFor({ paths: ['/cgi-bin/user/*'] }));
    expect(await requests.ask('api_create_preauthcode', restricted)).toMatchObject({ errcode: 48001 });
    const { authorizer_access_token: ofAccount } = await requests.ask('api_authorizer_token', restricted, {
      authorizer_appid: SERVICE_ACCOUNT,
      authorizer_refresh_token: nameOf(SERVICE_ACCOUNT),
    });
    const call = (path: string) => requests.get(path, 'access_token', String(ofAccount));
    expect(await call('/cgi-bin/user/get')).toMatchObject({ total: 25 });
    expect(await call('/cgi-bin/menu/get')).toMatchObject({ errcode: 48001 });
  });

  it('another component, and the accounts of another component', async () => {
    const other = deployment.components[1]!.appid;
    const asOther = new PlatformRequests(requestStyles['WxJava 4 (Java)'], deployment.gatewayUrl(), other);
    const otherToken = String((await asOther.token(deployment.apiKey, '')).component_access_token);
    const refused = [
      asOther.ask('api_query_auth', otherToken, { authorization_code: eventCode }),
      asOther.ask('api_authorizer_token', otherToken, {
        authorizer_appid: SERVICE_ACCOUNT,
        authorizer_refresh_token: nameOf(SERVICE_ACCOUNT),
      }),
      // The token of one component in a request about the other.
      asOther.ask('api_get_authorizer_list', componentToken, { offset: 0, count: 10 }),
    ];
    for (const answer of await Promise.all(refused)) expect(answer).toMatchObject({ errcode: expect.any(Number) });
    const asUnknown = new PlatformRequests(
      requestStyles['WxJava 4 (Java)'],
      deployment.gatewayUrl(),
      'wx0000000000000000',
    );
    expect(await asUnknown.token(deployment.apiKey, '')).toMatchObject({ errcode: 61011 });
  });
});

it('the end of a consent reaches the program, and it gets no token of the account any more', async () => {
  await deployment.wechat.control('POST', '/unauthorize', { appid: SERVICE_ACCOUNT, component });
  const event = await until('the event', () => infos('unauthorized')[0]);
  expect(event).toMatchObject({ AuthorizerAppid: SERVICE_ACCOUNT });
  const renew = () => program.at(gateway(0)).refreshAuthorizerToken(SERVICE_ACCOUNT, nameOf(SERVICE_ACCOUNT));
  // A gateway reads the state of an account again after some seconds.
  await expect.poll(() => renew().catch((error: Error) => error.message)).toMatch(/61003/);
});
