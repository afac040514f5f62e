import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Browser } from './support/browser.ts';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { freePort } from './support/free-port.ts';
import { isAccepted } from './support/load.ts';
import { redisContents } from './support/redis-contents.ts';
import { SecretSearch } from './support/secret-search.ts';
import { until } from './support/until.ts';

const SECRETS_KEY = randomBytes(32);
const IDEMPOTENCY_KEY = `order-${randomBytes(12).toString('hex')}`;
/** What a user does on a page, which only the page's signature needs. */
const PAGE_URL = `https://shop.example.com/order?of=${randomBytes(24).toString('hex')}`;
const COMPONENT_TOKEN = '/cgi-bin/component/api_component_token';
const QUERY_AUTH = '/cgi-bin/component/api_query_auth';
const AUTHORIZER_TOKEN = '/cgi-bin/component/api_authorizer_token';

/** The bytes of each place that is searched, by its name. */
type Places = Map<string, Buffer>;

let deployment: Deployment;
/** No process listens there. */
let callbackUrl: string;
const virtualTokens: string[] = [];
/** Every command that Redis received, including those that store nothing. */
const commands: Buffer[] = [];
let monitor: Socket | undefined;
let openids: readonly string[];
let boardPages: Places;

beforeAll(async () => {
  callbackUrl = `http://127.0.0.1:${await freePort()}/hook/${randomBytes(12).toString('hex')}`;
  deployment = await Deployment.open({
    workers: 2,
    env: { SECRETS_KEY: SECRETS_KEY.toString('base64'), LOG_LEVEL: 'trace' },
  });
  monitor = await watchRedis();
  await wholeRun();
  boardPages = await readBoard();
  await Promise.all([...deployment.workers, ...deployment.gateways].map((child) => child.running && child.shutDown()));
});
afterAll(async () => {
  monitor?.destroy();
  await deployment?.close();
});

/** Over a plain socket: a client library confuses the monitored commands with its own handshake. */
async function watchRedis(): Promise<Socket> {
  const before = commands.length;
  const watching = connect(deployment.redis.port, '127.0.0.1');
  watching.on('data', (bytes) => commands.push(bytes));
  watching.on('error', () => {});
  watching.write('MONITOR\r\n');
  await until('Redis reports its commands', () => commands.length > before);
  return watching;
}

const sentToRedis = (): Places => new Map([['commands', Buffer.concat(commands)]]);

const control = (path: string, body: object) => deployment.wechat.control('POST', path, body);
const fail = (path: string, how: string, more: object = {}) => control('/fail', { path, how, ...more });
const expire = (token: string, appid?: string, as = 42001) =>
  control('/expire', { token, as, ...(appid && { appid }) });
const followers = (appid = SERVICE_ACCOUNT) => deployment.call(appid, { method: 'GET', path: '/cgi-bin/user/get' });

function at(path: string, headers: Record<string, string> = {}, init: RequestInit = {}): Promise<Response> {
  return fetch(deployment.gatewayUrl() + path, { ...init, headers });
}

/** Every event in the life of a deployment, successes and failures. */
async function wholeRun(): Promise<void> {
  await control('/options', { rotateRefreshToken: true, differentRedirectCode: true });
  await deployment.authorized(SERVICE_ACCOUNT);
  await deployment.authorized(MINI_PROGRAM);
  ({ openids } = await deployment.wechat.control<{ openids: string[] }>(
    'GET',
    `/followers?appid=${SERVICE_ACCOUNT}&limit=1000`,
  ));

  await consentInBrowser();
  await workerIsKilled();
  // A refresh that WeChat never answers takes ten seconds to fail; the other steps run meanwhile.
  await fail(AUTHORIZER_TOKEN, 'hang', { appid: MINI_PROGRAM });
  await expire('authorizer', MINI_PROGRAM);
  const unanswered = deployment.call(MINI_PROGRAM, {
    method: 'POST',
    path: '/cgi-bin/message/custom/send',
    body: { touser: openids[0], msgtype: 'text', text: { content: 'late' } },
    waitMs: 500,
  });

  await businessCalls();
  await virtualCalls();
  await tokensDie();
  await wrongPushes();
  await callsFail();
  await carelessCallers();
  expect((await unanswered).status).toSatisfy(isAccepted);
  await until('the refresh has timed out', () =>
    deployment.workers.some((worker) => worker.output.includes('wechat_timeout')),
  );
  await consentEnds();
  await redisIsKilled();
  await componentFails();
}

