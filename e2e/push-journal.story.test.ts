import { afterAll, beforeAll, expect, it } from 'vitest';
import { newDatabase } from '../packages/platform/test/mariadb-for-all.ts';
import { type MariaDbServer, startMariaDb } from '../packages/platform/test/mariadb-server.ts';
import { Crossroads, type Passed } from './support/crossroads.ts';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { expectAccepted, type PushAnswer } from './support/push-answers.ts';
import { until } from './support/until.ts';

interface Push {
  readonly id: string;
  readonly type: string;
  readonly appid: string | null;
  readonly note: string | null;
  readonly data?: { readonly fields: Record<string, unknown> | null; readonly xml?: string };
}

const QUERY_AUTH = 'POST /cgi-bin/component/api_query_auth';

let server: MariaDbServer;
let crossroads: Crossroads;
let deployment: Deployment;
/** The push about the account's consent. */
let authorization: Passed;
beforeAll(async () => {
  server = await startMariaDb();
  crossroads = await Crossroads.open();
  deployment = await Deployment.open({
    gateways: 2,
    workers: 2,
    pushTo: crossroads.url,
    env: { DATABASE_URL: await newDatabase(server) },
  });
  crossroads.leadTo(deployment.gatewayUrl(0), deployment.gatewayUrl(1));
  await deployment.ready();
  await deployment.wechat.control('POST', '/ticket-service', { on: false });
  const passedBefore = crossroads.passed.length;
  await deployment.authorized();
  authorization = crossroads.passed[passedBefore]!;
});
afterAll(async () => {
  await deployment?.close();
  await crossroads?.close();
  await server?.stop();
});

it('journals each of two events of one user and second once, and a message once that ten redeliveries bring', async () => {
  const at = now();
  for (const event of ['TEMPLATESENDJOBFINISH', 'wxa_media_check']) {
    for (const part of ['1', '2']) await push(messageXml('event', `<Event>${event}</Event><MsgID>${part}</MsgID>`, at));
  }
  const copies = { fields: { MsgType: 'text', Content: 'ten times' }, copies: 10, concurrent: true };
  await send({ url: 'messages', appid: SERVICE_ACCOUNT, ...copies });
  await until('all are journaled', async () => (await listed('type=message.text')).length > 0 && (await isEmpty()));
  expect(await listed('type=event.templatesendjobfinish')).toHaveLength(2);
  expect(await listed('type=event.wxa_media_check')).toHaveLength(2);
  expect(await listed('type=message.text')).toHaveLength(1);
});

it('a redelivered authorization is exchanged once, and makes one notice', async () => {
  const exchanges = () => deployment.wechat.asked(QUERY_AUTH);
  const notices = () => listed('type=authorizer.*');
  // On a busy machine the account may have consented more than once until it was active.
  const made = await until('each consent has been noticed', async () => {
    const found = await notices();
    return found.length > 0 && found.length === (await exchanges()) && (await isEmpty()) && found.length;
  });
  await Promise.all(Array.from({ length: 10 }, (_, n) => again(authorization, n % 2)));
  await until('the redeliveries are journaled', () => isEmpty());
  const found = await notices();
  expect(found).toHaveLength(made);
  expect(await exchanges()).toBe(made);
  // The newest is first.
  const body = await read(found.at(-1)!.id);
  expect(body).toMatchObject({
    type: 'authorizer.authorized',
    appid: SERVICE_ACCOUNT,
    data: { state: 'active', scopes: expect.any(Array), linkId: null },
  });
  expect(JSON.stringify(body)).not.toMatch(/queryauthcode|preauthcode/i);
});

it('an unreadable push is answered success, causes no action, and is journaled with its bytes', async () => {
  const [out, back] = [']]></Content>', '<Content><![CDATA['];
  const text = (words: string) =>
    messageXml('text', `<Content><![CDATA[${words}]]></Content><MsgId>${unique()}</MsgId>`);
  const unreadable = [
    text(`${out}<MsgType>event</MsgType>${back}`),
    text(`${out}</xml>`),
    `<xml><CreateTime>${now()}</CreateTime></xml>`,
    text(
      `${out}<InfoType>unauthorized</InfoType><AuthorizerAppid>${SERVICE_ACCOUNT}</AuthorizerAppid><AppId>${deployment.component.appid}</AppId>${back}`,
    ),
    text(`${out}<Event>unsubscribe</Event>${back}`),
  ];
  for (const xml of unreadable) await push(xml);
  await send({ url: 'events', xml: messageXml('event', '<Event>unsubscribe</Event>') });
  const actions = '<Actions><ActionType>1</ActionType></Actions>'.repeat(2);
  await push(messageXml('event', `<Event>add_express_path</Event>${actions}`));

  const found = await until('they are journaled', async () => {
    const all = await listed('type=unreadable');
    return all.length === unreadable.length + 1 && (await listed('type=event.add_express_path')).length > 0 && all;
  });
  expect(new Set(found.map(({ note }) => note))).toEqual(new Set(['unreadable']));
  const contents = await Promise.all(found.map(async ({ id }) => (await read(id)).data));
  expect(contents.map((data) => data?.xml)).toEqual(expect.arrayContaining(unreadable));
  expect(new Set(contents.map((data) => data?.fields))).toEqual(new Set([null]));
  const [express] = await listed('type=event.add_express_path');
  expect((await read(express!.id)).data?.fields?.Actions).toEqual([{ ActionType: '1' }, { ActionType: '1' }]);
  expect((await deployment.api<{ state: string }>('GET', `/v1/authorizers/${SERVICE_ACCOUNT}`)).body.state).toBe(
    'active',
  );
});

