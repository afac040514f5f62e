import { randomBytes } from 'node:crypto';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { untilDayLasts } from '../packages/platform/test/until-day-lasts.ts';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { SDK_OPTIONS } from './support/sdk.ts';
import { until } from './support/until.ts';

/** The methods of npm co-wechat-api 3.11.0 that the story uses; the package has no types. */
interface CoWeChatApi {
  prefix: string;
  snsPrefix: string;
  mpPrefix: string;
  fileServerPrefix: string;
  payPrefix: string;
  merchantPrefix: string;
  customservicePrefix: string;
  wxaPrefix: string;
  /** The SDK's token, in the memory of this object. */
  readonly store?: { readonly accessToken: string };
  setOpts(options: object): void;
  getFollowers(after?: string): Promise<{ total: number; count: number; data: { openid: string[] } }>;
  getUser(openid: string): Promise<{ subscribe: number; openid: string; remark: string }>;
  batchGetUsers(openids: string[]): Promise<{ user_info_list: { openid: string }[] }>;
  updateRemark(openid: string, remark: string): Promise<{ errcode: number }>;
  sendText(openid: string, text: string): Promise<{ errcode: number }>;
  sendTemplate(
    ...message: [openid: string, template: string, url: string, color: string, data: object]
  ): Promise<{ errcode: number; msgid: { toString(): string } }>;
  uploadMedia(media: Buffer, type: string, name: string, mime: string): Promise<{ type: string; media_id: string }>;
  getMedia(id: string): Promise<Buffer>;
  createTags(name: string): Promise<{ tag: { id: number; name: string } }>;
  batchTagging(openids: string[], tag: number): Promise<{ errcode: number }>;
  getTags(): Promise<{ tags: { id: number; name: string; count: number }[] }>;
  createMenu(menu: object): Promise<{ errcode: number }>;
  getMenu(): Promise<{ menu: object }>;
}
const WeChatApi = createRequire(import.meta.url)('co-wechat-api') as new (appid: string, secret: string) => CoWeChatApi;

const REFRESH = 'POST /cgi-bin/component/api_authorizer_token';
const MIB = 1024 * 1024;

let deployment: Deployment;
let openids: readonly string[];

beforeAll(async () => {
  deployment = await Deployment.open({ gateways: 2, workers: 2 });
  await deployment.authorized(SERVICE_ACCOUNT);
  openids = await deployment.wechat.followers(SERVICE_ACCOUNT);
});
afterAll(() => deployment?.close());
afterEach(() => deployment.wechat.control('POST', '/options', { controlCharacters: false }));

/** The unmodified SDK; only WeChat's base URLs, the secret and its timeout are configured. */
function sdk(appid = SERVICE_ACCOUNT, secret = deployment.apiKey): CoWeChatApi {
  const api = new WeChatApi(appid, secret);
  api.setOpts(SDK_OPTIONS);
  for (const name of Object.keys(api).filter((member) => member.endsWith('Prefix') || member === 'prefix')) {
    const theirs = Reflect.get(api, name) as string;
    Reflect.set(api, name, theirs.replace(/^https?:\/\/[^/]+/, deployment.gatewayUrl()));
  }
  return api;
}

interface Answer {
  readonly status: number;
  readonly type: string | null;
  readonly disposition: string | null;
  readonly bytes: Buffer;
}

async function ask(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    disposition: response.headers.get('content-disposition'),
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}

async function askJson(url: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
  const { status, bytes } = await ask(url, init);
  // Always 200: SDKs read the errcode only.
  expect(status).toBe(200);
  return JSON.parse(bytes.toString('utf8')) as Record<string, unknown>;
}

function tokenUrl({ appid = SERVICE_ACCOUNT, secret = deployment.apiKey, gateway = 0 } = {}): string {
  const query = new URLSearchParams({ grant_type: 'client_credential', appid, secret });
  return `${deployment.gatewayUrl(gateway)}/cgi-bin/token?${query}`;
}

async function ourToken(gateway = 0): Promise<string> {
  return String((await askJson(tokenUrl({ gateway }))).access_token);
}

const withToken = (base: string, path: string, token: string): string =>
  `${base}${path}${path.includes('?') ? '&' : '?'}access_token=${encodeURIComponent(token)}`;

/** The last real token that WeChat issued; no caller of the deployment ever sees it. */
async function realToken(): Promise<string> {
  const { authorizerTokens } = await deployment.wechat.control<{ authorizerTokens: string[] }>('GET', '/secrets');
  return authorizerTokens.at(-1)!;
}