/** By a link, and with codes that WeChat accepts and codes that it refuses. */
async function consentInBrowser(): Promise<void> {
  const { body: link } = await deployment.api<{ id: string; url: string }>(
    'POST',
    `/v1/components/${deployment.component.appid}/authorization-links`,
    {},
  );
  const browser = new Browser();
  const wechatUrl = await browser.leavePage(link.url);
  const callback = new URL(await browser.consent(wechatUrl, MINI_PROGRAM));
  expect((await browser.open(callback.href)).status).toBe(200);
  expect((await new Browser().open(callback.href)).status).toBe(403);
  callback.searchParams.set('auth_code', new URL(wechatUrl).searchParams.get('pre_auth_code')!);
  expect((await browser.open(callback.href)).status).toBe(400);
  const { body } = await deployment.api<{ state: string }>('GET', `/v1/authorization-links/${link.id}`);
  expect(body.state).toBe('authorized');
}

async function businessCalls(): Promise<void> {
  const ask = async (request: Parameters<Deployment['call']>[1]) => {
    const { body } = await deployment.call(SERVICE_ACCOUNT, request);
    expect(body.state).toBe('completed');
  };
  await ask({ method: 'GET', path: '/cgi-bin/user/get' });
  await ask({ method: 'GET', path: '/cgi-bin/user/info', query: { openid: openids[0] } });
  const message = { touser: openids[1], msgtype: 'text', text: { content: '一句悄悄话' } };
  await ask({ method: 'POST', path: '/cgi-bin/message/custom/send', body: message });
  // The callback is retried again and again.
  const background = await at(
    `/v1/authorizers/${SERVICE_ACCOUNT}/calls`,
    {
      authorization: `Bearer ${deployment.apiKey}`,
      'content-type': 'application/json',
      'idempotency-key': IDEMPOTENCY_KEY,
    },
    {
      method: 'POST',
      body: JSON.stringify({
        method: 'POST',
        path: '/cgi-bin/message/custom/send',
        body: { ...message, touser: openids[2] },
        callbackUrl,
        waitMs: 0,
      }),
    },
  );
  expect(background.status).toSatisfy(isAccepted);
  const { id } = (await background.json()) as { id: string };
  await until('the background call is done', async () => {
    const { body } = await deployment.api<{ state: string }>('GET', `/v1/calls/${id}`);
    return body.state === 'completed';
  });
  await until('its callback has failed', () =>
    deployment.workers.some(({ output }) => output.includes('The callback could not be delivered')),
  );
}

/** Their codes and tokens pass through the deployment, which stores none of them. */
async function peopleLogIn(): Promise<void> {
  const login = async (appid: string) =>
    (await deployment.wechat.control<{ code: string }>('POST', '/login', { appid, scope: 'snsapi_userinfo' })).code;
  const session = `/sns/jscode2session?appid=${MINI_PROGRAM}&secret=${deployment.apiKey}&grant_type=authorization_code`;
  expect(await (await at(`${session}&js_code=${await login(MINI_PROGRAM)}`)).json()).toHaveProperty('session_key');
  const web = `/sns/oauth2/access_token?appid=${SERVICE_ACCOUNT}&secret=${deployment.apiKey}&grant_type=authorization_code`;
  const lent = await (await at(`${web}&code=${await login(SERVICE_ACCOUNT)}`)).json();
  const { access_token: token, openid } = lent as { access_token: string; openid: string };
  const person = `/sns/userinfo?access_token=${token}&openid=${openid}`;
  expect(await (await at(person, { authorization: `Bearer ${deployment.apiKey}` })).json()).toMatchObject({ openid });
  expect(await (await at(person)).json()).toMatchObject({ openid });
}

