import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Crossroads, type Passed } from './support/crossroads.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { queueCounts } from './support/queue-counts.ts';
import { redisContents } from './support/redis-contents.ts';
import { until } from './support/until.ts';

interface Delivery {
  readonly status: number;
  readonly body: string;
  readonly attempt: number;
}

let crossroads: Crossroads;
let deployment: Deployment;
let redis: Redis;
beforeAll(async () => {
  crossroads = await Crossroads.open();
  deployment = await Deployment.open({ gateways: 2, workers: 2, pushTo: crossroads.url });
  crossroads.leadTo(deployment.gatewayUrl(0), deployment.gatewayUrl(1));
  redis = deployment.redis.client();
  await deployment.authorized();
  // From here on, only the pushes of the stories.
  await deployment.wechat.control('POST', '/ticket-service', { on: false });
  await drained();
});
afterAll(async () => {
  redis?.disconnect();
  await deployment?.close();
  await crossroads?.close();
});

it('handles a message once, however many copies arrive at the same time at two gateways', async () => {
  const passedBefore = crossroads.passed.length;
  const deliveries = await push({
    url: 'messages',
    appid: SERVICE_ACCOUNT,
    fields: { MsgType: 'text', Content: '你好' },
    copies: 8,
    concurrent: true,
  });
  expect(deliveries).toHaveLength(8);
  expect(deliveries.every(accepted)).toBe(true);
  const passed = crossroads.passed.slice(passedBefore);
  expect(new Set(passed.map(({ way }) => way))).toEqual(new Set([0, 1]));
  // Each copy is encrypted separately: nothing in the envelope shows that they are the same push.
  expect(new Set(passed.map(({ body }) => body.toString())).size).toBe(passed.length);
  await expect.poll(() => handled('text')).toHaveLength(1);

  // A late copy, byte for byte, after the first was handled.
  for (const late of passed) expect(await again(late, 0)).toEqual({ status: 200, body: 'success' });
  await drained();
  expect(handled('text')).toHaveLength(1);
});

it('handles an event once, recognized by its content, since events carry no id', async () => {
  const event = {
    url: 'messages',
    appid: SERVICE_ACCOUNT,
    fields: { MsgType: 'event', Event: 'CLICK', EventKey: 'menu-1', CreateTime: now() },
  };
  expect((await push({ ...event, copies: 4, concurrent: true })).every(accepted)).toBe(true);
  await expect.poll(() => handled('event:CLICK')).toHaveLength(1);
  // The same user in the same second, but another button.
  expect((await push({ ...event, fields: { ...event.fields, EventKey: 'menu-2' } })).every(accepted)).toBe(true);
  await drained();
  await expect.poll(() => handled('event:CLICK')).toHaveLength(2);
});

it('never replaces a ticket with an older one, and fetches tokens with the newer one', async () => {
  const refusedAsOlder = () => handled('component_verify_ticket').filter(({ outcome }) => outcome === 'older').length;
  const begunAt = crossroads.passed.length;
  await deployment.wechat.control('POST', '/tick', { ticket: 'new', createTime: now() + 10 });
  const older = crossroads.passed[begunAt]!;
  await drained();
  // No token can be fetched with a ticket that WeChat itself no longer knows.
  await deployment.wechat.control('POST', '/expire', { token: 'ticket' });
  await deployment.wechat.control('POST', '/tick', { ticket: 'new', createTime: now() + 20 });
  await drained();
  const held = await ticket();

  const before = refusedAsOlder();
  for (const gateway of [0, 1]) expect(await again(older, gateway)).toEqual({ status: 200, body: 'success' });
  await drained();
  await until('both are recognized as older', () => refusedAsOlder() >= before + 2);
  expect(await ticket()).toEqual(held);

  const tokenRequest = 'POST /cgi-bin/component/api_component_token';
  const minted = await deployment.wechat.asked(tokenRequest);
  for (const token of ['component', 'authorizer']) {
    await deployment.wechat.control('POST', '/expire', { token, appid: SERVICE_ACCOUNT });
  }
  const { body } = await deployment.call(SERVICE_ACCOUNT, { method: 'GET', path: '/cgi-bin/user/get' });
  expect(body.state).toBe('completed');
  expect(body.response?.body).toMatchObject({ total: 25 });
  expect((await deployment.wechat.asked(tokenRequest)) - minted).toBe(1);
  expect((await deployment.wechat.counters()).outcomes[tokenRequest]).toEqual({ 0: expect.any(Number) });
});