/** The same request through the deployment and directly to WeChat. */
async function bothWays(path: string, init: RequestInit = {}): Promise<{ ours: Answer; theirs: Answer }> {
  const ours = await ask(withToken(deployment.gatewayUrl(), path, await ourToken()), init);
  const theirs = await ask(withToken(deployment.wechat.url, path, await realToken()), init);
  return { ours, theirs };
}

/** As an operator sees it. */
async function waitingCalls(): Promise<number> {
  const login = Buffer.from(`admin:${deployment.adminPassword}`).toString('base64');
  const { bytes } = await ask(
    `${deployment.gatewayUrl()}/admin/queues/api/queues?activeQueue=calls&page=1&jobsPerPage=1`,
    {
      headers: { authorization: `Basic ${login}` },
    },
  );
  const { queues } = JSON.parse(bytes.toString('utf8')) as { queues: { name: string; counts: { waiting: number } }[] };
  return queues.find(({ name }) => name === 'calls')!.counts.waiting;
}

const json = (body: unknown): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

describe('npm co-wechat-api, unmodified but for its base URLs', () => {
  it('lists followers and reads users', async () => {
    const api = sdk();
    const { total, count, data } = await api.getFollowers();
    expect({ total, count }).toEqual({ total: 25, count: 25 });
    expect(data.openid).toEqual(openids);
    expect(await api.getUser(openids[3]!)).toMatchObject({ subscribe: 1, openid: openids[3] });
    const { user_info_list: users } = await api.batchGetUsers(openids.slice(0, 5));
    expect(users.map(({ openid }) => openid)).toEqual(openids.slice(0, 5));
    // As WeChat counts, not as the deployment reports: each request arrived there once.
    const { byAccount } = await deployment.wechat.counters();
    expect(byAccount[SERVICE_ACCOUNT]).toMatchObject({
      'GET /cgi-bin/user/get': 1,
      'GET /cgi-bin/user/info': 1,
      'POST /cgi-bin/user/info/batchget': 1,
    });
  });

  it('sends a customer message, which WeChat receives once', async () => {
    const text = `您好 "${randomBytes(6).toString('hex')}" \\ / 😀`;
    expect(await sdk().sendText(openids[0]!, text)).toMatchObject({ errcode: 0 });
    const got = (await deployment.wechat.messages()).filter(({ touser }) => touser === openids[0]);
    expect(got.map(({ content }) => content)).toEqual([{ content: text }]);
  });

  it('sends a template message and gets an id beyond 2^53, digit by digit', async () => {
    const api = sdk();
    const first = await api.sendTemplate(openids[1]!, 'template-1', '', '', { first: { value: '一' } });
    expect(first.errcode).toBe(0);
    expect(BigInt(first.msgid.toString())).toBeGreaterThan(2n ** 53n);
  });

  it('uploads media and downloads the same bytes', async () => {
    const api = sdk();
    const image = randomBytes(300_000);
    const uploaded = await api.uploadMedia(image, 'image', 'picture.png', 'image/png');
    expect(uploaded.type).toBe('image');
    const downloaded = await api.getMedia(uploaded.media_id);
    expect(downloaded.equals(image)).toBe(true);
  });

  it('writes and reads tags and the menu', async () => {
    const api = sdk();
    const { tag } = await api.createTags('常客');
    expect(await api.batchTagging(openids.slice(0, 3), tag.id)).toMatchObject({ errcode: 0 });
    expect((await api.getTags()).tags).toContainEqual({ id: tag.id, name: '常客', count: 3 });
    const menu = { button: [{ type: 'click', name: '今日歌曲', key: 'V1001' }] };
    expect(await api.createMenu(menu)).toMatchObject({ errcode: 0 });
    expect(await api.getMenu()).toEqual({ menu });
  });

  it('receives WeChat’s own refusals', async () => {
    await expect(sdk().getUser('oNobodyOfThisAccount00000000')).rejects.toMatchObject({ code: 40003 });
    await expect(sdk().createMenu({ button: [] })).rejects.toMatchObject({ code: 40016 });
  });

  it.each([42001, 40001, 40014])('does not notice that WeChat refuses the real token with %i', async (as) => {
    const api = sdk();
    await api.getFollowers();
    const token = api.store?.accessToken;
    const [died, before] = [await realToken(), await deployment.wechat.asked(REFRESH)];
    const { ended } = await deployment.wechat.control<{ ended: number }>('POST', '/expire', {
      token: 'authorizer',
      appid: SERVICE_ACCOUNT,
      as,
    });
    expect(ended).toBeGreaterThan(0);

    const users = await Promise.all(openids.slice(0, 8).map((openid) => api.getUser(openid)));
    expect(users.map(({ openid }) => openid)).toEqual(openids.slice(0, 8));
    expect(await deployment.wechat.asked(REFRESH)).toBe(before + 1);
    expect(await realToken()).not.toBe(died);
    // The SDK did not even fetch a new token from the gateway, as it does by itself after 40001 and 42001.
    expect(token).toMatch(/^wxt_/);
    expect(api.store?.accessToken).toBe(token);
  });

  it('never gets a token that WeChat accepts', async () => {
    const { authorizerTokens, componentTokens } = await deployment.wechat.control<Record<string, string[]>>(
      'GET',
      '/secrets',
    );
    const token = await ourToken();
    expect([...authorizerTokens!, ...componentTokens!]).not.toContain(token);
    expect(await askJson(withToken(deployment.wechat.url, '/cgi-bin/user/get', token))).toMatchObject({
      errcode: 40001,
    });
  });
});

