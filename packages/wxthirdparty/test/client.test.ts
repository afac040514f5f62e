import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import WechatApi from 'wechat-api';
import { type Client, hooks, ThirdpartyError, ThirdpartyServer } from '../src/index.ts';
import { type Answer, type GatewayStub, type Received, startGatewayStub, tokenAnswer } from './gateway-stub.ts';

const COMPONENT = 'wxcomponent';
const APPID = 'wxaccount';
const OK: Answer = {
  body: { errcode: 0, errmsg: 'ok', ticket: 't', expires_in: 7200, data: { openid: ['o1', 'o2'] } },
};
/** They ask nothing. */
const DIRECT = [
  'setEndpoint',
  'setOpts',
  'preRequest',
  'showQRCodeURL',
  'registerTicketHandle',
  'getRedirectUrl',
  'getShakehbConfig',
];
const NAMES = Object.keys(WechatApi.prototype);

interface Target {
  readonly host: string;
  readonly port: number | string;
}

let folder: string;
let file: string;
let gateway: GatewayStub;
let answerOf: (request: Received) => Answer | undefined = () => OK;
let tokens = 0;
let client: Client;

const clientOf = (appid = APPID) =>
  new ThirdpartyServer(COMPONENT, 's', 't', 'k'.repeat(43), { gateway: gateway.url, apiKey: 'key' }).createClient({
    appid,
  });
const asked = () => gateway.received.filter(({ path }) => path !== '/cgi-bin/stable_token');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'wxthirdparty-client-'));
  file = join(folder, 'a.png');
  await writeFile(file, 'a picture');
  gateway = await startGatewayStub((request) =>
    request.path === '/cgi-bin/stable_token' ? tokenAnswer(++tokens) : answerOf(request),
  );
  client = clientOf();
});
afterEach(() => {
  answerOf = () => OK;
  gateway.received.length = 0;
});
afterAll(async () => {
  await gateway?.close();
  await rm(folder, { recursive: true, force: true });
});

const upload = () =>
  Object.assign(Readable.from(['bytes']), { headers: { host: 'wrong', 'content-type': 'image/png' } });

/** Arguments by the names that the library gives its parameters. */
function argumentsOf(name: string): unknown[] {
  const method = Reflect.get(WechatApi.prototype, `_${name}`) ?? Reflect.get(WechatApi.prototype, name);
  const [, parameters = ''] = /\(([^)]*)\)/.exec(String(method))!;
  return parameters
    .split(',')
    .map((parameter) => parameter.trim())
    .filter((parameter) => !/^(?:|callback2?)$/.test(parameter))
    .map((parameter) => {
      if (/^(?:begin|end)Time$/.test(parameter)) return new Date();
      if (name === 'getOrdersByStatus') return 2;
      if (parameter === 'filepath') return file;
      if (parameter === 'req') return upload();
      if (/^(?:opts|options|param|info|data|dest|card|deviceIdentifier)$/i.test(parameter))
        return { action_name: 'QR_CARD' };
      if (/s$|list$/i.test(parameter)) return [];
      return 'x';
    });
}

