import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Balancer } from './support/balancer.ts';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import {
  answerOf,
  coWechatOAuth,
  type LoginProgram,
  type LoginSettings,
  startCoWechatOAuth,
  startEasyWeChatLogin,
  startPassportWechat,
  startWechatJssdk,
  startWechatOAuth,
  wechatOAuth,
} from './support/login-programs.ts';
import { until } from './support/until.ts';
import type { Anything } from './support/wechat-programs.ts';

const require = createRequire(import.meta.url);

let deployment: Deployment;
/** Gives each request to the other node: what one step returns, the next one needs on another host. */
let balancer: Balancer;
beforeAll(async () => {
  deployment = await Deployment.open({ nodes: 2 });
  balancer = await Balancer.open();
  balancer.balance([0, 1].map((node) => deployment.gatewayUrl(node)));
  for (const appid of [SERVICE_ACCOUNT, MINI_PROGRAM]) await deployment.authorized(appid);
  await until('both nodes are ready', () => balancer.ready === 2);
});
afterAll(async () => {
  await balancer?.close();
  await deployment?.close();
});

function settings(appid = SERVICE_ACCOUNT, secret = deployment.apiKey): LoginSettings {
  return { base: balancer.url, component: deployment.component.appid, appid, secret };
}

/** WeChat's page in a browser, where the user agrees at once; the simulator has it under its own host. */
async function consent(url: string): Promise<URLSearchParams> {
  expect(url).toMatch(/^https:\/\/open\.weixin\.qq\.com\/connect\/oauth2\/authorize\?/);
  const page = await fetch(url.replace('https://open.weixin.qq.com', deployment.wechat.url), { redirect: 'manual' });
  return new URL(page.headers.get('location')!).searchParams;
}

function login(appid: string): Promise<{ code: string; openid: string }> {
  return deployment.wechat.control('POST', '/login', { appid, scope: 'snsapi_userinfo' });
}

async function ask(path: string): Promise<Record<string, unknown>> {
  return (await (await fetch(balancer.url + path)).json()) as Record<string, unknown>;
}

describe('a user logs in to a web page that uses', () => {
  it.each<[name: string, start: (settings: LoginSettings) => LoginProgram | Promise<LoginProgram>]>([
    ['wechat-oauth', startWechatOAuth],
    ['co-wechat-oauth', startCoWechatOAuth],
    ['passport-wechat', startPassportWechat],
    ['wechat-jssdk', startWechatJssdk],
    ['node-easywechat', startEasyWeChatLogin],
  ])('%s', async (_name, start) => {
    const program = await start(settings());
    const back = await consent(await program.consentUrl('http://shop.example/back?from=menu', 'state-1'));
    expect([back.get('state'), back.get('from'), back.get('appid')]).toEqual(['state-1', 'menu', SERVICE_ACCOUNT]);
    const [openid] = await deployment.wechat.followers(SERVICE_ACCOUNT);
    expect(await program.userOf(back.get('code')!)).toMatchObject({
      openid,
      nickname: expect.stringContaining('用户'),
    });
    // Read as a failure, too: the code has been used.
    await expect(program.userOf(back.get('code')!)).rejects.toThrow();
    await program.close?.();
  });
});

describe('a user of a mini program logs in by', () => {
  const session = { session_key: expect.any(String) };

  it.each<[name: string, sessionOf: (settings: LoginSettings, code: string) => Promise<unknown>]>([
    [
      'wechat-oauth',
      async (of, code) => (await answerOf((done) => wechatOAuth(of).getSessionKey(code, done))).data as unknown,
    ],
    [
      'wechat-jssdk',
      ({ base, appid, secret }, code) => {
        const { MiniProgram, Store } = require('wechat-jssdk') as Anything;
        const miniProgram = { appId: appid, appSecret: secret, GET_SESSION_KEY_URL: `${base}/sns/jscode2session` };
        return new MiniProgram({ miniProgram, store: new Store() }).getSession(code);
      },
    ],
    [
      'node-easywechat',
      ({ base, appid, secret }, code) => {
        const { MiniApp } = require('node-easywechat') as Anything;
        return new MiniApp({ app_id: appid, secret, http: { baseURL: base } }).getUtils().codeToSession(code);
      },
    ],
  ])('%s', async (_name, sessionOf) => {
    const { code, openid } = await login(MINI_PROGRAM);
    expect(await sessionOf(settings(MINI_PROGRAM), code)).toMatchObject({ ...session, openid });
    // WeChat refuses a code the second time, and the package must not take that for a login.
    await expect(sessionOf(settings(MINI_PROGRAM), code)).rejects.toBeDefined();
  });
});

