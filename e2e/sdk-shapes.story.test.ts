import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { untilDayLasts } from '../packages/platform/test/until-day-lasts.ts';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { rawRequest } from './support/raw-request.ts';

// Requests as three SDKs in other languages put them on the wire: EasyWeChat (PHP), WxJava, silenceper/wechat (Go).

type Answer = Record<string, unknown>;
type RawRequestOptions = Parameters<typeof rawRequest>[1];

const SEND = '/cgi-bin/message/custom/send';
let deployment: Deployment;
let openids: readonly string[];
let token: string;

beforeAll(async () => {
  deployment = await Deployment.open();
  await deployment.authorized(SERVICE_ACCOUNT);
  await deployment.authorized(MINI_PROGRAM);
  openids = await deployment.wechat.followers(SERVICE_ACCOUNT);
  token = await tokenFor(SERVICE_ACCOUNT);
});
afterAll(() => deployment?.close());

async function ask(target: string, init: RawRequestOptions = {}): Promise<Answer> {
  const { status, bytes } = await rawRequest(deployment.gatewayUrl() + target, init);
  expect(status).toBe(200);
  return JSON.parse(bytes.toString('utf8')) as Answer;
}

async function tokenFor(appid: string): Promise<string> {
  const query = `grant_type=client_credential&appid=${appid}&secret=${deployment.apiKey}`;
  return String((await ask(`/cgi-bin/token?${query}`)).access_token);
}

