import { type ConsentVisit, NotReadyFailure, ReauthorizeFailure } from '@wxthirdparty/platform';
import { Failure } from '@wxthirdparty/wechat';
import { expect, it } from 'vitest';
import { ACCOUNT, COMPONENT, fakePlatform, LINK } from './fake-platform.ts';
import { API_KEY, bearer, openGateway } from './open-gateway.ts';

const page = (url: string, headers: Record<string, string> = {}) => fetch(url, { headers, redirect: 'manual' });
const cookieOf = (response: Response) => response.headers.getSetCookie()[0]?.split(';')[0] ?? '';

async function open(publicUrl?: string, returnToOrigins: string[] = []) {
  const platform = fakePlatform();
  const visits: ConsentVisit[] = [];
  platform.consents.start = (visit) => {
    visits.push(visit);
    return Promise.resolve({ url: 'https://mp.weixin.qq.com/x?a=1&b="<script>' });
  };
  const gateway = await openGateway(platform, { publicUrl, returnToOrigins });
  // As the browser sees it: by the name that PUBLIC_URL says.
  const base = publicUrl ? gateway.url : `http://localhost:${gateway.port}`;
  return { platform, visits, gateway, authorize: `${base}/authorize/${COMPONENT}` };
}

it('goes on to WeChat by itself, and says nothing in the address that could break out of the page', async () => {
  const { authorize, visits } = await open();
  const response = await page(`${authorize}?auth_type=2&biz_appid=${ACCOUNT}&category_id_list=1|2&return_to=/done`);
  const html = await response.text();
  expect(html).toContain('url=https://mp.weixin.qq.com/x?a=1&#38;b=&#34;&#60;script&#62;');
  expect(html).toContain('location.replace("https://mp.weixin.qq.com/x?a=1\\u0026b=\\"\\u003cscript\\u003e")');
  expect(html).not.toContain('"<script>');
  const nonce = /script-src 'nonce-([^']+)'/.exec(response.headers.get('content-security-policy') ?? '')?.[1];
  expect(html).toContain(`<script nonce="${nonce}">`);
  expect(response.headers.get('referrer-policy')).toBe('origin');
  const origin = new URL(authorize).origin;
  expect(visits[0]).toMatchObject({
    options: { style: null, authType: 2, bizAppid: ACCOUNT, categoryIdList: '1|2', returnTo: `${origin}/done` },
    styleOfBrowser: 'pc',
    callbackUrl: `${authorize}/callback`,
  });
});

it('takes no pre-auth code for who only looks whether it is there', async () => {
  const { authorize, visits } = await open();
  expect((await fetch(authorize, { method: 'HEAD' })).status).toBe(200);
  expect(visits).toEqual([]);
});

it.each([
  ['Mozilla/5.0 (iPhone; CPU iPhone OS 17_0) MicroMessenger/8.0', 'mobile'],
  ['Mozilla/5.0 (Linux; Android 14) Mobile MicroMessenger/8.0', 'mobile'],
  ['Mozilla/5.0 (Windows NT 10.0) MicroMessenger/3.9 WindowsWechat', 'pc'],
  ['Mozilla/5.0 (X11; Linux x86_64) Chrome/130', 'pc'],
])('%s opens the %s page', async (agent, style) => {
  const { authorize, visits } = await open();
  await page(authorize, { 'user-agent': agent });
  expect(visits[0]?.styleOfBrowser).toBe(style);
});

it('knows a browser again by a cookie that scripts and other sites do not get', async () => {
  const { authorize, visits } = await open();
  const first = await page(authorize);
  expect(first.headers.getSetCookie()[0]).toMatch(
    /^wx_consent=[\w-]{32}; Max-Age=7200; Path=\/;.* HttpOnly; SameSite=Lax$/,
  );
  await page(authorize, { cookie: `other=1; ${cookieOf(first)}` });
  await page(authorize, { cookie: 'wx_consent=made-up' });
  const [one, again, another] = visits.map((visit) => visit.browser);
  expect(again).toBe(one);
  expect(another).not.toBe(one);
  expect(another).not.toBe('made-up');
});

it('leads a browser that came by another name to the one that WeChat knows', async () => {
  const { authorize, visits } = await open('https://wx.example.com');
  const elsewhere = await page(authorize);
  expect(elsewhere.status).toBe(421);
  const text = await elsewhere.text();
  expect(text).toContain(`href="https://wx.example.com/authorize/${COMPONENT}"`);
  expect(text).toContain('微信只接受从 wx.example.com 发起的授权');
  const english = await (await page(authorize, { 'accept-language': 'en' })).text();
  expect(english).toContain('WeChat takes authorizations only from wx.example.com');
  expect(elsewhere.headers.getSetCookie()).toEqual([]);
  expect(visits).toEqual([]);
});