it('wechat-jssdk signs a page with the ticket that all programs share', async () => {
  const { JSSDK, Store } = require('wechat-jssdk') as Anything;
  const { base, appid, secret } = settings();
  const addresses = { accessTokenUrl: `${base}/cgi-bin/token`, ticketUrl: `${base}/cgi-bin/ticket/getticket` };
  // It starts a timer of two hours that nothing ends.
  vi.useFakeTimers({ toFake: ['setInterval'] });
  const sdk = new JSSDK({ appId: appid, appSecret: secret, ...addresses, store: new Store() });
  vi.useRealTimers();
  const { url, nonceStr, timestamp, signature } = await sdk.getSignature('http://shop.example/page?a=1#part');
  const { access_token: token } = await sdk.getAccessToken();
  const { ticket } = await sdk.getJsApiTicket(token);
  const signed = `jsapi_ticket=${ticket}&noncestr=${nonceStr}&timestamp=${timestamp}&url=http://shop.example/page?a=1`;
  expect({ url, signature }).toEqual({
    url: 'http://shop.example/page?a=1',
    signature: createHash('sha1').update(signed).digest('hex'),
  });
  expect(await deployment.wechat.asked('GET /cgi-bin/ticket/getticket')).toBe(1);
});

interface LoginCall {
  readonly id: string;
  readonly response: { readonly body: { readonly access_token: string } } | null;
}

describe('the token of a user', () => {
  it('is refreshed with the key in a header, and the new one is known, too', async () => {
    const oauth = coWechatOAuth(settings());
    const { code, openid } = await login(SERVICE_ACCOUNT);
    await oauth.getAccessToken(code);
    oauth.store[openid].expires_in = 0;
    await expect(oauth.getUser(openid)).rejects.toMatchObject({ code: 41004 });
    oauth.setOpts({ headers: { authorization: `Bearer ${deployment.apiKey}` } });
    expect(await oauth.getUser(openid)).toMatchObject({ openid });
    oauth.setOpts({});
    expect(oauth.store[openid].expires_in).toBe(7200);
    expect(await oauth.verifyToken(openid, oauth.store[openid].access_token)).toMatchObject({ errcode: 0 });
  });

  it('is known if the code was exchanged by a call of /v1, also by one in the background', async () => {
    for (const waitMs of [30_000, 0]) {
      const { code, openid } = await login(SERVICE_ACCOUNT);
      const query = { code, grant_type: 'authorization_code' };
      const request = { method: 'GET', path: '/sns/oauth2/access_token', query, waitMs };
      const called = (await deployment.call(SERVICE_ACCOUNT, request)).body as LoginCall;
      const answer = await until('the call has completed', async () => {
        if (called.response) return called.response.body;
        return (await deployment.api<LoginCall>('GET', `/v1/calls/${called.id}`)).body.response?.body;
      });
      expect(await ask(`/sns/userinfo?access_token=${answer.access_token}&openid=${openid}`)).toMatchObject({ openid });
    }
  });

  it('ends with the key of the login, and is unknown after a loss of Redis: then the user logs in again', async () => {
    const input = { name: 'shop', scopes: ['calls'], accounts: [SERVICE_ACCOUNT], paths: ['/sns/*'] };
    const { body } = await deployment.api<{ id: string; key: string }>('POST', '/v1/keys', input);
    const shop = coWechatOAuth(settings(SERVICE_ACCOUNT, body.key));
    const { code, openid } = await login(SERVICE_ACCOUNT);
    expect(await shop.getUserByCode(code)).toMatchObject({ openid });
    const authorization = `Bearer ${deployment.apiKey}`;
    await fetch(`${balancer.url}/v1/keys/${body.id}`, { method: 'DELETE', headers: { authorization } });
    await until(
      'the token is refused',
      async () => (await shop.getUser(openid).catch((e: Anything) => e)).code === 40001,
    );

    const program = coWechatOAuth(settings());
    await program.getAccessToken((await login(SERVICE_ACCOUNT)).code);
    const asked = await deployment.wechat.asked('GET /sns/userinfo');
    const redis = deployment.redis.client();
    // The rest of Redis is restored, which is another story.
    expect(await redis.del(...(await redis.keys('wx:{user-token:*')))).toBeGreaterThan(0);
    redis.disconnect();
    await expect(program.getUser(openid)).rejects.toMatchObject({
      code: 40001,
      message: expect.stringContaining('log in again'),
    });
    expect(await deployment.wechat.asked('GET /sns/userinfo')).toBe(asked);
    expect(await program.getUserByCode((await login(SERVICE_ACCOUNT)).code)).toMatchObject({ openid });
  });
});