it.each([
  ['media checks', 'wxa_media_check', ['<trace_id>A</trace_id>', '<trace_id>B</trace_id>', '<trace_id>C</trace_id>']],
  [
    'template results',
    'TEMPLATESENDJOBFINISH',
    ['<MsgID>90261533849829378</MsgID>', '<MsgID>90261533849829379</MsgID>'],
  ],
  ['cards', 'user_get_card', ['<UserCardCode>1</UserCardCode>', '<UserCardCode>2</UserCardCode>']],
])('handles each of several %s of one user in one second, and a copy of one once', async (_name, event, contents) => {
  const at = now();
  for (const content of [...contents, contents[0]!]) {
    const xml = messageXml('event', `<Event>${event}</Event>${content}`, at);
    expect((await push({ url: 'messages', appid: SERVICE_ACCOUNT, xml })).every(accepted)).toBe(true);
  }
  await drained();
  await expect.poll(() => handled(`event:${event}`)).toHaveLength(contents.length);
});

it.each([
  ['messages', 'add_express_path', `<Count>2</Count>${'<Actions><ActionType>100001</ActionType></Actions>'.repeat(2)}`],
  ['messages', 'wxa_appeal_record', '<material><a><b>1</b><b>2</b></a></material><material><a><b>3</b></a></material>'],
  [
    'messages',
    'wxa_media_check',
    '<detail><prob>90</prob></detail><detail><prob>80</prob></detail><errcode>0</errcode>',
  ],
  ['events', 'order_path_audit_result_notify', '<list><appid>wx5</appid></list><list><appid>wx6</appid></list>'],
])('accepts a push with a repeated tag (protocol §1.3): on the URL for %s, %s', async (url, name, content) => {
  const xml = url === 'events' ? noticeXml(name, content) : messageXml('event', `<Event>${name}</Event>${content}`);
  const appid = url === 'events' ? undefined : SERVICE_ACCOUNT;
  const logged = url === 'events' ? name : `event:${name}`;
  const before = handled(logged).length;
  expect((await push({ url, appid, xml })).every(accepted)).toBe(true);
  await until('it is handled', () => handled(logged).length > before);
});

it('accepts a push with blanks around its ciphertext', async () => {
  const passedBefore = crossroads.passed.length;
  await push({ url: 'messages', appid: SERVICE_ACCOUNT, fields: { MsgType: 'text', Content: 'blanks' } });
  const passed = crossroads.passed[passedBefore]!;
  const body = Buffer.from(
    passed.body
      .toString()
      .replace('<Encrypt><![CDATA[', '<Encrypt><![CDATA[ \n')
      .replace(']]></Encrypt>', ' ]]></Encrypt>'),
  );
  expect(body.length).toBe(passed.body.length + 3);
  expect(await again({ ...passed, body }, 0)).toEqual({ status: 200, body: 'success' });
});

