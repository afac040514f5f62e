import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Browser } from './support/browser.ts';
import { databaseEnv, databases } from './support/database.ts';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { Receiver } from './support/receiver.ts';
import { until } from './support/until.ts';

const RETURN_TO = 'https://shop.example.com/settings?tab=wechat#done';
const QUERY_AUTH = 'POST /cgi-bin/component/api_query_auth';
const PRE_AUTH_CODE = 'POST /cgi-bin/component/api_create_preauthcode';

interface Link {
  readonly id: string;
  readonly url: string;
  readonly state: string;
  readonly appid: string | null;
  readonly expiresAt: string;
  readonly failure: { readonly code: string } | null;
}

interface Authorizer {
  readonly appid: string;
  readonly state: string;
  readonly kind: string;
  readonly scopes: number[];
  readonly handle: string;
  readonly cookieValue: string;
}
describe.each(databases)('on %s', (kind) => {
  let deployment: Deployment;
  beforeAll(async () => {
    deployment = await Deployment.open({
      env: { ...(await databaseEnv(kind)), RETURN_TO_ORIGINS: 'https://shop.example.com' },
    });
    await deployment.ready();
  });
  afterAll(() => deployment?.close());
  beforeEach(async () => {
    await deployment.wechat.control('DELETE', '/faults');
    await deployment.wechat.control('POST', '/counters/reset');
  });

  const authorize = (query: Record<string, string> = {}) =>
    `${deployment.gatewayUrl()}/authorize/${deployment.component.appid}?${new URLSearchParams(query)}`;
  const newLink = async (body: object = {}): Promise<Link> => {
    const made = await deployment.api<Link>(
      'POST',
      `/v1/components/${deployment.component.appid}/authorization-links`,
      body,
    );
    expect(made.status).toBe(201);
    return made.body;
  };
  const linkState = async ({ id }: Link) => (await deployment.api<Link>('GET', `/v1/authorization-links/${id}`)).body;
  const authorizer = async (appid: string) =>
    (await deployment.api<Authorizer>('GET', `/v1/authorizers/${appid}`)).body;
  const preAuthCodeOf = (wechatUrl: string) => new URL(wechatUrl).searchParams.get('pre_auth_code');

  let lastSecond = 0;
  async function unauthorized(appid: string): Promise<void> {
    // Two pushes of the same account in one second would be one push, delivered twice.
    await until('another second', () => Math.floor(Date.now() / 1_000) > lastSecond);
    await deployment.wechat.control('POST', '/unauthorize', { appid });
    lastSecond = Math.floor(Date.now() / 1_000);
    await until(`${appid} revoked`, async () => (await authorizer(appid)).state !== 'active');
  }

  describe('a merchant opens the consent page', () => {
    it('is redirected to WeChat by a page of ours, consents, and returns to the page of the start', async () => {
      const browser = new Browser();
      const page = await browser.open(authorize({ return_to: RETURN_TO }));
      expect(page.status).toBe(200);
      expect(page.headers.get('cache-control')).toBe('no-store');
      expect(page.headers.get('content-language')).toBe('zh-CN');
      // WeChat checks the Referer.
      expect(page.headers.get('referrer-policy')).toBe('origin');
      expect(page.headers.get('content-security-policy')).toMatch(/script-src 'nonce-[^']+'/);
      const wechatUrl = await browser.leavePage(authorize({ return_to: RETURN_TO }));
      expect(wechatUrl.startsWith(`${deployment.wechat.url}/cgi-bin/componentloginpage?`)).toBe(true);

      const back = await browser.consent(wechatUrl, SERVICE_ACCOUNT);
      expect(
        back.startsWith(`${deployment.gatewayUrl()}/authorize/${deployment.component.appid}/callback?state=`),
      ).toBe(true);
      const end = await browser.open(back);
      expect([end.status, end.headers.get('location')]).toEqual([303, RETURN_TO]);
      expect(await authorizer(SERVICE_ACCOUNT)).toMatchObject({ state: 'active', kind: 'official-account' });
      expect((await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: '/cgi-bin/user/get' })).body.state).toBe(
        'completed',
      );
      // Returning twice has the same result as returning once.
      expect((await browser.open(back)).headers.get('location')).toBe(RETURN_TO);
      expect(await deployment.wechat.asked(QUERY_AUTH)).toBe(1);
    });

    it('brings a code to programs, too: it is exchanged once by push, redirect and programs at the same time', async () => {
      const { appid: component } = deployment.component;
      const post = async (api: string, body: object) => {
        const init = { method: 'POST', body: JSON.stringify({ component_appid: component, ...body }) };
        return (await fetch(`${deployment.gatewayUrl()}/cgi-bin/component/${api}`, init)).json() as Promise<object>;
      };
      // As the libraries do: −1 reports that the exchange takes longer than the answer may.
      const exchanged = (token: string, code: string | null) =>
        until('the program has its answer', async () => {
          const answer = await post(`api_query_auth?component_access_token=${token}`, { authorization_code: code });
          return 'errcode' in answer && answer.errcode === -1 ? false : answer;
        });
      const authorization = (authCode: string | null) =>
        until('the exchange has ended', async () => {
          const answer = await deployment.api('POST', authorizations, { authCode });
          return answer.status === 503 ? false : answer;
        });
      const { component_access_token: token } = (await post('api_component_token', {
        component_appsecret: deployment.apiKey,
      })) as { component_access_token: string };
      const authorizations = `/v1/components/${component}/authorizations`;

      const browser = new Browser();
      const back = await browser.consent(await browser.leavePage(authorize()), SERVICE_ACCOUNT);
      const code = new URL(back).searchParams.get('auth_code');
      // WeChat pushes the same code meanwhile.
      const [end, ...answers] = await Promise.all([
        browser.open(back),
        ...Array.from({ length: 5 }, () => authorization(code)),
        ...Array.from({ length: 5 }, () => exchanged(token, code)),
      ]);
      expect(end.status).toBe(200);
      const account = { appid: SERVICE_ACCOUNT, kind: 'official-account', nickName: '演示服务号', state: 'active' };
      for (const answer of answers.slice(0, 5)) expect(answer).toMatchObject({ status: 200, body: account });
      for (const answer of answers.slice(5)) {
        expect(answer).toMatchObject({
          authorization_info: {
            authorizer_appid: SERVICE_ACCOUNT,
            authorizer_access_token: expect.stringMatching(/^wxt_/),
            authorizer_refresh_token: `wxr_${component}_${SERVICE_ACCOUNT}`,
          },
        });
      }
      expect(await deployment.wechat.asked(QUERY_AUTH)).toBe(1);

      const unknown = await authorization('queryauthcode@@@unknown');
      expect(unknown).toMatchObject({ status: 400, body: { code: 'invalid_request', errcode: 61009 } });
      expect(
        await deployment.api('POST', '/v1/components/wx0000000000000000/authorizations', { authCode: code }),
      ).toMatchObject({ status: 404 });
    });

    it('on a phone inside WeChat, with every parameter that WeChat knows', async () => {
      const wechatUrl = await new Browser().leavePage(
        authorize({ style: 'mobile', auth_type: '2', biz_appid: MINI_PROGRAM, category_id_list: '17|18' }),
      );
      expect(
        wechatUrl.startsWith(`${deployment.wechat.url}/wxaopen/safe/bindcomponent?action=bindcomponent&no_scan=1&`),
      ).toBe(true);
      expect(wechatUrl.endsWith('#wechat_redirect')).toBe(true);
      expect(Object.fromEntries(new URL(wechatUrl).searchParams)).toMatchObject({
        component_appid: deployment.component.appid,
        auth_type: '2',
        biz_appid: MINI_PROGRAM,
        category_id_list: '17|18',
      });
    });

    it.each([1, 2, 3, 4, 5, 6, 8])(
      'asking for accounts of type %i, in both forms, also by a link',
      async (authType) => {
        for (const style of ['pc', 'mobile']) {
          const parameters = { auth_type: String(authType), category_id_list: '1|17|99' };
          const link = await newLink({ style, authType, categoryIdList: parameters.category_id_list });
          for (const url of [authorize({ style, ...parameters }), link.url]) {
            const browser = new Browser();
            const wechatUrl = new URL(await browser.leavePage(url));
            expect(wechatUrl.pathname).toBe(
              style === 'pc' ? '/cgi-bin/componentloginpage' : '/wxaopen/safe/bindcomponent',
            );
            expect(Object.fromEntries(wechatUrl.searchParams)).toMatchObject(parameters);
            expect(wechatUrl.searchParams.has('biz_appid')).toBe(false);
            // WeChat accepts all parameters.
            expect((await browser.open(wechatUrl.href)).text).not.toContain('class="error"');
          }
        }
      },
    );

    it('sees a page in the browser’s language that names account and platform where no return address was given', async () => {
      const browser = new Browser('en-GB,en;q=0.8,zh;q=0.5');
      const end = await browser.open(await browser.consent(await browser.leavePage(authorize()), MINI_PROGRAM));
      expect(end.status).toBe(200);
      const { nickName } = (await deployment.api<{ nickName: string }>('GET', `/v1/authorizers/${MINI_PROGRAM}`)).body;
      for (const words of ['Authorized', 'Mini program', nickName, MINI_PROGRAM, deployment.component.appid]) {
        expect(end.text).toContain(words);
      }
    });

    it('lets the platform act for the account: a picture in both forms, and what the simulated WeChat lacks', async () => {
      const body = { scene: 'a=1', page: 'pages/index' };
      const picture = { method: 'POST', path: '/wxa/getwxacodeunlimit', body };
      const { response } = (await deployment.call(MINI_PROGRAM, picture)).body;
      const { base64, contentType } = response!.body as unknown as { base64: string; contentType: string };
      expect([contentType, Buffer.from(base64, 'base64').toString('latin1', 1, 4)]).toEqual(['image/png', 'PNG']);
      const login = new URLSearchParams({
        ...{ grant_type: 'client_credential', appid: MINI_PROGRAM, secret: deployment.apiKey },
      });
      const gateway = deployment.gatewayUrl();
      const issued = await (await fetch(`${gateway}/cgi-bin/token?${login}`)).json();
      const { access_token } = issued as { access_token: string };
      const ask = (path: string) =>
        fetch(`${gateway}${path}?access_token=${access_token}`, { method: 'POST', body: JSON.stringify(body) });
      const virtual = await ask(picture.path);
      expect(virtual.headers.get('content-type')).toBe('image/png');
      expect(Buffer.from(await virtual.arrayBuffer()).toString('base64')).toBe(base64);

      const path = '/wxa/generatescheme';
      const lacking = (await deployment.call(MINI_PROGRAM, { method: 'POST', path, body: {} })).body;
      const errmsg = expect.stringMatching(/^not simulated: the simulated WeChat has no POST \/wxa\/generatescheme; /);
      expect(lacking).toMatchObject({ state: 'completed', response: { body: { errcode: 990404, errmsg } } });
      expect(await (await ask(path)).json()).toMatchObject({ errcode: 990404, errmsg });
      const explained = await deployment.api<{ code: string; documented: boolean }>('GET', '/v1/explain/990404');
      expect(explained.body).toMatchObject({ code: 'not_simulated', documented: true, class: 'own' });
    });

    it('gets a new pre-auth code at each opening', async () => {
      const browser = new Browser();
      const codes = await Promise.all(
        [browser, browser, new Browser()].map(async (b) => preAuthCodeOf(await b.leavePage(authorize()))),
      );
      expect(new Set(codes).size).toBe(3);
    });

    it.each([
      'https://evil.example.com/',
      '//evil.example.com',
      'https://shop.example.com.evil.example.com/',
      'https://shop.example.com@evil.example.com/',
      '/\\evil.example.com',
      'javascript:alert(1)',
      'http://shop.example.com/',
    ])('is never sent to %s', async (returnTo) => {
      const page = await new Browser().open(authorize({ return_to: returnTo }));
      expect(page.status).toBe(400);
      expect(page.headers.get('location')).toBeNull();
      expect(await deployment.wechat.asked(PRE_AUTH_CODE)).toBe(0);
      const link = await deployment.api('POST', `/v1/components/${deployment.component.appid}/authorization-links`, {
        returnTo,
      });
      expect([link.status, link.body.code]).toEqual([400, 'invalid_request']);
    });

    it('sees what is wrong, and what to do', async () => {
      const browser = new Browser();
      expect((await browser.open(authorize({ auth_type: '9' }))).status).toBe(400);
      const unknown = await browser.open(`${deployment.gatewayUrl()}/authorize/wx0000000000000000`);
      expect(unknown.status).toBe(404);
      expect(unknown.text).toContain('没有这个第三方平台');
      const elsewhere = await browser.open(authorize().replace('127.0.0.1', 'localhost'));
      expect(elsewhere.status).toBe(421);
      expect(elsewhere.text).toContain(authorize());
      const path = '/cgi-bin/component/api_create_preauthcode';
      await deployment.wechat.control('POST', '/fail', { path, how: 'errcode', errcode: 61004 });
      const refused = await browser.open(authorize());
      expect(refused.status).toBe(503);
      expect(refused.text).toContain('61004');
    });
  });

  describe('a link for one merchant', () => {
    it('shows pending, opened and authorized, and the account', async () => {
      const link = await newLink({ returnTo: RETURN_TO, expiresInMs: 3_600_000 });
      expect(link).toMatchObject({ state: 'pending', appid: null });
      expect(new Date(link.expiresAt).getTime() - Date.now()).toBeLessThanOrEqual(3_600_000);
      const browser = new Browser();
      const first = await browser.leavePage(link.url);
      const wechatUrl = await browser.leavePage(link.url);
      expect(preAuthCodeOf(wechatUrl)).not.toBe(preAuthCodeOf(first));
      expect((await linkState(link)).state).toBe('opened');
      const end = await browser.open(await browser.consent(wechatUrl, SERVICE_ACCOUNT));
      expect(end.headers.get('location')).toBe(RETURN_TO);
      expect(await linkState(link)).toMatchObject({ state: 'authorized', appid: SERVICE_ACCOUNT });
      // A used link cannot be used again.
      const again = await new Browser('en').open(link.url);
      expect(again.status).toBe(410);
      expect(again.text).toContain('has been used');
    });

    it('is completed by the push alone where the browser never returns', async () => {
      await unauthorized(SERVICE_ACCOUNT);
      const link = await newLink();
      await new Browser().consent(await new Browser().leavePage(link.url), SERVICE_ACCOUNT);
      await until('authorized', async () => (await linkState(link)).state === 'authorized');
      expect((await linkState(link)).appid).toBe(SERVICE_ACCOUNT);
    });

    it('expires', async () => {
      const link = await newLink({ expiresInMs: 1_000 });
      await until('expired', async () => (await linkState(link)).state === 'expired');
      const page = await new Browser().open(link.url);
      expect(page.status).toBe(410);
      expect(page.text).toContain('链接已过期');
    });

    it('fails where WeChat refuses the code, and may be retried', async () => {
      const link = await newLink();
      const browser = new Browser();
      const wechatUrl = await browser.leavePage(link.url);
      const callback = new URL(new URL(wechatUrl).searchParams.get('redirect_uri')!);
      callback.searchParams.set('auth_code', 'queryauthcode@@@made-up');
      const page = await browser.open(callback.href);
      expect(page.status).toBe(400);
      expect(page.text).toContain('授权码无效');
      expect(await linkState(link)).toMatchObject({ state: 'failed', failure: { code: 'auth_code_refused' } });
      await browser.open(await browser.consent(await browser.leavePage(link.url), SERVICE_ACCOUNT));
      expect(await linkState(link)).toMatchObject({ state: 'authorized', failure: null });
    });

    it('is for one account only, even if the merchant edits WeChat’s address', async () => {
      const link = await newLink({ bizAppid: SERVICE_ACCOUNT });
      const browser = new Browser();
      const edited = new URL(await browser.leavePage(link.url));
      edited.searchParams.delete('biz_appid');
      const page = await browser.open(await browser.consent(edited.href, MINI_PROGRAM));
      expect(page.status).toBe(409);
      expect(page.text).toContain('帐号不符');
      expect(await linkState(link)).toMatchObject({ state: 'failed', failure: { code: 'wrong_account' }, appid: null });
    });

    it('is for one kind of account only', async () => {
      const link = await newLink({ authType: 1 });
      const browser = new Browser();
      const edited = new URL(await browser.leavePage(link.url));
      edited.searchParams.set('auth_type', '3');
      const page = await browser.open(await browser.consent(edited.href, MINI_PROGRAM));
      expect(page.status).toBe(409);
      expect(await linkState(link)).toMatchObject({ state: 'failed', failure: { code: 'wrong_account_type' } });
    });

    it('refuses an account that consented in another browser', async () => {
      const [mine, theirs] = [await newLink(), await newLink()];
      const [me, attacker] = [new Browser(), new Browser()];
      const myCallback = new URL(new URL(await me.leavePage(mine.url)).searchParams.get('redirect_uri')!);
      const back = new URL(await attacker.consent(await attacker.leavePage(theirs.url), MINI_PROGRAM));
      // The other's code with the first one's state, in the other's browser; the other's state and code in the first
      // browser; and no state at all.
      myCallback.searchParams.set('auth_code', back.searchParams.get('auth_code')!);
      const stateless = new URL(back);
      stateless.searchParams.delete('state');
      for (const [browser, url] of [
        [attacker, myCallback],
        [me, back],
        [new Browser(), back],
        [attacker, stateless],
      ] as const) {
        const page = await browser.open(url.href);
        expect([page.status, page.headers.get('location')]).toEqual([403, null]);
      }
      expect((await linkState(mine)).state).toBe('opened');
      await attacker.open(back.href);
      expect(await linkState(theirs)).toMatchObject({ state: 'authorized', appid: MINI_PROGRAM });
      expect(await linkState(mine)).toMatchObject({ state: 'opened', appid: null });
    });

    it('is refused for an impossible request', async () => {
      const path = `/v1/components/${deployment.component.appid}/authorization-links`;
      expect((await deployment.api('POST', path, { authType: 7 })).status).toBe(400);
      expect((await deployment.api('POST', path, { unknown: 1 })).status).toBe(400);
      expect((await deployment.api('POST', path.replace(deployment.component.appid, 'wxunknown'), {})).status).toBe(
        404,
      );
      expect((await deployment.api('GET', '/v1/authorization-links/nothing')).body.code).toBe('unknown_link');
      expect((await new Browser().open(authorize({ link: 'nothing' }))).status).toBe(404);
    });
  });

  describe('push and browser bring the same code', () => {
    it.each(['push first', 'browser first', 'at once'])('%s: it is exchanged once', async (order) => {
      await deployment.authorized(SERVICE_ACCOUNT);
      // WeChat does not push a consent that changes nothing, so the push can come after the exchange.
      if (order !== 'browser first') await unauthorized(SERVICE_ACCOUNT);
      await deployment.wechat.control('POST', '/counters/reset');
      const link = await newLink({ returnTo: RETURN_TO });
      const browser = new Browser();
      const wechatUrl = await browser.leavePage(link.url);
      const back = await browser.consent(wechatUrl, SERVICE_ACCOUNT);
      if (order === 'push first') {
        await until('exchanged by the push', async () => (await linkState(link)).state === 'authorized');
      }
      const ends = await Promise.all([browser.open(back), browser.open(back)]);
      for (const end of ends) expect(end.headers.get('location')).toBe(RETURN_TO);
      if (order === 'browser first') {
        const { searchParams } = new URL(back);
        await deployment.wechat.control('POST', '/push', {
          url: 'events',
          copies: 2,
          fields: {
            InfoType: 'authorized',
            AuthorizerAppid: SERVICE_ACCOUNT,
            AuthorizationCode: searchParams.get('auth_code'),
            AuthorizationCodeExpiredTime: String(Math.floor(Date.now() / 1000) + 3600),
            PreAuthCode: preAuthCodeOf(wechatUrl),
          },
        });
      }
      expect(await linkState(link)).toMatchObject({ state: 'authorized', appid: SERVICE_ACCOUNT });
      expect(await deployment.wechat.asked(QUERY_AUTH)).toBe(1);
      expect((await authorizer(SERVICE_ACCOUNT)).state).toBe('active');
    });

    it('or two different ones: both are exchanged', async () => {
      await unauthorized(SERVICE_ACCOUNT);
      await deployment.wechat.control('POST', '/options', { differentRedirectCode: true });
      const link = await newLink();
      const browser = new Browser();
      const end = await browser.open(await browser.consent(await browser.leavePage(link.url), SERVICE_ACCOUNT));
      expect(end.status).toBe(200);
      expect(await linkState(link)).toMatchObject({ state: 'authorized', appid: SERVICE_ACCOUNT });
      await until('both are exchanged', async () => (await deployment.wechat.asked(QUERY_AUTH)) === 2);
      expect((await linkState(link)).state).toBe('authorized');
      await deployment.wechat.control('POST', '/options', { differentRedirectCode: false });
    });
  });

  describe('the handle of an account', () => {
    let receiver: Receiver;
    beforeAll(async () => {
      receiver = await Receiver.open(() => 200);
      const subscription = { name: 'texts', url: receiver.url, filter: { types: ['message.text'] } };
      expect((await deployment.api('POST', '/v1/subscriptions', subscription)).status).toBe(201);
    });
    afterAll(() => receiver?.close());

    const change = (appid: string, handle: string) =>
      deployment.api<Authorizer & { code?: string }>('PATCH', `/v1/authorizers/${appid}`, { handle });
    const consentBy = async (link: Link, appid: string) => {
      const browser = new Browser();
      await browser.open(await browser.consent(await browser.leavePage(link.url), appid));
    };
    /** What the delivery of such a push names. */
    const delivered = async (text: string): Promise<unknown> => {
      const push = { url: 'messages', appid: SERVICE_ACCOUNT, fields: { MsgType: 'text', Content: text } };
      await deployment.wechat.control('POST', '/push', push);
      const { body } = await until('it is delivered', () => receiver.received.find((one) => one.body.includes(text)));
      return (JSON.parse(body) as { data: { handle: unknown } }).data.handle;
    };
    /** The accounts of a list, by appid and handle. */
    const listed = async (list: string): Promise<string[]> => {
      const { status, body } = await deployment.api<{ items: Authorizer[] }>('GET', `/v1/${list}`);
      expect(status).toBe(200);
      return [...new Set(body.items.map(({ appid, handle }) => `${appid} ${handle}`))];
    };
    const user = { method: 'GET', path: '/cgi-bin/user/get' };

    it('is the one of its link, then the one that the business gives it, wherever its appid goes out', async () => {
      await deployment.authorized(SERVICE_ACCOUNT);
      await deployment.authorized(MINI_PROGRAM);
      const { cookieValue } = await authorizer(SERVICE_ACCOUNT);
      const link = await newLink({ handle: 'shop-17' });
      await consentBy(link, SERVICE_ACCOUNT);
      expect(await linkState(link)).toMatchObject({ state: 'authorized', handle: 'shop-17', failure: null });
      // Another process may have given it.
      await until('it shows it', async () => (await authorizer(SERVICE_ACCOUNT)).handle === 'shop-17');
      const handleOfCall = async () =>
        ((await deployment.call(SERVICE_ACCOUNT, user)).body as { handle?: string }).handle;
      await until('a call shows it', async () => (await handleOfCall()) === 'shop-17');
      expect(await delivered('named by the link')).toBe('shop-17');

      for (const _ of ['chosen', 'repeated']) {
        const changed = await change(SERVICE_ACCOUNT, 'shop-18');
        expect(changed).toMatchObject({ status: 200, body: { handle: 'shop-18', cookieValue } });
      }
      expect((await deployment.call(SERVICE_ACCOUNT, { ...user, waitMs: 0 })).body).toMatchObject({
        handle: 'shop-18',
      });
      expect(await delivered('named by the business')).toBe('shop-18');
      for (const list of ['authorizers', 'calls', 'pushes', 'deliveries']) {
        expect([list, await listed(`${list}?handle=shop-18`)]).toEqual([list, [`${SERVICE_ACCOUNT} shop-18`]]);
        expect([list, await listed(`${list}?handle=shop-17`)]).toEqual([list, []]);
      }
      expect(await listed(`authorizers?cookieValue=${cookieValue}`)).toEqual([`${SERVICE_ACCOUNT} shop-18`]);
      expect(await listed('authorizers?cookieValue=shop-18')).toEqual([]);
    });

    it('belongs to one account, and a conflict does not lose a consent', async () => {
      await deployment.authorized(SERVICE_ACCOUNT);
      await deployment.authorized(MINI_PROGRAM);
      await change(SERVICE_ACCOUNT, 'shop-20');
      const { handle } = await authorizer(MINI_PROGRAM);
      expect(await change(MINI_PROGRAM, 'shop-20')).toMatchObject({ status: 409, body: { code: 'handle_taken' } });
      const links = `/v1/components/${deployment.component.appid}/authorization-links`;
      const refused = await deployment.api('POST', links, { handle: 'shop-20' });
      expect([refused.status, refused.body.code]).toEqual([409, 'handle_taken']);
      expect((await deployment.api('POST', links, { handle: 'shop 20' })).status).toBe(400);

      const link = await newLink({ handle: 'shop-21' });
      await change(SERVICE_ACCOUNT, 'shop-21');
      await unauthorized(MINI_PROGRAM);
      await consentBy(link, MINI_PROGRAM);
      const conflict = { state: 'authorized', appid: MINI_PROGRAM, failure: { code: 'handle_taken' } };
      expect(await linkState(link)).toMatchObject(conflict);
      expect(await authorizer(MINI_PROGRAM)).toMatchObject({ state: 'active', handle });
    });
  });

  describe('an account that may not act', () => {
    it('is refused at once with a new link that reactivates it, and its history shows each step', async () => {
      await deployment.authorized(SERVICE_ACCOUNT);
      const { handle } = await authorizer(SERVICE_ACCOUNT);
      await unauthorized(SERVICE_ACCOUNT);
      const request = { method: 'GET', path: '/cgi-bin/user/get' };
      const before = await deployment.wechat.asked('GET /cgi-bin/user/get');
      const refused = await deployment.call(SERVICE_ACCOUNT, request);
      expect(refused.status).toBe(409);
      expect(refused.body).toMatchObject({ code: 'reauthorize', remedy: 'reauthorize' });
      const { authorizationUrl } = refused.body as unknown as { authorizationUrl: string };
      // Many refusals create one link.
      const again = (await deployment.call(SERVICE_ACCOUNT, request)).body as unknown as { authorizationUrl: string };
      expect(again.authorizationUrl).toBe(authorizationUrl);
      const secret = new URLSearchParams({
        grant_type: 'client_credential',
        appid: SERVICE_ACCOUNT,
        secret: deployment.apiKey,
      });
      const virtual = await fetch(`${deployment.gatewayUrl()}/cgi-bin/token?${secret}`);
      expect(await virtual.json()).toMatchObject({ errcode: 61003 });
      expect(await deployment.wechat.asked('GET /cgi-bin/user/get')).toBe(before);

      const browser = new Browser();
      const wechatUrl = await browser.leavePage(authorizationUrl);
      expect(new URL(wechatUrl).searchParams.get('biz_appid')).toBe(SERVICE_ACCOUNT);
      await browser.open(await browser.consent(wechatUrl, SERVICE_ACCOUNT));
      expect((await deployment.call(SERVICE_ACCOUNT, request)).body.state).toBe('completed');
      expect((await authorizer(SERVICE_ACCOUNT)).handle).toBe(handle);

      const history = await deployment.api<{
        items: { event: string; state: string; at: string }[];
        next: string | null;
      }>('GET', `/v1/authorizers/${SERVICE_ACCOUNT}/history?limit=2`);
      expect(history.body.items).toMatchObject([
        { event: 'reauthorized', state: 'active' },
        { event: 'revoked', state: 'revoked' },
      ]);
      const older = await deployment.api<{ items: unknown[] }>(
        'GET',
        `/v1/authorizers/${SERVICE_ACCOUNT}/history?cursor=${history.body.next}`,
      );
      expect(older.body.items.length).toBeGreaterThan(0);
    });

    it('is refused on every route, each time with a valid link', async () => {
      await deployment.authorized(SERVICE_ACCOUNT);
      const token = async () => {
        const query = { grant_type: 'client_credential', appid: SERVICE_ACCOUNT, secret: deployment.apiKey };
        const response = await fetch(`${deployment.gatewayUrl()}/cgi-bin/token?${new URLSearchParams(query)}`);
        return (await response.json()) as { access_token?: string; errcode?: number; errmsg?: string };
      };
      const { access_token } = await token();
      const virtualCall = async () => {
        const response = await fetch(`${deployment.gatewayUrl()}/cgi-bin/tags/get?access_token=${access_token}`);
        return (await response.json()) as { errcode?: number; errmsg?: string };
      };
      expect((await virtualCall()).errcode).toBeUndefined();

      let former = '';
      for (let round = 0; round < 2; round++) {
        await unauthorized(SERVICE_ACCOUNT);
        await deployment.wechat.control('POST', '/counters/reset');
        const call = { method: 'GET', path: '/cgi-bin/tags/get' };
        // The gateway may consider it active for another second.
        const refused = await until('refused', async () => {
          const answer = await deployment.call(SERVICE_ACCOUNT, call);
          return answer.status === 409 && answer;
        });
        const { authorizationUrl } = refused.body as unknown as { authorizationUrl: string };
        expect(authorizationUrl).not.toBe(former);
        former = authorizationUrl;
        const problem = { code: 'reauthorize', status: 409, authorizationUrl };

        const account = `/v1/authorizers/${SERVICE_ACCOUNT}`;
        expect((await deployment.call(SERVICE_ACCOUNT, { ...call, waitMs: 0 })).body).toMatchObject(problem);
        const batch = await deployment.api('POST', '/v1/calls/batch', { calls: [{ ...call, appid: SERVICE_ACCOUNT }] });
        expect(batch.body).toMatchObject({ items: [{ problem }] });
        expect((await deployment.api('POST', `${account}/follower-syncs`, {})).body).toMatchObject(problem);
        expect((await deployment.api('PUT', `${account}/follower-sync-schedule`, { at: '04:00' })).body).toMatchObject(
          problem,
        );
        expect((await deployment.api('GET', `${account}/options/location_report`)).body).toMatchObject(problem);
        for (const said of [await token(), await virtualCall()]) {
          expect(said).toMatchObject({ errcode: 61003, errmsg: expect.stringContaining(authorizationUrl) });
        }
        const { requests } = await deployment.wechat.counters();
        expect(Object.keys(requests).filter((what) => what.includes('/tags/') || what.includes('option'))).toEqual([]);

        const browser = new Browser();
        await browser.open(await browser.consent(await browser.leavePage(authorizationUrl), SERVICE_ACCOUNT));
        expect((await deployment.call(SERVICE_ACCOUNT, call)).body.state).toBe('completed');
      }
    });

    it('needs to authorize again where WeChat no longer accepts its refresh token', async () => {
      await deployment.authorized(SERVICE_ACCOUNT);
      const path = '/cgi-bin/component/api_authorizer_token';
      await deployment.wechat.control('POST', '/fail', { path, how: 'errcode', errcode: 61023, count: 5 });
      await deployment.wechat.control('POST', '/expire', { token: 'authorizer', appid: SERVICE_ACCOUNT });
      await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: '/cgi-bin/user/get' });
      await until('it shows', async () => (await authorizer(SERVICE_ACCOUNT)).state === 'needs-reauthorization');
      const { status, body } = await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: '/cgi-bin/user/get' });
      expect([status, body.code]).toEqual([409, 'reauthorize']);
    });

    it('has a profile, scopes that follow its consent, and options', async () => {
      await deployment.wechat.control('POST', '/authorize', { appid: MINI_PROGRAM, funcIds: [17, 18], push: 'force' });
      await until('the scopes have changed', async () => (await authorizer(MINI_PROGRAM)).scopes?.length === 2);
      expect(await authorizer(MINI_PROGRAM)).toMatchObject({
        kind: 'mini-program',
        nickName: '演示小程序',
        principalName: '练习有限公司',
        scopes: [17, 18],
      });
      const { handle } = await authorizer(MINI_PROGRAM);
      const found = await deployment.api<{ items: Authorizer[] }>('GET', `/v1/authorizers?handle=${handle}`);
      expect(found.body.items.map(({ appid }) => appid)).toEqual([MINI_PROGRAM]);
      expect((await deployment.api<{ items: [] }>('GET', '/v1/authorizers?handle=x')).body.items).toEqual([]);

      const option = `/v1/authorizers/${MINI_PROGRAM}/options/location_report`;
      expect((await deployment.api('GET', option)).body).toEqual({ name: 'location_report', value: '0' });
      expect((await deployment.api('PUT', option, { value: '1' })).status).toBe(200);
      expect((await deployment.api('GET', option)).body.value).toBe('1');
      const unknown = await deployment.api('GET', `/v1/authorizers/${MINI_PROGRAM}/options/nonsense`);
      expect([unknown.status, unknown.body.errcode]).toEqual([400, 61012]);
      expect((await deployment.api('PUT', option, { value: '9' })).body.errcode).toBe(61013);
    });
  });
});