describe('the client', () => {
  const requesting = NAMES.filter((name) => !DIRECT.includes(name) && !['request', '_request'].includes(name));

  it('has every method of npm wechat-api, and types for those that are public', async () => {
    expect(NAMES.filter((name) => typeof Reflect.get(client, name) !== 'function')).toEqual([]);
    const types = await readFile(new URL('../src/client/client-methods.ts', import.meta.url), 'utf8');
    const typed = [...types.matchAll(/^ {2}(?:\| '(\w+)'|(\w+)\()/gm)].map(
      ([, requesting, direct]) => requesting ?? direct,
    );
    expect(typed.sort()).toEqual(NAMES.filter((name) => !name.startsWith('_')).sort());
  });

  it('sends every request of every method to the gateway, with the token of the gateway', async () => {
    const connected = vi.spyOn(Socket.prototype, 'connect');
    const silent: string[] = [];
    for (const name of requesting) {
      const before = asked().length;
      const method = Reflect.get(client, name) as (...args: unknown[]) => Promise<unknown>;
      // Arguments that a method refuses are errors of this test, an answer that it cannot read is not.
      await method.apply(client, argumentsOf(name.replace(/^_/, ''))).catch((error: Error) => {
        if (!('errcode' in error)) throw new Error(`${name}: ${error.message}`, { cause: error });
      });
      if (asked().length === before) silent.push(name);
    }
    expect(
      silent.map((name) => name.replace(/^_/, '')).filter((name) => !/^get(?:Latest|Access)Token$/.test(name)),
    ).toEqual([]);
    // Sockets get their address as options, in an array if node:net has normalized them.
    const targets = connected.mock.calls.map(([first]) => (Array.isArray(first) ? first[0] : first) as Target);
    expect(new Set(targets.map(({ host, port }) => `http://${host}:${port}`))).toEqual(new Set([gateway.url]));
    for (const { query, body } of asked()) expect(query.get('access_token') ?? body).toContain('wxt_');
    connected.mockRestore();
  });

  it('requests an URL of WeChat at the gateway, and no other', async () => {
    await client.request('https://sz.api.weixin.qq.com/cgi-bin/new/api?access_token=x', { dataType: 'json' });
    client.setEndpoint('hk.api.weixin.qq.com');
    await client.getMenu();
    expect(asked().map(({ path }) => path)).toEqual(['/cgi-bin/new/api', '/cgi-bin/menu/get']);
    await expect(client.request('https://example.com/', {})).rejects.toMatchObject({ code: 'address_not_allowed' });
  });

  it('answers by callback, with the response, or by promise', async () => {
    const answer = await new Promise<unknown[]>((resolve) => client.getMenu((...all) => resolve(all)));
    expect(answer).toEqual([null, OK.body, expect.objectContaining({ status: 200 })]);
    expect(await client.getMenu()).toEqual(OK.body);
    expect(client.showQRCodeURL('t')).toBe('https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=t');
  });

  it('answers the openids of getFollowers, also of an empty page', async () => {
    expect(await client.getFollowers()).toEqual(['o1', 'o2']);
    answerOf = () => ({ body: { total: 2, count: 0, next_openid: '' } });
    expect(await client.getFollowers('o2')).toEqual([]);
  });

  it('runs the hooks of this process around every method, with itself as `this`', async () => {
    const seen: unknown[] = [];
    hooks.sendText = {
      before(openid, text, next, temp) {
        temp.text = text;
        seen.push([openid, this.user.appid, this.component instanceof ThirdpartyServer]);
        next();
      },
      after(error, data, callback, temp) {
        callback(null, { error, data, temp });
      },
    };
    try {
      const expected = { error: null, data: OK.body, temp: { text: 'hi' } };
      expect(await client.sendText('o1', 'hi')).toEqual(expected);
      expect(await clientOf('wxother').sendText('o2', 'hi')).toEqual(expected);
      expect(seen).toEqual([
        ['o1', APPID, true],
        ['o2', 'wxother', true],
      ]);
      expect(client.hooks).toBe(hooks);
    } finally {
      delete hooks.sendText;
    }
  });

  it('needs an account', () => {
    const server = new ThirdpartyServer(COMPONENT, 's', 't', 'k'.repeat(43), `http://:key@127.0.0.1:1`);
    for (const user of [undefined, null, {}, { appid: '' }]) {
      expect(() => server.createClient(user as never)).toThrow(ThirdpartyError);
    }
  });
});

describe('an error of the client', () => {
  it('has the number of WeChat as code, as in 2015, and what to do', async () => {
    answerOf = () => ({ body: { errcode: 45009, errmsg: 'reach max api daily quota limit' } });
    await expect(client.getMenu()).rejects.toMatchObject({
      ...{ name: 'WeChatAPIError', code: 45009, errcode: 45009, errmsg: 'reach max api daily quota limit' },
      remedy: 'slow-down',
    });
    answerOf = () => ({ body: { errcode: 990001, errmsg: 'may have been carried out' } });
    await expect(client.sendText('o1', 'hi')).rejects.toMatchObject({ code: 990001, remedy: 'operator' });
  });

  it('of the connection or of a proxy contains neither token nor answer', async () => {
    answerOf = () => undefined;
    const broken = await client.getMenu().catch((error: unknown) => error);
    expect(broken).toMatchObject({ code: 'gateway_unreachable', remedy: 'operator' });
    answerOf = () => ({ status: 502, html: true, body: '<h1>secret</h1>' });
    const proxy = await client.getMenu().catch((error: unknown) => error);
    expect(proxy).toMatchObject({ code: 'http_502', remedy: 'retry' });
    for (const error of [broken, proxy]) expect(inspect(error, { depth: 9 })).not.toMatch(/wxt_|secret/);
  });

  it('of a file says that the request must be fixed', async () => {
    const media = client.uploadMedia('/no/such/file', 'image');
    await expect(media).rejects.toMatchObject({ code: 'ENOENT', remedy: 'fix-request' });
    const picture = client.uploadPicture('/no/such/file');
    await expect(picture).rejects.toMatchObject({ code: 'file_unreadable', remedy: 'fix-request' });
  });

  it('of the token is one of the gateway', async () => {
    await using refusing = await startGatewayStub(() => ({ body: { errcode: 40125, errmsg: 'invalid appsecret' } }));
    const server = new ThirdpartyServer(
      COMPONENT,
      's',
      't',
      'k'.repeat(43),
      `http://:hunter2@${new URL(refusing.url).host}`,
    );
    const error = await server
      .createClient({ appid: APPID })
      .getMenu()
      .catch((error: unknown) => error);
    expect(error).toMatchObject({ code: 'unauthorized', remedy: 'operator', errcode: 40125 });
    expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
  });
});

describe('the token', () => {
  it('is requested once for many callers, by POST, for the account of this component', async () => {
    const other = clientOf();
    await Promise.all(Array.from({ length: 20 }, () => other.getMenu()));
    const requests = gateway.received.filter(({ path }) => path === '/cgi-bin/stable_token');
    expect(requests.map(({ method, body }) => [method, JSON.parse(body)])).toEqual([
      ['POST', { grant_type: 'client_credential', appid: `${COMPONENT}:${APPID}`, secret: 'key' }],
    ]);
  });

  it.each([40001, 42001])(
    'is replaced if the gateway refuses it with %i, and the request is sent again',
    async (errcode) => {
      await client.getMenu();
      const refused = asked().at(-1)!.query.get('access_token')!;
      answerOf = ({ query }) => (query.get('access_token') === refused ? { body: { errcode, errmsg: 'no' } } : OK);
      expect(await client.sendText('o1', 'hi')).toEqual(OK.body);
      answerOf = () => ({ body: { errcode, errmsg: 'no' } });
      const before = asked().length;
      await expect(client.getMenu()).rejects.toMatchObject({ code: errcode });
      expect(asked().length - before).toBe(2);
    },
  );

  it('that is refused for a stream is not sent again with an empty one', async () => {
    answerOf = () => ({ body: { errcode: 40001, errmsg: 'no' } });
    expect(await client.uploadMediaStream(upload(), 'image')).toMatchObject({ errcode: 40001 });
    expect(asked()).toHaveLength(1);
  });
});