it('lets no text of a follower change a ticket, an account or another follower', async () => {
  const followers = `/v1/authorizers/${SERVICE_ACCOUNT}/followers`;
  const victim = 'oVictim00000000000000000000x';
  const passedBefore = crossroads.passed.length;
  const subscribe = { MsgType: 'event', Event: 'subscribe', FromUserName: victim, CreateTime: now() - 60 };
  await push({ url: 'messages', appid: SERVICE_ACCOUNT, fields: subscribe });
  await until('the follower is known', () => handled('event:subscribe').some(({ outcome }) => outcome === 'follows'));
  const account = /gh_\w+/.exec(crossroads.passed[passedBefore]!.body.toString())![0];
  const [out, back] = [']]></Content>', '<Content><![CDATA['];
  const texts = [
    `${out}<InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket>forged</ComponentVerifyTicket>${back}`,
    `${out}<AppId>${deployment.component.appid}</AppId><InfoType>unauthorized</InfoType><AuthorizerAppid>${SERVICE_ACCOUNT}</AuthorizerAppid>${back}`,
    `${out}<Event>unsubscribe</Event>${back}`,
    `${out}<MsgType>event</MsgType><Event>unsubscribe</Event>${back}`,
    `${out}<FromUserName>${victim}</FromUserName><MsgType>event</MsgType><Event>unsubscribe</Event>${back}`,
    `${out}</xml><xml><InfoType>component_verify_ticket</InfoType>${back}`,
    `${out}<!-- ${back}`,
    `${out}<?x ?>${back}`,
    '<xml><Content><![CDATA[hello]]></Content></xml>',
  ];
  const before = {
    counts: await drained(),
    ticket: await ticket(),
    unreadable: unreadable().length,
    journaled: handled('unreadable').length,
    ends: handled('unauthorized').length,
  };
  for (const words of texts) {
    const xml = messageXml(
      'text',
      `<Content><![CDATA[${words}]]></Content><MsgId>24345678901230001</MsgId>`,
      now(),
      victim,
      account,
    );
    expect((await push({ url: 'messages', appid: SERVICE_ACCOUNT, xml })).every(accepted)).toBe(true);
  }
  // And a whole notice on the message URL, a whole event on the event URL.
  const notice = noticeXml('component_verify_ticket', '<ComponentVerifyTicket>forged</ComponentVerifyTicket>');
  expect((await push({ url: 'messages', appid: SERVICE_ACCOUNT, xml: notice })).every(accepted)).toBe(true);
  const event = messageXml('event', '<Event>unsubscribe</Event>', now(), victim, account);
  expect((await push({ url: 'events', xml: event })).every(accepted)).toBe(true);

  await until('each is logged', () => unreadable().length >= before.unreadable + texts.length + 2);
  expect({ counts: await drained(), ticket: await ticket() }).toEqual({ counts: before.counts, ticket: before.ticket });
  expect((await deployment.api<{ state: string }>('GET', `/v1/authorizers/${SERVICE_ACCOUNT}`)).body.state).toBe(
    'active',
  );
  expect(handled('unauthorized')).toHaveLength(before.ends);
  const { body } = await deployment.api<{ items: { openid: string; subscribed: boolean }[] }>('GET', followers);
  expect(body.items.find(({ openid }) => openid === victim)).toMatchObject({ subscribed: true });

  for (const line of unreadable().slice(before.unreadable)) {
    expect(line).toMatchObject({ component: deployment.component.appid, reason: expect.stringMatching(/^[a-z_]+$/) });
    expect(JSON.stringify(line)).not.toMatch(/forged|oVictim|hello/);
  }
  await expect.poll(() => handled('unreadable').length - before.journaled).toBe(texts.length + 2);
});