describe('an answer of WeChat’s is returned byte for byte', () => {
  it('JSON with 64-bit ids', async () => {
    const body = { touser: openids[2], template_id: 't', data: {}, client_msg_id: 'one and the same' };
    const { ours, theirs } = await bothWays('/cgi-bin/message/template/send', json(body));
    expect(ours.status).toBe(200);
    const text = ours.bytes.toString('utf8');
    expect(text).toMatch(/"msgid":\d{17,}[,}]/);
    expect(Number.isSafeInteger(Number(/"msgid":(\d+)/.exec(text)![1]))).toBe(false);
    expect(text).toBe(theirs.bytes.toString('utf8'));
  });

  it('JSON with raw control characters and escaped slashes, which is invalid JSON', async () => {
    await deployment.wechat.control('POST', '/options', { controlCharacters: true });
    await sdk().updateRemark(openids[4]!, 'a/b "c"');
    const { ours, theirs } = await bothWays(`/cgi-bin/user/info?openid=${openids[4]}&lang=zh_CN`);
    expect(ours.bytes).toEqual(theirs.bytes);
    expect(ours.bytes.includes(Buffer.from('a\\/b \\"c\\"\b\x14备注'))).toBe(true);
    expect(() => JSON.parse(ours.bytes.toString('utf8'))).toThrow();
  });

  it('never half an answer: a request that may be repeated is repeated', async () => {
    const before = await deployment.wechat.asked('GET /cgi-bin/user/get');
    const api = sdk();
    // Several, because WeChat changes its content type from answer to answer; one by one, so that none meets all the failures.
    for (let n = 0; n < 4; n++) {
      await deployment.wechat.control('POST', '/fail', { path: '/cgi-bin/user/get', how: 'truncated' });
      expect((await api.getFollowers()).data.openid).toEqual(openids);
    }
    expect(await deployment.wechat.asked('GET /cgi-bin/user/get')).toBe(before + 8);
  });

  it('a refusal with WeChat’s own errmsg and its rid', async () => {
    const { ours } = await bothWays('/cgi-bin/user/info?openid=unknown');
    expect(JSON.parse(ours.bytes.toString('utf8'))).toEqual({
      errcode: 40003,
      errmsg: expect.stringMatching(/ rid: [0-9a-f-]{20,}$/),
    });
  });

  it('nine megabytes of multipart uploaded and binary downloaded, with type and name', async () => {
    const image = randomBytes(9 * MIB);
    const form = new FormData();
    form.append('media', new Blob([image], { type: 'image/jpeg' }), '照片.jpg');
    const token = await ourToken();
    const uploaded = await askJson(withToken(deployment.gatewayUrl(), '/cgi-bin/media/upload?type=image', token), {
      method: 'POST',
      body: form,
    });
    expect(uploaded).toMatchObject({ type: 'image' });
    const { ours, theirs } = await bothWays(`/cgi-bin/media/get?media_id=${uploaded.media_id}`);
    expect(ours.bytes.equals(image)).toBe(true);
    expect(theirs.bytes.equals(image)).toBe(true);
    expect(ours).toMatchObject({ status: 200, type: 'image/jpeg', disposition: theirs.disposition });
    expect(ours.disposition).toContain(`${uploaded.media_id}.jpg`);
  });

  it('a body of any kind that is not JSON, as it was sent', async () => {
    // WeChat reports what it received: nothing that it can parse.
    const url = withToken(deployment.gatewayUrl(), '/cgi-bin/message/custom/send', await ourToken());
    const bytes = randomBytes(2 * MIB);
    const before = await deployment.wechat.asked('POST /cgi-bin/message/custom/send');
    const answer = await askJson(url, {
      method: 'POST',
      headers: { 'content-type': 'application/octet-stream' },
      body: bytes,
    });
    expect(answer).toMatchObject({ errcode: 47001, errmsg: expect.stringContaining('rid: ') });
    expect(await deployment.wechat.asked('POST /cgi-bin/message/custom/send')).toBe(before + 1);
  });
});