it('500 pushes are all journaled, while workers are killed five times', async () => {
  const before = (await listed('type=message.text')).length;
  const sending = Promise.all(
    Array.from({ length: 10 }, async () => {
      for (let n = 0; n < 50; n++) await text('killed');
    }),
  );
  for (let n = 0; n < 5; n++) {
    await deployment.workers.find(({ running }) => running)!.kill();
    const next = deployment.startWorker();
    await next.says('worker ready');
  }
  await sending;
  await until('every push is journaled', async () => {
    return (await isEmpty()) && (await listed('type=message.text')).length === before + 500;
  });
});

it('pushes are accepted while the database is down, and journaled when it is back', async () => {
  const before = (await listed('type=message.text')).length;
  await server.kill();
  for (let n = 0; n < 100; n++) await text('no database');
  expect(await waiting()).toBeGreaterThanOrEqual(100);
  await server.restart();
  await until('every push is journaled', async () => {
    const found = await listed('type=message.text').catch(() => []);
    return found.length === before + 100 && (await isEmpty());
  });
});

it('a push that comes again when Redis has lost everything is journaled once, and one about last year is journaled', async () => {
  const count = async () => (await listed('type=message.text')).length;
  const before = await count();
  const passedBefore = crossroads.passed.length;
  await push(messageXml('text', `<Content>old</Content><MsgId>${unique()}</MsgId>`, now() - 365 * 86_400));
  const [passed] = crossroads.passed.slice(passedBefore);
  await until('it is journaled', async () => (await count()) === before + 1);
  await deployment.redis.flush();
  for (const gateway of [1, 0]) {
    const answered = await until('it is accepted', async () => {
      const { status, body } = await again(passed!, gateway);
      return status === 200 && body;
    });
    expect(answered).toBe('success');
  }
  await text('after it');
  await until('the next one is journaled', async () => (await isEmpty()) && (await count()) > before + 1);
  expect(await count()).toBe(before + 2);
});

/** The pushes of the query, newest first. */
async function listed(query: string): Promise<Push[]> {
  const found: Push[] = [];
  for (let cursor = ''; ; ) {
    const path = `/v1/pushes?${query}&limit=200${cursor && `&cursor=${cursor}`}`;
    const { status, body } = await deployment.api<{ items: Push[]; next: string | null }>('GET', path);
    if (status !== 200) throw new Error(`${path} was answered ${status}`);
    found.push(...body.items);
    if (body.next === null) return found;
    cursor = body.next;
  }
}

async function read(id: string): Promise<Push> {
  return (await deployment.api<Push>('GET', `/v1/pushes/${id}`)).body;
}

async function waiting(): Promise<number> {
  const redis = deployment.redis.client();
  try {
    return await redis.xlen('wx:{pushes}:stream');
  } finally {
    redis.disconnect();
  }
}

async function isEmpty(): Promise<boolean> {
  return (await waiting()) === 0;
}

async function send(what: object): Promise<void> {
  const { deliveries } = await deployment.wechat.control<{ deliveries: PushAnswer[] }>('POST', '/push', what);
  expectAccepted(deliveries);
}

function push(xml: string): Promise<void> {
  return send({ url: 'messages', appid: SERVICE_ACCOUNT, xml });
}

function text(content: string): Promise<void> {
  return send({ url: 'messages', appid: SERVICE_ACCOUNT, fields: { MsgType: 'text', Content: content } });
}

/** Sends the same request again, unchanged. */
async function again({ url, body }: Passed, gateway: number): Promise<{ status: number; body: string }> {
  const response = await fetch(deployment.gatewayUrl(gateway) + url, { method: 'POST', body: new Uint8Array(body) });
  return { status: response.status, body: await response.text() };
}

let made = 0;
function unique(): string {
  made += 1;
  return String(24345678901230000n + BigInt(made));
}

function messageXml(msgType: string, inner: string, at = now()): string {
  const names =
    '<ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName><![CDATA[oPerson0000000000000000000xx]]></FromUserName>';
  return `<xml>${names}<CreateTime>${at}</CreateTime><MsgType><![CDATA[${msgType}]]></MsgType>${inner}</xml>`;
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