async function pagesAreSigned(virtualToken: string): Promise<void> {
  const getTicket = '/cgi-bin/ticket/getticket';
  const page = { url: PAGE_URL };
  // The answer with the ticket is lost; then it arrives.
  await fail(getTicket, 'truncated');
  expect((await deployment.api('POST', `/v1/authorizers/${SERVICE_ACCOUNT}/js-config`, page)).status).toBe(200);
  for (const type of ['jsapi', 'wx_card', 'jsapi']) {
    const answer = await (await at(`${getTicket}?access_token=${virtualToken}&type=${type}`)).json();
    expect(answer).toMatchObject({ errcode: 0, ticket: expect.any(String) });
  }
}

async function virtualCalls(): Promise<void> {
  const query = new URLSearchParams({
    grant_type: 'client_credential',
    appid: SERVICE_ACCOUNT,
    secret: deployment.apiKey,
  });
  const first = await (await at(`/cgi-bin/token?${query}`)).json();
  const body = JSON.stringify(Object.fromEntries(query));
  const second = await (await at('/cgi-bin/stable_token', {}, { method: 'POST', body })).json();
  for (const { access_token: token } of [first, second] as { access_token: string }[]) {
    virtualTokens.push(token);
    expect(await (await at(`/cgi-bin/user/get?access_token=${token}`)).json()).toMatchObject({ total: 25 });
  }
  const form = new FormData();
  form.append('media', new Blob([randomBytes(50_000)]), 'picture.png');
  const url = `/cgi-bin/media/upload?type=image&access_token=${virtualTokens[0]}`;
  expect(await (await at(url, {}, { method: 'POST', body: form })).json()).toMatchObject({ type: 'image' });
  await peopleLogIn();
  await pagesAreSigned(virtualTokens[0]!);
  await at(`/cgi-bin/user/info?openid=${openids[3]}&access_token=${virtualTokens[1]}x`);
  await at(`/cgi-bin/token?${query.toString().replace(deployment.apiKey, `${deployment.apiKey}x`)}`);
}

async function tokensDie(): Promise<void> {
  for (const as of [42001, 40001, 40014]) {
    await expire('authorizer', SERVICE_ACCOUNT, as);
    expect((await followers()).body.state).toBe('completed');
  }
  await expire('component');
  await expire('authorizer', SERVICE_ACCOUNT);
  expect((await followers()).body.state).toBe('completed');
  // Half an answer contains half a token: an answer that cannot be parsed must not be quoted.
  for (const how of ['truncated', 'html', 'empty', '502', 'reset']) {
    await fail(AUTHORIZER_TOKEN, how, { appid: SERVICE_ACCOUNT });
    await expire('authorizer', SERVICE_ACCOUNT);
    expect((await followers()).body.state, how).toBe('completed');
  }
}

async function wrongPushes(): Promise<void> {
  const faults = ['bad-msg-signature', 'truncated', 'doctype', 'huge', 'wrong-component', 'plaintext', 'wrong-key'];
  const { tickets } = await secretsOfWeChat();
  for (const fault of faults) {
    await control('/push', {
      url: 'events',
      fields: { InfoType: 'component_verify_ticket', ComponentVerifyTicket: tickets!.at(-1) },
      fault,
    });
  }
  for (const fields of [
    { FromUserName: openids[4], MsgType: 'text', Content: '一句悄悄话' },
    { FromUserName: openids[5], MsgType: 'event', Event: 'subscribe' },
    { FromUserName: openids[6], MsgType: 'text', Content: 'again', Nonsense: openids[7] },
  ]) {
    await control('/push', { url: 'messages', appid: SERVICE_ACCOUNT, fields, copies: 2 });
  }
  const strange = { InfoType: 'nobody_knows', openid: openids[8], AuthorizationCode: 'x' };
  await control('/push', { url: 'events', fields: strange });
  await control('/tick', { ticket: 'new', deliver: 2 });
  await until('all pushes are handled', () => linesOf('push').some((line) => line.includes('nobody_knows')));
}

