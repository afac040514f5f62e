import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { expectAccepted, type PushAnswer } from './support/push-answers.ts';
import { type Received, Receiver } from './support/receiver.ts';
import { until } from './support/until.ts';

interface Subscription {
  readonly id: string;
  readonly secret: string;
  readonly backlog: { readonly pending: number };
  readonly state: string;
}

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of all routes, checked against the description.
  readonly body: any;
}

const MAX_SUBSCRIPTIONS = 200;

let deployment: Deployment;
let receiver: Receiver;
let handles: Record<string, string>;
beforeAll(async () => {
  receiver = await Receiver.open(() => 200);
  deployment = await Deployment.open({ gateways: 2, workers: 1 });
  await deployment.authorized(SERVICE_ACCOUNT);
  await deployment.authorized(MINI_PROGRAM);
  const { body } = await deployment.api<{ items: { appid: string; handle: string }[] }>('GET', '/v1/authorizers');
  handles = Object.fromEntries(body.items.map(({ appid, handle }) => [appid, handle]));
});
afterAll(async () => {
  await deployment?.close();
  await receiver?.close();
});

it('a push that is accepted right after the subscription was created is delivered, and verifies', async () => {
  const [first, second] = [await subscribe('first'), await subscribe('second')];
  await push(SERVICE_ACCOUNT, { Content: 'hello' });
  for (const [path, { secret }] of [['first', first] as const, ['second', second] as const]) {
    const message = await until(`${path} has it`, () => contentOf(path, 'hello'));
    const headers = signed(message);
    const verified = new Webhook(secret).verify(message.body, headers) as { type: string };
    expect(verified.type).toBe('message.text');
    expect(() => new Webhook(secret).verify(message.body.replace('hello', 'hallo'), headers)).toThrow();
    const other = path === 'first' ? second : first;
    expect(() => new Webhook(other.secret).verify(message.body, headers)).toThrow();
  }
  // What is accepted after a change or a deletion follows it, too, on every gateway.
  const changed = await ask('PATCH', `/v1/subscriptions/${first.id}`, { filter: { types: ['event.*'] } });
  expect(changed.status).toBe(200);
  await remove(second);
  await subscribe('third');
  await push(SERVICE_ACCOUNT, { Content: 'after the change' });
  await until('the third has it', () => contentOf('third', 'after the change'));
  await until('the first has no backlog', async () => (await find(first.id)).backlog.pending === 0);
  for (const path of ['first', 'second']) expect(contentOf(path, 'after the change')).toBeUndefined();
  expect((await ask('GET', `/v1/subscriptions/${second.id}`)).status).toBe(404);
  await removeAll();
});

it('of 100 mixed pushes each endpoint receives exactly its own', async () => {
  const openids = ['oFirst', 'oSecond', 'oThird'];
  // Notices, as that of an account's consent, may be journaled after the subscriptions were created.
  const fromWeChat = ['message.*', 'event.*'];
  const filters = {
    all: { types: fromWeChat },
    types: { types: ['event.*'] },
    account: { accounts: [MINI_PROGRAM], types: ['message.*'] },
    handle: { handles: [handles[SERVICE_ACCOUNT]!], types: fromWeChat },
    openid: { openids: ['oSecond'] },
    prefix: { where: { Content: { prefix: '订单' } } },
  };
  const made = Object.entries(filters).map(([path, filter]) => subscribe(path, { filter }));
  const subscriptions = await Promise.all(made);

  const pushes = Array.from({ length: 100 }, (_, i) => {
    const isEvent = i % 4 === 3;
    const text = `${i % 3 === 0 ? '订单' : '你好'} ${i}`;
    return {
      appid: i % 2 === 0 ? SERVICE_ACCOUNT : MINI_PROGRAM,
      openid: openids[i % openids.length]!,
      isEvent,
      text,
      fields: isEvent ? { MsgType: 'event', Event: 'CLICK', EventKey: text } : { MsgType: 'text', Content: text },
    };
  });
  type Sent = (typeof pushes)[number];
  const expected: Record<keyof typeof filters, (one: Sent) => boolean> = {
    all: () => true,
    types: ({ isEvent }) => isEvent,
    account: ({ appid, isEvent }) => appid === MINI_PROGRAM && !isEvent,
    handle: ({ appid }) => appid === SERVICE_ACCOUNT,
    openid: ({ openid }) => openid === 'oSecond',
    prefix: ({ isEvent, text }) => !isEvent && text.startsWith('订单'),
  };
  await Promise.all(pushes.map(({ appid, openid, fields }) => push(appid, { ...fields, FromUserName: openid })));

  const textsOf = (path: string) =>
    new Set(receivedBy(path).map(({ data }) => (data.fields.Content ?? data.fields.EventKey) as string));
  // All deliveries of a push are stored at once, so none is missing that is not in a backlog.
  await until('all of them have arrived', () => textsOf('all').size === pushes.length);
  for (const { id } of subscriptions) {
    await until('nothing is pending', async () => (await find(id)).backlog.pending === 0);
  }
  for (const [path, isExpected] of Object.entries(expected)) {
    expect([path, [...textsOf(path)].toSorted()]).toEqual([
      path,
      pushes
        .filter(isExpected)
        .map(({ text }) => text)
        .toSorted(),
    ]);
  }
  const { body: deliveries } = await ask('GET', `/v1/deliveries?subscription=${subscriptions[0]!.id}&limit=1000`);
  expect(deliveries.items).toHaveLength(pushes.length);
  for (const one of [...receivedBy('all').map(({ data }) => data), ...deliveries.items]) {
    expect(one.handle).toBe(handles[one.appid]);
    expect(one.seq).toMatch(/^\d{16}$/);
  }
  await removeAll();
});