/** The request as it arrived at WeChat, byte for byte; WeChat itself reports each request that it refused. */
async function arrived(refused: Answer): Promise<{ request_url: string; request_body: string }> {
  const rid = / rid: (\S+)$/.exec(String(refused.errmsg))?.[1];
  const report = await ask(`/cgi-bin/openapi/rid/get?access_token=${token}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ rid }),
  });
  expect(report).toMatchObject({ errcode: 0 });
  return report.request as never;
}

/** One part with a file, with the part headers that an SDK writes. */
function multipart(boundary: string, headers: readonly string[], bytes: Buffer, before = ''): Buffer {
  const head = `${before}--${boundary}\r\n${headers.join('\r\n')}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

async function downloaded(mediaId: unknown): Promise<Buffer> {
  return (await rawRequest(`${deployment.gatewayUrl()}/cgi-bin/media/get?access_token=${token}&media_id=${mediaId}`))
    .bytes;
}

describe('a token', () => {
  it.each([
    ['EasyWeChat 6', { 'content-type': 'application/json', accept: '*/*', 'accept-encoding': 'gzip' }, false],
    ['WxJava', { 'content-type': 'text/plain; charset=UTF-8' }, true],
    [
      'silenceper/wechat',
      { 'content-type': 'application/json;charset=utf-8', 'user-agent': 'Go-http-client/1.1' },
      false,
    ],
  ])('is issued to %s by the route of stable tokens, without a request to WeChat', async (_sdk, headers, force) => {
    const before = await deployment.wechat.counters();
    const body = {
      grant_type: 'client_credential',
      appid: SERVICE_ACCOUNT,
      secret: deployment.apiKey,
      force_refresh: force,
    };
    const answer = await ask('/cgi-bin/stable_token', { method: 'POST', headers, body: JSON.stringify(body) });
    expect(answer).toEqual({ access_token: expect.stringMatching(/^wxt_/), expires_in: 7200 });
    // A caller that forces a refresh gets another token of the gateway; WeChat is not asked.
    expect((await deployment.wechat.counters()).minted).toEqual(before.minted);
  });
});

describe('query strings', () => {
  it.each([
    ['EasyWeChat 6 appends the token', 'next_openid=oX&access_token=TOKEN', 'next_openid=oX&access_token=***'],
    ['EasyWeChat 5 begins with it', 'access_token=TOKEN&next_openid=oX', 'next_openid=oX&access_token=***'],
    ['WxJava has it in the middle', 'a=1&access_token=TOKEN&next_openid=oX', 'a=1&next_openid=oX&access_token=***'],
    ['names repeat, letters are escaped', 'next_openid=oX&a=%E4%B8%AD&a=b+c&access_token=TOKEN', undefined],
  ])('%s', async (_shape, query, expected = 'next_openid=oX&a=%E4%B8%AD&a=b+c&access_token=***') => {
    const refused = await ask(`/cgi-bin/user/get?${query.replace('TOKEN', token)}`);
    expect(refused).toMatchObject({ errcode: 40003 });
    // The caller's own parameters keep their order.
    expect((await arrived(refused)).request_url).toBe(`https://api.weixin.qq.com/cgi-bin/user/get?${expected}`);
  });
});

describe('paths that are not in the catalogue', () => {
  it.each([
    ...['/cgi-bin/new/api', '/wxa/new', '/wxaapi/new/api', '/datacube/new', '/customservice/new/api'],
    ...['/card/new', '/channels/ec/new', '/shop/new/api', '/tcb/new', '/semantic/new/new'],
  ])('below a prefix of WeChat’s are called: %s', async (path) => {
    for (const method of ['GET', 'POST']) {
      const answer = await ask(`${path}?access_token=${token}`, {
        method,
        body: method === 'POST' ? '{}' : undefined,
      });
      // The simulated WeChat lacks them, and its answer is returned.
      expect(answer).toMatchObject({ errcode: 990404, errmsg: expect.stringContaining('rid: ') });
    }
  });

  it('below /sns/ are refused without the access token of a user', async () => {
    expect(await ask(`/sns/new/api?access_token=${token}`)).toMatchObject({ errcode: 48001 });
  });
});

describe('messages', () => {
  it.each([
    [
      'EasyWeChat 6: slashes escaped',
      'application/json',
      String.raw`{"touser":"oX","msgtype":"text","text":{"content":"您好 http:\/\/x"}}`,
    ],
    [
      'EasyWeChat 5: Chinese escaped',
      'application/json',
      String.raw`{"touser":"oX","msgtype":"text","text":{"content":"\u60a8\u597d \ud83d\ude00"}}`,
    ],
    [
      'WxJava: called text',
      'text/plain; charset=UTF-8',
      '{"touser":"oX","msgtype":"text","text":{"content":"您好 😀"}}',
    ],
    [
      'silenceper: a line end',
      'application/json;charset=utf-8',
      '{"touser":"oX","msgtype":"text","text":{"content":"<a>&"}}\n',
    ],
    ['called a form', 'application/x-www-form-urlencoded', '{"touser":"oX","msgtype":"text","text":{"content":"x"}}'],
  ])('%s; not a byte changes on the way', async (_shape, type, body) => {
    const init = { method: 'POST', headers: { 'content-type': type }, body };
    const refused = await ask(`${SEND}?access_token=${token}`, init);
    expect(refused).toMatchObject({ errcode: 40003 });
    expect((await arrived(refused)).request_body).toBe(body);
    // The same message to an existing follower.
    expect(await ask(`${SEND}?access_token=${token}`, { ...init, body: body.replace('oX', openids[0]!) })).toEqual({
      errcode: 0,
      errmsg: 'ok',
    });
  });

  it('a URL-encoded form arrives as one', async () => {
    const body = 'a=1&b=%E4%B8%AD+%26&b=2';
    const headers = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' };
    const refused = await ask(`${SEND}?access_token=${token}`, { method: 'POST', headers, body });
    expect(refused).toMatchObject({ errcode: 47001 });
    expect((await arrived(refused)).request_body).toBe(body);
  });
});

describe('files with Chinese names', () => {
  it.each([
    [
      'EasyWeChat 6',
      [
        'Content-Type: image/png',
        'Content-Transfer-Encoding: 8bit',
        'Content-Disposition: form-data; name="media"; filename="封面 图.png"',
      ],
    ],
    [
      'EasyWeChat 5',
      [
        'Content-Disposition: form-data; name="media"; filename="封面 图.png"',
        'Content-Length: 70000',
        'Content-Type: image/png',
      ],
    ],
    [
      'WxJava',
      [
        'Content-Disposition: form-data; name="media"; filename="封面 图.png"',
        'Content-Type: application/octet-stream',
        'Content-Transfer-Encoding: binary',
      ],
    ],
    [
      'silenceper/wechat',
      [
        'Content-Disposition: form-data; name="media"; filename="/tmp/封面 图.png"',
        'Content-Type: application/octet-stream',
      ],
    ],
  ])('%s', async (_sdk, partHeaders) => {
    const bytes = randomBytes(70_000);
    const boundary = randomBytes(16).toString('hex');
    const body = multipart(boundary, partHeaders, bytes);
    const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` };
    const path = `/cgi-bin/media/upload?type=image&access_token=${token}`;
    // Chunked, as a stream of unknown length is sent, and with a length.
    for (const more of [{}, { 'content-length': String(body.length) }]) {
      const uploaded = await ask(path, { method: 'POST', headers: { ...headers, ...more }, body });
      expect(uploaded).toMatchObject({ type: 'image' });
      expect((await downloaded(uploaded.media_id)).equals(bytes)).toBe(true);
    }
  });

  it('the name that WeChat stores is the name that was sent', async () => {
    const disposition = 'Content-Disposition: form-data; name="media"; filename="封面 图.png"';
    const body = multipart('b', [disposition, 'Content-Type: image/png'], Buffer.from('x'));
    const headers = { 'content-type': 'multipart/form-data; boundary="b"' };
    await ask(`/cgi-bin/material/add_material?type=image&access_token=${token}`, { method: 'POST', headers, body });
    const listed = await ask(`/cgi-bin/material/batchget_material?access_token=${token}`, {
      method: 'POST',
      body: '{"type":"image","offset":0,"count":20}',
    });
    expect(listed).toMatchObject({ item: [{ name: '封面 图.png' }] });
  });

  it('curl waits for "100 Continue" before a large body, and receives it', async () => {
    const bytes = randomBytes(1_500_000);
    const part = ['Content-Disposition: form-data; name="media"; filename="a.png"', 'Content-Type: image/png'];
    const body = multipart('x', part, bytes);
    const headers = {
      ...{ 'content-type': 'multipart/form-data; boundary=x', 'content-length': String(body.length) },
      expect: '100-continue',
    };
    const url = `${deployment.gatewayUrl()}/cgi-bin/media/upload?access_token=${token}&type=image`;
    const answer = await rawRequest(url, { method: 'POST', headers, body });
    expect(answer.continued).toBe(true);
    const { media_id: id } = JSON.parse(answer.bytes.toString('utf8')) as Answer;
    expect((await downloaded(id)).equals(bytes)).toBe(true);
  });
});

describe('the reactions of SDKs to refusals', () => {
  /** As WxJava: −1 again and again with pauses, a refused token once with a new one, everything else to the caller. */
  async function persistent(send: (accessToken: string) => Promise<Answer>, first = token): Promise<Answer> {
    let accessToken = first;
    let renewed = false;
    for (let tries = 0; ; tries += 1) {
      const answer = await send(accessToken);
      if ([40001, 40014, 42001].includes(Number(answer.errcode)) && !renewed) {
        renewed = true;
        accessToken = await tokenFor(SERVICE_ACCOUNT);
      } else if (answer.errcode !== -1 || tries === 5) return answer;
    }
  }
  const sendTo = (touser: string) => (accessToken: string) =>
    ask(`${SEND}?access_token=${accessToken}`, {
      method: 'POST',
      body: JSON.stringify({ touser, msgtype: 'text', text: { content: 'x' } }),
    });
  const got = async (openid: string) =>
    (await deployment.wechat.messages()).filter(({ touser }) => touser === openid).length;

  it('an expired token is renewed, and the message is sent once', async () => {
    expect(await persistent(sendTo(openids[1]!), 'wxt_of-yesterday')).toMatchObject({ errcode: 0 });
    expect(await got(openids[1]!)).toBe(1);
  });

  it('a request that a busy WeChat refused is repeated by the SDK, and the message is sent once', async () => {
    await deployment.wechat.control('POST', '/fail', { path: SEND, how: 'errcode', errcode: -1, count: 2 });
    expect(await persistent(sendTo(openids[2]!))).toMatchObject({ errcode: 0 });
    expect(await got(openids[2]!)).toBe(1);
  });

  it.each(['reset', 'empty', '502'])('an answer that is lost (%s) is never requested again', async (how) => {
    const openid = openids[how.length + 3]!;
    const before = await got(openid);
    await deployment.wechat.control('POST', '/fail', { path: SEND, how, at: 'after' });
    expect(await persistent(sendTo(openid))).toMatchObject({ errcode: 990001 });
    expect(await got(openid)).toBe(before + 1);
  });
});

describe('a component, as the SDKs of platforms use it', () => {
  const LIST = '/cgi-bin/component/api_get_authorizer_list';
  const INFO = '/cgi-bin/component/api_get_authorizer_info';
  let own: string;
  beforeAll(async () => {
    own = await tokenFor(deployment.component.appid);
  });
  const post = (path: string, name: string, body: object) =>
    ask(`${path}?${name}=${own}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ component_appid: deployment.component.appid, ...body }),
    });

  it.each(['access_token', 'component_access_token'])(
    'its own APIs accept a token in the parameter %s',
    async (name) => {
      expect(await post(INFO, name, { authorizer_appid: SERVICE_ACCOUNT })).toMatchObject({
        authorizer_info: { nick_name: '演示服务号' },
        authorization_info: {
          authorizer_appid: SERVICE_ACCOUNT,
          authorizer_refresh_token: `wxr_${deployment.component.appid}_${SERVICE_ACCOUNT}`,
        },
      });
      expect(await post(LIST, name, { offset: 0, count: 100 })).toMatchObject({ total_count: 2 });
    },
  );

  it('no refresh token of a merchant is returned', async () => {
    const { refreshTokens } = await deployment.wechat.control<{ refreshTokens: string[] }>('GET', '/secrets');
    const url = `${deployment.gatewayUrl()}${LIST}?access_token=${own}`;
    const body = JSON.stringify({ component_appid: deployment.component.appid, offset: 0, count: 100 });
    const text = (await rawRequest(url, { method: 'POST', body })).bytes.toString('utf8');
    expect(text).toContain(`"refresh_token":"wxr_${deployment.component.appid}_${SERVICE_ACCOUNT}"`);
    for (const value of refreshTokens) expect(text).not.toContain(value);
  });

  it('WeChat’s refusal of the real token is hidden from the caller', async () => {
    await deployment.wechat.control('POST', '/expire', { token: 'component', as: 40001 });
    expect(await post(LIST, 'access_token', { offset: 0, count: 1 })).toMatchObject({ total_count: 2 });
  });

  it('its quotas are its own, and it clears them itself', async () => {
    const component = deployment.component.appid;
    // The deployment itself does not use it, as it does the others when it reads profiles.
    const path = '/cgi-bin/component/api_get_authorizer_option';
    await untilDayLasts();
    await deployment.wechat.control('POST', '/quota', { appid: component, path, daily: 1000, used: 700 });
    const answer = await post('/cgi-bin/openapi/quota/get', 'access_token', { cgi_path: path });
    expect(answer).toMatchObject({ quota: { daily_limit: 1000, used: 700, remain: 300 } });
    expect(await post('/cgi-bin/clear_quota', 'access_token', { appid: component })).toMatchObject({ errcode: 0 });
    expect(await post('/cgi-bin/openapi/quota/get', 'access_token', { cgi_path: path })).toMatchObject({
      quota: { used: 0 },
    });
    // A quota that is used up closes the API for the component, not for accounts.
    await deployment.wechat.control('POST', '/quota', { appid: component, path, daily: 1, used: 1 });
    const option = { authorizer_appid: SERVICE_ACCOUNT, option_name: 'location_report' };
    for (const _ of [1, 2]) expect(await post(path, 'access_token', option)).toMatchObject({ errcode: 45009 });
    expect(await post(LIST, 'access_token', { offset: 0, count: 1 })).toMatchObject({ total_count: 2 });
  });

  it('an account’s API is refused without a request to WeChat, an API that issues credentials with an explanation', async () => {
    const before = await deployment.wechat.asked('GET /cgi-bin/user/get');
    expect(await ask(`/cgi-bin/user/get?access_token=${own}`)).toMatchObject({ errcode: 61015 });
    expect(await deployment.wechat.asked('GET /cgi-bin/user/get')).toBe(before);
    expect(await post('/cgi-bin/component/api_other_token', 'component_access_token', {})).toMatchObject({
      errcode: 48001,
      errmsg: expect.stringContaining('/cgi-bin/token'),
    });
  });

  it('calls of the component are stored as calls like all others', async () => {
    const appid = deployment.component.appid;
    const body = { component_appid: appid, offset: 0, count: 10 };
    const answer = await deployment.api<Answer>('POST', `/v1/components/${appid}/calls`, {
      method: 'POST',
      path: LIST,
      body,
    });
    expect(answer).toMatchObject({
      status: 200,
      body: { state: 'completed', response: { body: { total_count: 2, list: [{ refresh_token: '***' }, {}] } } },
    });
    const found = await deployment.api('GET', `/v1/calls/${(answer.body as { id: string }).id}`);
    expect(found.body).toMatchObject({ state: 'completed' });
    const call = { method: 'POST', path: LIST, body };
    expect((await deployment.api('POST', '/v1/components/wxdeadbeefdeadbeef/calls', call)).status).toBe(404);
    expect((await deployment.api('POST', `/v1/authorizers/${appid}/calls`, call)).status).toBe(404);
  });
});