it.each([
  ['bad-msg-signature', 403],
  ['truncated', 400],
  ['huge', 413],
  ['doctype', 400],
  ['wrong-component', 400],
  ['plaintext', 400],
  ['wrong-key', 400],
])('refuses a push that is %s with %i, and stores nothing of it', async (fault, status) => {
  const secret = `never-in-a-log-${fault}`;
  const before = await pushesKept();
  const refusals = refused(status).length;
  const passedBefore = crossroads.passed.length;
  const kinds = [
    { url: 'events', fields: { InfoType: 'component_verify_ticket', ComponentVerifyTicket: secret } },
    { url: 'messages', appid: SERVICE_ACCOUNT, fields: { MsgType: 'text', Content: secret } },
  ];
  for (const kind of kinds) {
    const [delivery] = await push({ ...kind, fault });
    expect(delivery?.status).toBe(status);
    expect(delivery?.body).not.toContain(secret);
  }
  expect(await pushesKept()).toEqual(before);

  await until('both refusals are logged', () => refused(status).length >= refusals + 2);
  const stored = await redisContents(redis);
  for (const { body } of crossroads.passed.slice(passedBefore)) {
    const sealed = /<Encrypt><!\[CDATA\[([^\]]{20})/.exec(body.toString())?.[1];
    for (const part of sealed === undefined ? [secret] : [secret, sealed]) {
      expect([...stored].filter(([, bytes]) => bytes.includes(part)).map(([key]) => key)).toEqual([]);
      for (const child of [...deployment.gateways, ...deployment.workers]) expect(child.output).not.toContain(part);
    }
  }
  for (const child of [...deployment.gateways, ...deployment.workers]) expect(child.running).toBe(true);
  expect((await push(kinds[1]!)).every(accepted)).toBe(true);
});

it('reports in the status that pushes are refused, why, and which setting to change, until one is accepted', async () => {
  const content = { url: 'messages', appid: SERVICE_ACCOUNT, fields: { MsgType: 'text', Content: '你好' } };
  expect((await push(content)).every(accepted)).toBe(true);
  await until('no refusal is news', async () => (await status()).refusedPushes.length === 0);
  for (const fault of ['wrong-key', 'wrong-key', 'bad-msg-signature']) await push({ ...content, fault });
  const refused = await until('both reasons are counted', async () => {
    const { refusedPushes } = await status();
    return refusedPushes.reduce((sum, { count }) => sum + count, 0) === 3 && refusedPushes;
  });
  expect(refused).toMatchObject([
    { reason: 'decryption', count: 2, remedy: 'operator', message: expect.stringContaining('WX_ENCODING_AES_KEY') },
    { reason: 'signature', count: 1, remedy: 'operator', message: expect.stringContaining('WX_TOKEN') },
  ]);
  for (const { since, lastAt } of refused) expect(Date.parse(since)).toBeLessThanOrEqual(Date.parse(lastAt));
  expect((await push(content)).every(accepted)).toBe(true);
  await until('one was accepted', async () => (await status()).refusedPushes.length === 0);
});

it('refuses pushes for components that it does not run', async () => {
  const before = await pushesKept();
  const passedBefore = crossroads.passed.length;
  await push({ url: 'messages', appid: SERVICE_ACCOUNT, fields: { Content: '你好' }, fault: 'wrong-component' });
  const passed = crossroads.passed[passedBefore]!;
  const url = passed.url.replace(deployment.component.appid, 'wx0000000000000000');
  expect(await again({ ...passed, url }, 0)).toMatchObject({ status: 404 });
  expect(await again({ ...passed, url: url.replace(/\/messages\/[^?]+/, '/events') }, 1)).toMatchObject({
    status: 404,
  });
  expect(await pushesKept()).toEqual(before);
});

it('answers echostr to WeChat, and refuses it to any other sender', async () => {
  const [timestamp, nonce, echostr] = [String(now()), '42', '8291634812345'];
  const signature = createHash('sha1')
    .update([deployment.component.token, timestamp, nonce].sort().join(''))
    .digest('hex');
  for (const path of ['events', `messages/${SERVICE_ACCOUNT}`]) {
    const url = `${deployment.gatewayUrl()}/wechat/${deployment.component.appid}/${path}`;
    const good = await fetch(`${url}?${new URLSearchParams({ signature, timestamp, nonce, echostr })}`);
    expect([good.status, await good.text()]).toEqual([200, echostr]);
    const forged = await fetch(
      `${url}?${new URLSearchParams({ signature: 'f'.repeat(40), timestamp, nonce, echostr })}`,
    );
    expect(forged.status).toBe(403);
    expect(await forged.text()).not.toContain(echostr);
  }
});

it.each([
  [{ url: 'events', fields: { InfoType: 'notify_unknown_kind', Detail: { Deep: '1' } } }, 'notify_unknown_kind'],
  [{ url: 'messages', appid: SERVICE_ACCOUNT, fields: { Event: 'brand_new' } }, 'event:brand_new'],
  [{ url: 'messages', appid: SERVICE_ACCOUNT, fields: { MsgType: 'hologram' } }, 'hologram'],
])('answers success to a push of an unknown kind: %j', async (unknown, name) => {
  expect((await push(unknown)).every(accepted)).toBe(true);
  const outcomeExpected = unknown.url === 'events' ? 'noted' : 'journaled';
  await until('it is handled', () => handled(name).some(({ outcome }) => outcome === outcomeExpected));
});

function accepted(delivery: Delivery): boolean {
  return delivery.status === 200 && delivery.body === 'success';
}

/** The last delivery of each copy: on a busy machine WeChat may have to deliver one again. */
async function push(what: object): Promise<readonly Delivery[]> {
  const { deliveries } = await deployment.wechat.control<{ deliveries: Delivery[] }>('POST', '/push', what);
  return deliveries.filter(({ attempt }, i) => deliveries[i + 1]?.attempt !== attempt + 1);
}

/** Sends the same request again, unchanged, and once more if it could not be stored in time. */
function again({ url, body }: Passed, gateway: number): Promise<Pick<Delivery, 'status' | 'body'>> {
  return until('an answer', async () => {
    const response = await fetch(deployment.gatewayUrl(gateway) + url, { method: 'POST', body: new Uint8Array(body) });
    const text = await response.text();
    return response.status === 503 ? false : { status: response.status, body: text };
  });
}

/** The queue of pushes after all its jobs are done and the stream is empty; every push accepted before is handled by then. */
async function drained() {
  return until('all pushes are done', async () => {
    const counts = await queueCounts(redis, 'pushes');
    expect(counts.failed).toBe(0);
    const waiting = await redis.xlen('wx:{pushes}:stream');
    return counts.waiting + counts.active + counts.delayed + waiting === 0 && counts;
  });
}

/** What grows with each push that is accepted, and with nothing else: its jobs, the marks of those seen, and its time. */
async function pushesKept(): Promise<object> {
  const counts = await drained();
  const seen = await redis.keys('wx:{pushes}:seen:*');
  return {
    counts,
    seen: seen.length,
    accepted: await redis.get('{wx:pushes}:pushes:id'),
    at: (await status()).lastPushAt,
  };
}

interface Status {
  readonly lastPushAt: string;
  readonly ticket: unknown;
  readonly refusedPushes: readonly { readonly count: number; readonly since: string; readonly lastAt: string }[];
}

async function status(): Promise<Status> {
  const { body } = await deployment.api<{ components: Status[] }>('GET', '/v1/status');
  return body.components[0]!;
}

async function ticket(): Promise<unknown> {
  return (await status()).ticket;
}

function handled(push: string): Record<string, unknown>[] {
  const lines = deployment.workers.flatMap((worker) => worker.lines());
  return lines.filter((line) => line.msg === 'push' && line.push === push);
}

function unreadable(): Record<string, unknown>[] {
  return deployment.gateways.flatMap((gateway) => gateway.lines()).filter(({ msg }) => msg === 'push unreadable');
}

/** Sends exactly these bytes, where the simulator would write well-formed XML. */
function messageXml(
  msgType: string,
  inner: string,
  at = now(),
  from = 'oPerson0000000000000000000xx',
  to = 'gh_1',
): string {
  const names = `<ToUserName><![CDATA[${to}]]></ToUserName><FromUserName><![CDATA[${from}]]></FromUserName>`;
  return `<xml>${names}<CreateTime>${at}</CreateTime><MsgType><![CDATA[${msgType}]]></MsgType>${inner}</xml>`;
}

function noticeXml(infoType: string, inner: string): string {
  const head = `<AppId><![CDATA[${deployment.component.appid}]]></AppId><CreateTime>${now()}</CreateTime>`;
  return `<xml>${head}<InfoType><![CDATA[${infoType}]]></InfoType>${inner}</xml>`;
}

function refused(status: number): Record<string, unknown>[] {
  const lines = deployment.gateways.flatMap((gateway) => gateway.lines());
  return lines.filter((line) => line.msg === 'push refused' && line.status === status && line.reason !== undefined);
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