it('after a rotation both secrets verify during the overlap, then only the new one', async () => {
  const { id, secret: first } = await subscribe('rotated');
  const rotate = async (overlapMs: number) => {
    const { status, body } = await ask('POST', `/v1/subscriptions/${id}/rotate-secret`, { overlapMs });
    expect(status).toBe(200);
    return body.secret as string;
  };
  const verifying = async (content: string, secrets: readonly string[]) => {
    await push(SERVICE_ACCOUNT, { Content: content });
    const message = await until(`${content} has arrived`, () => contentOf('rotated', content));
    expect(message.headers['webhook-signature']!.toString().split(' ')).toHaveLength(secrets.length > 1 ? 2 : 1);
    return secrets.map((secret) => {
      try {
        new Webhook(secret).verify(message.body, signed(message));
        return true;
      } catch {
        return false;
      }
    });
  };
  const second = await rotate(600_000);
  expect(await verifying('two', [first, second])).toEqual([true, true]);
  const third = await rotate(600_000);
  expect(await verifying('still two', [first, second, third])).toEqual([false, true, true]);
  const fourth = await rotate(0);
  expect(await verifying('one', [fourth])).toEqual([true]);
  await removeAll();
});

it('a key for one account has to do with no other, not even by handles', async () => {
  const { body: made } = await ask('POST', '/v1/keys', {
    ...{ name: 'shop', scopes: ['pushes:read', 'pushes:write'], accounts: [SERVICE_ACCOUNT] },
  });
  const key: string = made.key;
  const create = (filter: object) =>
    ask('POST', '/v1/subscriptions', { name: 'n', url: `${receiver.url}/shop`, filter }, key);
  for (const filter of [{}, { handles: [handles[SERVICE_ACCOUNT]] }, { accounts: [SERVICE_ACCOUNT, MINI_PROGRAM] }]) {
    expect(await create(filter)).toMatchObject({ status: 403, body: { code: 'forbidden' } });
  }
  const { status, body: own } = await create({ accounts: [SERVICE_ACCOUNT] });
  expect(status).toBe(201);
  const other = await subscribe('other', { filter: { accounts: [MINI_PROGRAM] } });
  const { body: listed } = await ask('GET', '/v1/subscriptions', undefined, key);
  expect(listed.items.map(({ id }: Subscription) => id)).toEqual([own.id]);

  await push(MINI_PROGRAM, { Content: 'of the other account' });
  const delivered = await until('it is delivered', () => contentOf('other', 'of the other account'));
  const pushId = delivered.headers['webhook-id'] as string;
  for (const [method, path, body] of [
    ['GET', `/v1/subscriptions/${other.id}`],
    ['PATCH', `/v1/subscriptions/${other.id}`, { name: 'x' }],
    ['PATCH', `/v1/subscriptions/${own.id}`, { filter: { accounts: [MINI_PROGRAM] } }],
    ['DELETE', `/v1/subscriptions/${other.id}`],
    ['POST', `/v1/subscriptions/${other.id}/rotate-secret`],
    ['POST', `/v1/subscriptions/${other.id}/pause`],
    ['POST', `/v1/subscriptions/${other.id}/resume`],
    ['POST', `/v1/subscriptions/${other.id}/test`, { push: pushId }],
    ['POST', `/v1/subscriptions/${own.id}/test`, { push: pushId }],
    ['POST', `/v1/subscriptions/${other.id}/replays`, { since: new Date(0).toISOString() }],
    ['GET', `/v1/subscriptions/${other.id}/deliveries/${pushId}`],
    ['POST', `/v1/subscriptions/${other.id}/deliveries/${pushId}/retry`],
    ['GET', `/v1/deliveries?subscription=${other.id}`],
    ['GET', `/v1/deliveries?appid=${MINI_PROGRAM}`],
    ['GET', `/v1/pushes?appid=${MINI_PROGRAM}`],
    ['GET', `/v1/pushes/${pushId}`],
    ['POST', `/v1/pushes/${pushId}/replay`, { subscriptions: [own.id] }],
    ['POST', `/v1/pushes/${pushId}/reply`, { type: 'text', content: 'hi' }],
  ] as const) {
    const answer = await ask(method, path, body, key);
    expect([method, path, answer.status, answer.body.code]).toEqual([method, path, 403, 'forbidden']);
  }
  // Whether a handle exists is not revealed.
  for (const list of ['pushes', 'deliveries', 'subscriptions']) {
    const { body } = await ask('GET', `/v1/${list}?handle=${handles[MINI_PROGRAM]}`, undefined, key);
    expect([list, body.items]).toEqual([list, []]);
  }
  const { body: pushes } = await ask('GET', '/v1/pushes', undefined, key);
  expect(pushes.items.length).toBeGreaterThan(0);
  expect(pushes.items.filter(({ appid }: { appid: string }) => appid !== SERVICE_ACCOUNT)).toEqual([]);

  await push(SERVICE_ACCOUNT, { Content: 'of its own account' });
  await until('its own is delivered', () => contentOf('shop', 'of its own account'));
  expect(contentOf('shop', 'of the other account')).toBeUndefined();
  await removeAll();
});