describe('users log in', () => {
  const login = (appid: string, scope = 'snsapi_userinfo') =>
    deployment.wechat.control<{ code: string; openid: string }>('POST', '/login', { appid, scope });
  const bearer = () => ({ headers: { authorization: `Bearer ${deployment.apiKey}` } });

  it('to a web page, through an account with its own secret', async () => {
    const { code, openid } = await login(SERVICE_ACCOUNT);
    const secret = `appid=${SERVICE_ACCOUNT}&secret=${deployment.apiKey}`;
    const lent = await ask(`/sns/oauth2/access_token?${secret}&code=${code}&grant_type=authorization_code`);
    expect(lent).toMatchObject({ openid, scope: 'snsapi_userinfo', expires_in: 7200 });

    // From here on each request carries the user's own token in addition to our key.
    const person = `access_token=${lent.access_token}&openid=${openid}`;
    expect(await ask(`/sns/userinfo?${person}&lang=zh_CN`, bearer())).toMatchObject({
      openid,
      nickname: expect.any(String),
    });
    expect(await ask(`/sns/auth?${person}`, bearer())).toMatchObject({ errcode: 0 });
    expect(await ask(`/sns/userinfo?access_token=made-up&openid=${openid}`, bearer())).toMatchObject({
      errcode: 40001,
    });
    const asked = await deployment.wechat.asked('GET /sns/userinfo');
    expect(await ask(`/sns/userinfo?access_token=made-up&openid=${openid}`)).toMatchObject({ errcode: 40001 });
    expect(await deployment.wechat.asked('GET /sns/userinfo')).toBe(asked);
    // The user is known, because the code was exchanged here.
    expect(await ask(`/sns/userinfo?${person}`)).toMatchObject({ openid });

    const again = `appid=${SERVICE_ACCOUNT}&grant_type=refresh_token&refresh_token=${lent.refresh_token}`;
    expect(await ask(`/sns/oauth2/refresh_token?${again}`, bearer())).toMatchObject({ openid });
    expect(await ask(`/sns/oauth2/refresh_token?${again}`)).toMatchObject({ errcode: 41004 });
  });

  it('to a web page, through a component', async () => {
    const { code, openid } = await login(SERVICE_ACCOUNT, 'snsapi_base');
    const own = await tokenFor(deployment.component.appid);
    const query =
      `appid=${SERVICE_ACCOUNT}&code=${code}&grant_type=authorization_code` +
      `&component_appid=${deployment.component.appid}&component_access_token=${own}`;
    expect(await ask(`/sns/oauth2/component/access_token?${query}`)).toMatchObject({ openid, scope: 'snsapi_base' });
    expect(await ask(`/sns/oauth2/component/access_token?${query}`)).toMatchObject({ errcode: 40163 });
  });

  it('to a mini program, by every route that SDKs use', async () => {
    const own = await tokenFor(deployment.component.appid);
    const its = await tokenFor(MINI_PROGRAM);
    const ways = [
      `/sns/jscode2session?appid=${MINI_PROGRAM}&secret=${deployment.apiKey}`,
      `/sns/component/jscode2session?appid=${MINI_PROGRAM}&component_appid=${deployment.component.appid}&component_access_token=${own}`,
      `/sns/component/jscode2session?access_token=${its}`,
    ];
    for (const way of ways) {
      const { code, openid } = await login(MINI_PROGRAM);
      const answer = await ask(`${way}&js_code=${code}&grant_type=authorization_code`);
      expect(answer, way).toEqual({ openid, session_key: expect.any(String) });
    }
    const { code } = await login(MINI_PROGRAM);
    const other = `/sns/component/jscode2session?appid=${MINI_PROGRAM}&access_token=${token}&js_code=${code}`;
    expect(await ask(other)).toMatchObject({ errcode: 40013 });
  });

  it('a user who logs in too often does not prevent the logins of others', async () => {
    const way = `/sns/jscode2session?appid=${MINI_PROGRAM}&secret=${deployment.apiKey}&grant_type=authorization_code`;
    const path = '/sns/component/jscode2session';
    await deployment.wechat.control('POST', '/fail', { path, how: 'errcode', errcode: 45011 });
    const one = await login(MINI_PROGRAM);
    expect(await ask(`${way}&js_code=${one.code}`)).toMatchObject({ errcode: 45011 });
    const other = await login(MINI_PROGRAM);
    expect(await ask(`${way}&js_code=${other.code}`)).toMatchObject({ openid: other.openid });
  });

  it('by a call of /v1, which returns the session key to the business', async () => {
    const { code, openid } = await login(SERVICE_ACCOUNT);
    const call = async (path: string, query: object) =>
      (await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path, query })).body.response?.body;
    const lent = await call('/sns/oauth2/component/access_token', { code, grant_type: 'authorization_code' });
    expect(lent).toMatchObject({ openid, refresh_token: expect.stringMatching(/.{100}/) });
    const person = { access_token: lent?.access_token, openid };
    expect(await call('/sns/userinfo', person)).toMatchObject({ openid, nickname: expect.any(String) });
    const stolen = await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: '/cgi-bin/user/get', query: person });
    expect(stolen).toMatchObject({ status: 400, body: { code: 'invalid_request' } });
  });

  it('although WeChat refuses the component’s token meanwhile', async () => {
    const { code, openid } = await login(MINI_PROGRAM);
    await deployment.wechat.control('POST', '/expire', { token: 'component', as: 42001 });
    const way = `/sns/jscode2session?appid=${MINI_PROGRAM}&secret=${deployment.apiKey}`;
    expect(await ask(`${way}&js_code=${code}&grant_type=authorization_code`)).toMatchObject({ openid });
  });
});