async function callsFail(): Promise<void> {
  for (const how of ['truncated', 'html', 'empty', '502', 'reset']) {
    await fail('/cgi-bin/user/get', how);
    expect((await followers()).body.response?.body, how).toMatchObject({ total: 25 });
    // The unanswered call of the other account may be sent at any moment.
    await fail('/cgi-bin/message/custom/send', how, { at: 'after', appid: SERVICE_ACCOUNT });
    const { body } = await deployment.call(SERVICE_ACCOUNT, {
      method: 'POST',
      path: '/cgi-bin/message/custom/send',
      body: { touser: openids[9], msgtype: 'text', text: { content: how } },
    });
    expect(body.failure?.code, how).toBe('outcome_unknown');
  }
}

async function workerIsKilled(): Promise<void> {
  await control('/delay', { path: '/cgi-bin/user/info', ms: 1_000, count: 1 });
  const before = await deployment.wechat.asked('GET /cgi-bin/user/info');
  const call = deployment.call(SERVICE_ACCOUNT, {
    method: 'GET',
    path: '/cgi-bin/user/info',
    query: { openid: openids[10] },
  });
  await until('it is on its way', async () => (await deployment.wechat.asked('GET /cgi-bin/user/info')) > before);
  await Promise.all(deployment.workers.map((worker) => worker.kill()));
  await deployment.startWorker().says('worker ready');
  expect((await call).body.state).toBe('completed');
}

/** A caller may put any text in any place. */
async function carelessCallers(): Promise<void> {
  const { authorizerTokens, refreshTokens, authCodes } = await secretsOfWeChat();
  const [token, code] = [authorizerTokens!.at(-1)!, authCodes!.at(-1)!];
  const key = { authorization: `Bearer ${deployment.apiKey}` };
  const login = { authorization: `Basic ${Buffer.from(`admin:${deployment.apiKey}`).toString('base64')}` };
  const json = { ...key, 'content-type': 'application/json' };
  const asked = await Promise.all([
    at(`/authorize/${deployment.component.appid}/callback?auth_code=${encodeURIComponent(code)}&expires_in=3600`),
    at(`/cgi-bin/user/get?access_token=${token}`),
    at(`/cgi-bin/user/get?access_token=${virtualTokens[0]}&component_access_token=${token}`),
    at(`/v1/authorizers/${encodeURIComponent(refreshTokens!.at(-1)!)}`, key),
    at(`/v1/calls/${encodeURIComponent(token)}`, key),
    at(`/v1/status?secret=${deployment.apiKey}`, { authorization: `Bearer ${deployment.component.appsecret}` }),
    at(`/${deployment.apiKey}/${token}?${token}`, key),
    at('/admin/queues', login),
    at(`/wechat/${deployment.component.appid}/events?msg_signature=${token}`, {}, { method: 'POST', body: code }),
    at(`/v1/authorizers/${SERVICE_ACCOUNT}/calls`, json, {
      method: 'POST',
      body: `{"method":"GET","path":"/cgi-bin/user/get","query":{"access_token":"${token}"}}`,
    }),
    at(`/v1/authorizers/${SERVICE_ACCOUNT}/calls`, json, { method: 'POST', body: `{"body":"${token}` }),
  ]);
  for (const response of asked) expect(await response.text(), response.url).not.toContain(token.slice(3, 40));
}

/** WeChat refuses the refresh token (61023); the account consents again, and then revokes its consent. */
async function consentEnds(): Promise<void> {
  await fail(AUTHORIZER_TOKEN, 'errcode', { errcode: 61023, appid: SERVICE_ACCOUNT });
  await expire('authorizer', SERVICE_ACCOUNT);
  expect((await followers()).body.failure?.errcode).toBe(61023);
  const state = async (appid: string) =>
    (await deployment.api<{ state: string }>('GET', `/v1/authorizers/${appid}`)).body.state;
  await until('the consent has ended', async () => (await state(SERVICE_ACCOUNT)) === 'needs-reauthorization');
  // The answer with both tokens is lost; the code is used up.
  await fail(QUERY_AUTH, 'truncated');
  await control('/authorize', { appid: SERVICE_ACCOUNT, push: 'force' });
  await until('authorized again', async () => (await state(SERVICE_ACCOUNT)) === 'active');
  expect((await followers()).body.state).toBe('completed');
  await control('/unauthorize', { appid: MINI_PROGRAM });
  await until('revoked', async () => (await state(MINI_PROGRAM)) === 'revoked');
}