it('the 201st subscription is refused', async () => {
  // One after the other for each gateway: together they would keep a busy process from reading Redis' answers in time.
  const made = new Set<string>();
  while (made.size < MAX_SUBSCRIPTIONS) {
    const pair = await Promise.all([0, 1].map((i) => subscribe(`many-${made.size + i}`, { filter: { types: ['x'] } })));
    for (const { id } of pair) made.add(id);
  }
  const refused = await ask('POST', '/v1/subscriptions', { name: 'n', url: receiver.url });
  expect(refused).toMatchObject({ status: 409, body: { code: 'too_many_subscriptions', remedy: 'fix-request' } });
  const counts = async () => (await ask('GET', '/v1/status')).body.subscriptions;
  await expect.poll(counts).toEqual({ active: MAX_SUBSCRIPTIONS, failing: 0, paused: 0 });
});

async function subscribe(path: string, input: object = {}): Promise<Subscription> {
  const answer = await ask('POST', '/v1/subscriptions', { name: path, url: `${receiver.url}/${path}`, ...input });
  expect(answer).toMatchObject({ status: 201, body: { state: 'active' } });
  return answer.body;
}

async function find(id: string): Promise<Subscription> {
  return (await ask('GET', `/v1/subscriptions/${id}`)).body;
}

async function remove({ id }: Pick<Subscription, 'id'>): Promise<void> {
  expect((await ask('DELETE', `/v1/subscriptions/${id}`)).status).toBe(204);
}

async function removeAll(): Promise<void> {
  for (const one of (await ask('GET', '/v1/subscriptions')).body.items) await remove(one);
}

async function push(appid: string, fields: object): Promise<void> {
  const what = { url: 'messages', appid, fields: { MsgType: 'text', ...fields } };
  const { deliveries } = await deployment.wechat.control<{ deliveries: PushAnswer[] }>('POST', '/push', what);
  expectAccepted(deliveries);
}

/** A delivery of a text with this content. */
function contentOf(path: string, content: string): Received | undefined {
  return receiver.received.find((one) => one.url === `/hook/${path}` && read(one).data.fields?.Content === content);
}

function receivedBy(path: string): ReturnType<typeof read>[] {
  return receiver.received.filter((one) => one.url === `/hook/${path}`).map(read);
}

function read({ body }: Received) {
  return JSON.parse(body) as {
    readonly type: string;
    readonly data: { appid: string; handle: string; seq: string; fields: Record<string, unknown> };
  };
}

function signed({ headers }: Received): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}

/** The requests go to both gateways in rotation. With another key than the deployment's own, if one is given. */
let asked = 0;
async function ask(method: string, path: string, body?: unknown, key?: string): Promise<Answer> {
  const gateway = asked++ % deployment.gateways.length;
  // Compared with the description, which has no body for a deletion.
  if (key === undefined && method !== 'DELETE') return deployment.api(method, path, body, gateway);
  const response = await fetch(deployment.gatewayUrl(gateway) + path, {
    method,
    headers: {
      authorization: `Bearer ${key ?? deployment.apiKey}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: text === '' ? null : JSON.parse(text) };
}