describe('refusals of our own look like WeChat’s', () => {
  it('bad key 40125, bad account 61003, on both routes for a token', async () => {
    const stable = (appid: string, secret: string) =>
      askJson(
        `${deployment.gatewayUrl()}/cgi-bin/stable_token`,
        json({ grant_type: 'client_credential', appid, secret, force_refresh: true }),
      );
    expect(await askJson(tokenUrl({ secret: `${deployment.apiKey}x` }))).toMatchObject({ errcode: 40125 });
    expect(await stable(SERVICE_ACCOUNT, 'wrong')).toMatchObject({ errcode: 40125 });
    // An account that never authorized, and one that does not exist.
    for (const appid of [MINI_PROGRAM, 'wxdeadbeefdeadbeef', `wxdeadbeefdeadbeef:${SERVICE_ACCOUNT}`]) {
      expect(await askJson(tokenUrl({ appid })), appid).toMatchObject({ errcode: 61003 });
      expect(await stable(appid, deployment.apiKey), appid).toMatchObject({ errcode: 61003 });
    }
    const good = await stable(SERVICE_ACCOUNT, deployment.apiKey);
    expect(good).toEqual({ access_token: expect.stringMatching(/^wxt_/), expires_in: 7200 });
    const named = await askJson(tokenUrl({ appid: `${deployment.component.appid}:${SERVICE_ACCOUNT}` }));
    expect(named).toEqual({ access_token: expect.stringMatching(/^wxt_/), expires_in: 7200 });
    await expect(sdk(SERVICE_ACCOUNT, 'wrong').getFollowers()).rejects.toMatchObject({ code: 40125 });
  });

  it('an invented token 40001, and nothing of it reaches WeChat', async () => {
    const good = await ourToken();
    const middle = Math.floor(good.length / 2);
    const forged = good.slice(0, middle) + (good[middle] === 'A' ? 'B' : 'A') + good.slice(middle + 1);
    const before = await deployment.wechat.asked('GET /cgi-bin/user/get');
    for (const token of ['made-up', 'wxt_', `${good}A`, good.slice(0, -1), forged, await realToken()]) {
      const url = withToken(deployment.gatewayUrl(), '/cgi-bin/user/get', token);
      expect(await askJson(url), token.slice(0, 8)).toMatchObject({ errcode: 40001 });
    }
    expect(await askJson(`${deployment.gatewayUrl()}/cgi-bin/user/get`)).toMatchObject({ errcode: 41001 });
    expect(await deployment.wechat.asked('GET /cgi-bin/user/get')).toBe(before);
    // The other gateway accepts the token: gateways store no tokens.
    expect(await askJson(withToken(deployment.gatewayUrl(1), '/cgi-bin/user/get', good))).toMatchObject({ total: 25 });
  });

  it('an expired token 42001, after which the SDK fetches a new one', async () => {
    // A gateway whose clock is three hours slow issues tokens that the others consider expired.
    await deployment.gateways[1]!.shutDown();
    const late = 'const now = Date.now; Date.now = () => now() - 3 * 3600e3;';
    const gateway = deployment.startGateway(1, { NODE_OPTIONS: `--import="data:text/javascript,${encodeURI(late)}"` });
    await gateway.says('gateway listening');
    const expired = await ourToken(1);
    const url = withToken(deployment.gatewayUrl(), '/cgi-bin/user/get', expired);
    expect(await askJson(url)).toMatchObject({ errcode: 42001 });

    const api = sdk();
    Reflect.set(api, 'store', { accessToken: expired, expireTime: Date.now() + 3600e3 });
    expect((await api.getFollowers()).total).toBe(25);
    expect(api.store?.accessToken).not.toBe(expired);
  });

  it.each([
    ['/cgi-bin/component/api_component_token', 43002, 41004],
    ['/cgi-bin/component/API_Component_Token', 43002, 41004],
    ['/cgi-bin/component/api_authorizer_token', 43002, 61014],
    ['/cgi-bin/component/api_query_auth', 43002, 61014],
    ['/cgi-bin/component/api_create_preauthcode', 43002, 61014],
    ['/cgi-bin/component/api_authorizer_token.', 48001, 48001],
  ])('the path %s with a token of an account, and nothing reaches WeChat', async (path, byGet, byPost) => {
    const token = await ourToken();
    const asked = async () =>
      Object.entries((await deployment.wechat.counters()).requests).filter(([p]) => p.includes(path));
    const before = await asked();
    const url = withToken(deployment.gatewayUrl(), path, token);
    expect(await askJson(url)).toMatchObject({ errcode: byGet });
    expect(await askJson(url, json({ component_appid: deployment.component.appid }))).toMatchObject({
      errcode: byPost,
    });
    expect(await asked()).toEqual(before);
  });

  it('a body of more than 20 MB, and a compressed one', async () => {
    const url = withToken(deployment.gatewayUrl(), '/cgi-bin/media/upload?type=image', await ourToken());
    const before = await deployment.wechat.asked('POST /cgi-bin/media/upload');
    expect(await askJson(url, { method: 'POST', body: Buffer.alloc(20 * MIB + 1) })).toMatchObject({ errcode: 45001 });
    expect(
      await askJson(url, { method: 'POST', headers: { 'content-encoding': 'gzip' }, body: Buffer.alloc(10) }),
    ).toMatchObject({ errcode: 47001 });
    expect(await deployment.wechat.asked('POST /cgi-bin/media/upload')).toBe(before);
  });

  it('a call with an unknown outcome 990001, which no SDK repeats', async () => {
    await deployment.wechat.control('POST', '/fail', {
      path: '/cgi-bin/message/custom/send',
      how: 'reset',
      at: 'after',
    });
    const to = openids[9]!;
    await expect(sdk().sendText(to, 'once')).rejects.toMatchObject({ code: 990001 });
    expect((await deployment.wechat.messages()).filter(({ touser }) => touser === to)).toHaveLength(1);
  });

  it('a closed quota 45009, without asking WeChat again', async () => {
    const path = '/cgi-bin/tags/get';
    await untilDayLasts();
    await deployment.wechat.control('POST', '/quota', { appid: SERVICE_ACCOUNT, path, daily: 1, used: 1 });
    await expect(sdk().getTags()).rejects.toMatchObject({ code: 45009 });
    const before = await deployment.wechat.asked(`GET ${path}`);
    await expect(sdk().getTags()).rejects.toMatchObject({ code: 45009 });
    expect(await deployment.wechat.asked(`GET ${path}`)).toBe(before);
  });

  it('a caller that disconnects before its call departed cancels it', async () => {
    // No worker is running that could send it.
    await Promise.all(deployment.workers.map((worker) => worker.shutDown()));
    const url = withToken(deployment.gatewayUrl(), '/cgi-bin/message/custom/send', await ourToken());
    const to = openids[11]!;
    const hangUp = new AbortController();
    const hungUp = fetch(url, {
      ...json({ touser: to, msgtype: 'text', text: { content: 'never' } }),
      signal: hangUp.signal,
    });
    await until('the call waits in its queue', async () => (await waitingCalls()) === 1);
    hangUp.abort();
    await expect(hungUp).rejects.toThrow();
    await deployment.gateways[0]!.says('"hungUp":true');
    await deployment.startWorker().says('worker ready');
    await until('the call was looked at', async () => (await waitingCalls()) === 0);
    // The queue works again, and later calls are sent.
    expect(await sdk().sendText(openids[12]!, 'now')).toMatchObject({ errcode: 0 });
    expect((await deployment.wechat.messages()).filter(({ touser }) => touser === to)).toHaveLength(0);
  });

  it('issues no token for a revoked account', async () => {
    await deployment.wechat.control('POST', '/unauthorize', { appid: SERVICE_ACCOUNT });
    await until('no token for it', async () => (await askJson(tokenUrl())).errcode === 61003);
    await expect(sdk().getFollowers()).rejects.toMatchObject({ code: 61003 });
  });
});