async function redisIsKilled(): Promise<void> {
  // Redis writes to disk once a second; WeChat pushes again what Redis loses.
  const call = followers();
  await deployment.redis.kill();
  monitor?.destroy();
  await call.catch(() => {});
  await Promise.allSettled([followers(), control('/tick', { ticket: 'new' }), at('/readyz')]);
  await deployment.redis.restart();
  monitor = await watchRedis();
  await until('calls work again', async () => (await followers()).body.state === 'completed');
}

async function componentFails(): Promise<void> {
  for (const how of ['truncated', 'html', 'empty', '502', 'reset']) await fail(COMPONENT_TOKEN, how);
  await fail(COMPONENT_TOKEN, 'errcode', { errcode: 61004 });
  await expire('component');
  await expire('authorizer', SERVICE_ACCOUNT);
  expect((await followers()).body.failure).toBeTruthy();
  await until('the component is not ready', async () => {
    // A new ticket ends the backoff, so that each of the failures occurs.
    await control('/tick', { ticket: 'new' });
    const { body } = await deployment.api<{ components: { token: { failure: { errcode: number } | null } }[] }>(
      'GET',
      '/v1/status',
    );
    await followers();
    return body.components[0]?.token.failure?.errcode === 61004;
  });
}

function linesOf(message: string): string[] {
  return deployment.workers.flatMap((worker) =>
    worker.output.split('\n').filter((line) => line.includes(`"msg":"${message}"`)),
  );
}

function secretsOfWeChat(): Promise<Record<string, string[]>> {
  return deployment.wechat.control('GET', '/secrets');
}

async function theSearch(): Promise<SecretSearch> {
  const issued = await secretsOfWeChat();
  for (const kind of ['tickets', 'componentTokens', 'authorizerTokens', 'refreshTokens', 'authCodes', 'jsTickets']) {
    expect(issued[kind]!.length, kind).toBeGreaterThan(1);
  }
  const { appsecret, token, encodingAesKey } = deployment.component;
  return new SecretSearch({
    ...issued,
    virtualTokens,
    'component secret': [appsecret],
    'push token': [token],
    'AES key': [encodingAesKey, Buffer.from(`${encodingAesKey}=`, 'base64')],
    'API key': [deployment.apiKey],
    SECRETS_KEY: [SECRETS_KEY.toString('base64'), SECRETS_KEY],
    'admin password': [deployment.adminPassword],
    'idempotency key': [IDEMPOTENCY_KEY],
    'callback address': [callbackUrl],
    'page URL': [PAGE_URL],
  });
}

/** The whole output of the processes. */
function readLogs(): Places {
  return new Map(
    [...deployment.gateways, ...deployment.workers].map((child) => [`log of ${child.name}`, Buffer.from(child.output)]),
  );
}

/** The files of Redis and of the database as they are on the disk. */
async function readFiles(): Promise<Places> {
  const files = (await readdir(deployment.dir, { recursive: true, withFileTypes: true })).filter((file) =>
    file.isFile(),
  );
  return new Map(
    await Promise.all(
      files.map(
        async ({ parentPath, name }): Promise<[string, Buffer]> => [name, await readFile(join(parentPath, name))],
      ),
    ),
  );
}

/** Every value under every key, the keys themselves included. */
async function readRedis(types = new Set<string>()): Promise<Places> {
  const client = deployment.redis.client();
  try {
    return await redisContents(client, types);
  } finally {
    client.disconnect();
  }
}