it('over HTTPS the cookie belongs to this host alone', async () => {
  const publicUrl = 'https://wx.example.com';
  const gateway = await openGateway(fakePlatform(), { publicUrl, trustProxy: 'loopback' });
  const headers = { 'x-forwarded-host': 'wx.example.com', 'x-forwarded-proto': 'https' };
  const response = await page(`${gateway.url}/authorize/${COMPONENT}`, headers);
  expect(response.status).toBe(200);
  expect(response.headers.getSetCookie()[0]).toMatch(/^__Host-wx_consent=.*Path=\/;.*Secure/);
});

it.each([
  ['authorized', null, 200, 'Authorized'],
  ['authorized', 'https://shop.example.com/x', 303, ''],
  // Taken off the list since.
  ['authorized', 'https://gone.example.com/x', 400, 'Wrong address'],
  ['pending', null, 202, 'Almost there'],
  ['failed', 'https://shop.example.com/x', 409, 'Another account'],
] as const)('ends as %s with return_to %s in %i', async (outcome, returnTo, status, words) => {
  const { platform, authorize } = await open(undefined, ['https://shop.example.com']);
  platform.consents.comeBack = () =>
    Promise.resolve(
      outcome === 'pending'
        ? { outcome }
        : outcome === 'failed'
          ? { outcome, code: 'wrong_account', message: 'no', returnTo }
          : { outcome, appid: ACCOUNT, returnTo },
    );
  const cookie = cookieOf(await page(authorize));
  const response = await page(`${authorize}/callback?state=s&auth_code=c`, { cookie, 'accept-language': 'en' });
  expect(response.status).toBe(status);
  expect(response.headers.get('location')).toBe(status === 303 ? returnTo : null);
  expect(response.headers.get('cache-control')).toBe('no-store');
  expect(await response.text()).toContain(words);
});

it('names the account and the platform after the consent, as text', async () => {
  const { platform, authorize } = await open();
  platform.consents.comeBack = () => Promise.resolve({ outcome: 'authorized', appid: ACCOUNT, returnTo: null });
  const cookie = cookieOf(await page(authorize));
  const end = async (language: string) => {
    const headers = { cookie, 'accept-language': language };
    const response = await page(`${authorize}/callback?state=s&auth_code=a-secret-code`, headers);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const html = await response.text();
    expect(html).not.toContain('a-secret-code');
    return html;
  };
  const find = platform.authorizers.find;
  platform.authorizers.find = async (...asked) => ({ ...(await find(...asked)), nickName: '<b>茶馆</b> & "Co"' });
  const [chinese, english] = [await end('zh'), await end('en')];
  for (const html of [chinese, english]) {
    expect(html).toContain('<strong>&#60;b&#62;茶馆&#60;/b&#62; &#38; &#34;Co&#34;</strong>');
    expect(html).toContain(`<code>${ACCOUNT}</code>`);
    expect(html).toContain(`<code>${COMPONENT}</code>`);
  }
  expect(chinese).toMatch(/公众号[\s\S]*第三方平台/);
  expect(english).toMatch(/Official account[\s\S]*Third-party platform/);
  // The consent is stored even if the profile cannot be read.
  platform.authorizers.find = () => Promise.reject(new Error('the database is away'));
  expect(await end('en')).toMatch(new RegExp(`Authorized[\\s\\S]*<dt>Account</dt><dd><code>${ACCOUNT}</code>`));
});

it('hands the platform nothing from a browser that did not begin here, or that brings no code', async () => {
  const { platform, authorize } = await open();
  let asked = 0;
  platform.consents.comeBack = () => {
    asked++;
    return Promise.resolve({ outcome: 'pending' });
  };
  const cookie = cookieOf(await page(authorize));
  expect((await page(`${authorize}/callback?state=s&auth_code=c`)).status).toBe(403);
  expect((await page(`${authorize}/callback?auth_code=c`, { cookie })).status).toBe(403);
  expect((await page(`${authorize}/callback?state=s&state=t&auth_code=c`, { cookie })).status).toBe(403);
  expect((await page(`${authorize}/callback?state=s`, { cookie })).status).toBe(400);
  expect(asked).toBe(0);
});