/** Everything that Bull Board's own API and our status pages show. */
async function readBoard(): Promise<Places> {
  const login = { authorization: `Basic ${Buffer.from(`admin:${deployment.adminPassword}`).toString('base64')}` };
  const api = '/admin/queues/api';
  const places: Places = new Map();
  const read = async (path: string, { headers = login, mayHaveGone = false } = {}): Promise<string> => {
    const response = await at(path, headers);
    expect([200, ...(mayHaveGone ? [404] : [])], path).toContain(response.status);
    const text = await response.text();
    if (response.ok) places.set(`page ${path}`, Buffer.from(text));
    return text;
  };
  await read('/metrics');
  await read('/admin/queues/');
  for (const name of ['pushes', 'calls', 'refreshes', 'authorizations', 'profiles', 'reconciliations']) {
    const list = await read(`${api}/queues?activeQueue=${name}&status=latest&page=1&jobsPerPage=200`);
    const { queues } = JSON.parse(list) as { queues: { name: string; jobs: { id: string }[] }[] };
    for (const { id } of queues.find((queue) => queue.name === name)!.jobs) {
      // A job that was listed a moment ago may have been removed.
      for (const detail of ['', '/logs'])
        await read(`${api}/queues/${name}/${encodeURIComponent(id)}${detail}`, { mayHaveGone: true });
    }
  }
  for (const path of ['/v1/status', '/v1/authorizers']) {
    await read(path, { headers: { authorization: `Bearer ${deployment.apiKey}` } });
  }
  return places;
}

function findings(search: SecretSearch, places: Places): string[] {
  return [...places].flatMap(([place, bytes]) => search.find(place, bytes));
}

/** A search in an empty place finds nothing, so some known text that is no secret must be found in each place. */
function mustHold(places: Places, text: string): void {
  const holding = [...places.values()].filter((bytes) => bytes.includes(text));
  expect(holding.length, `places that hold ${text}`).toBeGreaterThan(0);
}

describe('after a whole run no secret is in plain text', () => {
  it('in the logs of any process, nor is any openid', async () => {
    const logs = readLogs();
    expect(logs.size).toBe(4);
    for (const [place, bytes] of logs) expect(bytes.length, place).toBeGreaterThan(0);
    mustHold(logs, deployment.component.appid);
    expect(findings(await theSearch(), logs)).toEqual([]);
    expect(openids.length).toBe(25);
    expect(findings(new SecretSearch({ openids }), logs)).toEqual([]);
    expect(findings(new SecretSearch({ content: ['一句悄悄话'] }), logs)).toEqual([]);
  });

  it('in any value in Redis', async () => {
    const types = new Set<string>();
    const values = await readRedis(types);
    expect([...types].sort()).toEqual(expect.arrayContaining(['hash', 'stream', 'string', 'zset']));
    for (const part of ['token:component', 'token:authorizer', '}:ticket', ':call:', 'code:', 'calls:', 'pushes:']) {
      expect(
        [...values.keys()].some((place) => place.includes(part)),
        part,
      ).toBe(true);
    }
    expect(findings(await theSearch(), values)).toEqual([]);
    expect(findings(new SecretSearch({ openids, content: ['一句悄悄话'] }), values)).toEqual([]);
  });

  it('in any command that Redis was sent', async () => {
    const sent = sentToRedis();
    expect(sent.get('commands')?.toString('latin1').split('\r\n').length).toBeGreaterThan(1_000);
    mustHold(sent, 'wx:tokens');
    expect(findings(await theSearch(), sent)).toEqual([]);
    expect(findings(new SecretSearch({ openids }), sent)).toEqual([]);
  });

  it('in the files of Redis and of the database', async () => {
    const files = await readFiles();
    expect([...files.keys()]).toEqual(
      expect.arrayContaining(['deployment.sqlite', expect.stringMatching(/incr\.aof$/)]),
    );
    for (const pattern of [/aof$/, /sqlite/]) {
      mustHold(new Map([...files].filter(([name]) => pattern.test(name))), SERVICE_ACCOUNT);
    }
    expect(findings(await theSearch(), files)).toEqual([]);
  });

  it('on Bull Board’s pages and ours', async () => {
    expect(boardPages.size).toBeGreaterThan(30);
    mustHold(boardPages, deployment.component.appid);
    mustHold(boardPages, 'sealed, ');
    expect(findings(await theSearch(), boardPages)).toEqual([]);
    expect(findings(new SecretSearch({ openids, content: ['一句悄悄话'] }), boardPages)).toEqual([]);
  });
});

describe('the search finds a secret that was put there on purpose', () => {
  it('in Redis, whatever holds it and however it is written', async () => {
    const { tickets, authorizerTokens, refreshTokens } = await secretsOfWeChat();
    const [ticket, token, refresh] = [tickets![0]!, authorizerTokens![0]!, refreshTokens![1]!];
    const client = deployment.redis.client();
    try {
      await client.set('planted-string', `{"x":"${Buffer.from(`ab${ticket}`).toString('base64')}"}`);
      await client.hset('planted-hash', 'field', encodeURIComponent(refresh));
      await client.hset('planted-field', token, '1');
      await client.rpush('planted-list', 'a', `Bearer ${token.slice(0, 30)}…`);
      await client.sadd('planted-set', 'a', virtualTokens[0]!);
      await client.zadd('planted-zset', 1, Buffer.from(deployment.component.appsecret).toString('hex'));
      await client.xadd('planted-stream', '*', 'name', deployment.apiKey);
      await client.set(Buffer.from('planted-bytes'), SECRETS_KEY);
      await client.set(`planted-key ${deployment.component.encodingAesKey}`, '1');
    } finally {
      client.disconnect();
    }
    const search = await theSearch();
    const inValues = findings(search, await readRedis()).filter((found) => found.includes('planted'));
    const expected = [
      /^tickets\[0\] in Redis string planted-string \(base64\)/,
      /^refreshTokens\[1\] in Redis hash planted-hash/,
      /^authorizerTokens\[0\] in Redis hash planted-field/,
      /^authorizerTokens\[0\] in Redis list planted-list/,
      /^virtualTokens\[0\] in Redis set planted-set/,
      /^component secret\[0\] in Redis zset planted-zset \(hex\)/,
      /^API key\[0\] in Redis stream planted-stream/,
      /^SECRETS_KEY\[1\] in Redis string planted-bytes/,
      /^AES key\[0\] in Redis string planted-key /,
    ];
    for (const pattern of expected) expect(inValues).toContainEqual(expect.stringMatching(pattern));
    // Redis may write the file, and report the commands, after its answers.
    await until('the file has them', async () => {
      const inFiles = findings(search, await readFiles());
      return ['tickets[0]', 'refreshTokens[1]', 'SECRETS_KEY[1]'].every((kind) =>
        inFiles.some((found) => found.startsWith(`${kind} in appendonly`)),
      );
    });
    await until('the API key is found in the commands', () =>
      findings(search, sentToRedis()).some((found) => found.startsWith('API key[0] in commands')),
    );
  });

  it('in the database', async () => {
    const { refreshTokens } = await secretsOfWeChat();
    const database = new DatabaseSync(join(deployment.dir, 'deployment.sqlite'));
    try {
      database.prepare('update authorizers set nick_name = ?').run(refreshTokens!.at(-1)!);
      const found = findings(await theSearch(), await readFiles());
      expect(found).toContainEqual(expect.stringMatching(/^refreshTokens\[\d+\] in deployment\.sqlite/));
    } finally {
      database.close();
    }
  });

  it('in a log and on Bull Board’s pages', async () => {
    const client = deployment.redis.client();
    try {
      const [job] = await client.zrange('{wx:pushes}:pushes:completed', '0', '0');
      await client.hset(`{wx:pushes}:pushes:${job}`, 'name', deployment.component.appsecret);
    } finally {
      client.disconnect();
    }
    await deployment.startGateway(0).says('gateway listening');
    // The request id that a caller chose is logged unchanged.
    await at('/v1/status', { authorization: 'Bearer x', 'x-request-id': deployment.component.appsecret });
    const search = await theSearch();
    await until('it is logged', () => findings(search, readLogs()).length > 0);
    expect(findings(search, readLogs())).toEqual(['component secret[0] in log of gateway 0 (plain)']);
    expect(findings(search, await readBoard())).toContainEqual(
      expect.stringMatching(/^component secret\[0\] in page \/admin\/queues\/api\/queues/),
    );
    expect(findings(new SecretSearch({ openids: [SERVICE_ACCOUNT] }), readLogs()).length).toBeGreaterThan(0);
  });
});