it.each([
  // What happened, and what to do now, in both languages.
  [
    new NotReadyFailure(COMPONENT, ['no_ticket']),
    503,
    ['平台暂未就绪', '联系服务商'],
    ['Not ready', 'tell your provider'],
  ],
  [new Failure('link_expired', 'fix-request', 'x'), 410, ['链接已过期', '索取新的链接'], ['expired', 'a new link']],
  [new Failure('link_used', 'fix-request', 'x'), 410, ['链接已使用', '索取新的链接'], ['been used', 'a new link']],
  [
    new Failure('unknown_link', 'fix-request', 'x'),
    404,
    ['没有这个授权链接', '是否完整'],
    ['No such link', 'complete'],
  ],
  [new Failure('wrong_account', 'fix-request', 'x'), 409, ['帐号不符', '重新打开'], ['Another account', 'again']],
  [
    new Failure('wrong_account_type', 'fix-request', 'x'),
    409,
    ['帐号类型不符', '正确类型'],
    ['Wrong kind', 'right kind'],
  ],
  [new Failure('consent_mismatch', 'fix-request', 'x'), 403, ['这个浏览器', '启用'], ['this browser', 'allow cookies']],
  [
    new Failure('ip_not_allowed', 'operator', '<b>61004</b>'),
    503,
    ['&#60;b&#62;61004', '服务商'],
    ['&#60;b&#62;61004', 'provider'],
  ],
  [new Error('a secret'), 500, ['意外错误', '编号'], ['unexpected', 'the number']],
])('shows a page for %s', async (error, status, chinese, english) => {
  const { platform, authorize } = await open();
  platform.consents.start = () => Promise.reject(error);
  for (const [language, words] of [
    ['zh-TW,zh;q=0.9', chinese],
    ['en-US,en;q=0.9', english],
  ] as const) {
    const response = await page(`${authorize}?link=${LINK}`, { 'accept-language': language });
    const html = await response.text();
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('content-language')).toMatch(language.slice(0, 2));
    for (const word of words) expect(html).toContain(word);
    expect(html).not.toContain('a secret');
    expect(html).toContain('name="viewport"');
    expect(html.includes('http-equiv="refresh"')).toBe(error instanceof NotReadyFailure);
  }
});

it('makes links, with addresses under PUBLIC_URL', async () => {
  const { gateway } = await open('https://wx.example.com/base');
  const path = `${gateway.url}/v1/components/${COMPONENT}/authorization-links`;
  const made = await fetch(path, {
    method: 'POST',
    headers: { ...bearer, 'content-type': 'application/json' },
    body: JSON.stringify({ style: 'mobile', authType: 1, expiresInMs: 5_000 }),
  });
  expect(made.status).toBe(201);
  expect(await made.json()).toMatchObject({
    id: LINK,
    url: `https://wx.example.com/base/authorize/${COMPONENT}?link=${LINK}`,
    expiresAt: '2026-11-22T10:00:05.000Z',
    style: 'mobile',
    authType: 1,
  });
  expect((await fetch(path, { method: 'POST' })).status).toBe(401);
  expect((await fetch(path, { method: 'POST', headers: bearer })).status).toBe(201);
  for (const body of ['{', '{"authType":7}', '{"expiresInMs":5}', '{"what":1}', '{"returnTo":"https://evil.com"}']) {
    const headers = { ...bearer, 'content-type': 'application/json' };
    expect((await fetch(path, { method: 'POST', headers, body })).status, body).toBe(400);
  }
  expect((await fetch(path, { method: 'POST', headers: bearer, body: 'x=1' })).status).toBe(415);
});

it('tells a refused caller by which link the merchant can consent again', async () => {
  const { platform, gateway } = await open('https://wx.example.com');
  const failure = new ReauthorizeFailure(COMPONENT, ACCOUNT, 'revoked', LINK);
  platform.calls.submit = () => Promise.reject(failure);
  platform.calls.submitAll = () => Promise.resolve([failure]);
  const authorizationUrl = `https://wx.example.com/authorize/${COMPONENT}?link=${LINK}`;
  const call = { method: 'GET', path: '/cgi-bin/user/get' };
  const ask = async (path: string, body: unknown) => {
    const headers = { ...bearer, 'content-type': 'application/json' };
    const response = await fetch(`${gateway.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, body: await response.json() };
  };
  expect(await ask(`/v1/authorizers/${ACCOUNT}/calls`, call)).toMatchObject({
    status: 409,
    body: { code: 'reauthorize', authorizationUrl },
  });
  expect(await ask('/v1/calls/batch', { calls: [{ ...call, appid: ACCOUNT }] })).toMatchObject({
    body: { items: [{ problem: { code: 'reauthorize', status: 409, authorizationUrl } }] },
  });
  // SDKs read nothing but errcode and errmsg.
  const find = platform.authorizers.find;
  platform.authorizers.find = async (...asked) => ({ ...(await find(...asked)), state: 'revoked' });
  const query = new URLSearchParams({ grant_type: 'client_credential', appid: ACCOUNT, secret: API_KEY });
  const virtual = await fetch(`${gateway.url}/cgi-bin/token?${query}`);
  expect(await virtual.json()).toMatchObject({ errcode: 61003, errmsg: expect.stringContaining(authorizationUrl) });
});

it('takes no more than sixty pre-auth codes for one address in ten minutes, and then says so', async () => {
  const { authorize, visits } = await open();
  const open60 = (url: string) => Promise.all(Array.from({ length: 60 }, async () => (await page(url)).status));
  expect(new Set(await open60(authorize))).toEqual(new Set([200]));
  const refused = await page(authorize, { 'accept-language': 'en' });
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.text()).toContain('Opened too often');
  expect(visits).toHaveLength(60);
  // A merchant with a link of its own is not kept out by that; each link has its own bound.
  expect(new Set(await open60(`${authorize}?link=${LINK}`))).toEqual(new Set([200]));
  expect((await page(`${authorize}?link=${LINK}`)).status).toBe(429);
  expect((await page(`${authorize}?link=${LINK.replace(/^./, 'b')}`)).status).toBe(200);
});
