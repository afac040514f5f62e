import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { Endpoint, replying } from './support/endpoint.ts';
import { SEND_MESSAGE } from './support/tally.ts';
import { until } from './support/until.ts';

/** How a user is answered: by two gateways, one worker and one receiver. */
let deployment: Deployment;
let endpoint: Endpoint;
let subscription: string;
beforeAll(async () => {
  endpoint = await Endpoint.open();
  deployment = await Deployment.open({
    gateways: 2,
    pushToAll: true,
    // WeChat sends messages only to users that it knows.
    accounts: [
      { appid: SERVICE_ACCOUNT, kind: 'official-account', nickName: '演示服务号', followers: 3 },
      { appid: MINI_PROGRAM, kind: 'mini-program', nickName: '演示小程序', followers: 3 },
    ],
  });
  await deployment.authorized(SERVICE_ACCOUNT);
  await deployment.authorized(MINI_PROGRAM);
  const created = await deployment.api<{ id: string }>('POST', '/v1/subscriptions', {
    name: 'bot',
    url: endpoint.url,
    filter: { types: ['message.*', 'event.*'] },
    reply: { waitMs: 3_000, fallback: { type: 'text', content: 'one moment' } },
  });
  expect(created.status).toBe(201);
  subscription = created.body.id;
  // Each gateway has its own copy of the subscriptions, and learns the kinds of accounts with their first push.
  let n = 0;
  endpoint.answer = () => replying({ type: 'text', content: 'ready' });
  for (const appid of [SERVICE_ACCOUNT, MINI_PROGRAM]) {
    await until(`${appid} is answered by both gateways`, async () => {
      const before = endpoint.received.length;
      for (let i = 0; i < 2; i++) await says(`warm-up ${n++}`, { appid });
      return endpoint.received.slice(before).filter(({ headers }) => headers['wx-reply-before']).length === 2;
    });
  }
}, 180_000);
beforeEach(() => {
  endpoint.answer = () => ({ status: 204 });
});
afterAll(async () => {
  await deployment?.close();
  await endpoint?.close();
});

interface Delivered {
  readonly status: number;
  readonly body: string;
  readonly reply: Record<string, unknown> | null;
  readonly complaint: string | null;
}

/** What WeChat receives for a user's text, delivery by delivery. */
async function says(text: string, { appid = SERVICE_ACCOUNT, ...more }: Record<string, unknown> = {}) {
  const fields = { MsgType: 'text', Content: text };
  const pushed = await deployment.wechat.control<{ deliveries: Delivered[] }>('POST', '/push', {
    ...{ url: 'messages', appid, fields },
    ...more,
  });
  return pushed.deliveries;
}

interface DeliveryBody {
  readonly state: string;
  readonly attemptCount: number;
  readonly reply: { state: string; reason: string | null; callId: string | null } | null;
}

async function delivery(push: string): Promise<DeliveryBody> {
  const path = `/v1/subscriptions/${subscription}/deliveries/${push}`;
  let found: DeliveryBody | undefined;
  await until(`the delivery of ${push} is settled`, async () => {
    const { status, body } = await deployment.api<DeliveryBody>('GET', path);
    if (status !== 200 || body.state === 'pending') return false;
    found = body;
    return true;
  });
  return found!;
}

async function replyOf(push: string): Promise<DeliveryBody['reply']> {
  await until(`the reply to ${push} is known`, async () => (await delivery(push)).reply !== null);
  return (await delivery(push)).reply;
}

const sentTo = async (content: string) => (await deployment.wechat.messageCounts()).get(content) ?? 0;

test.each([
  ['a text', { type: 'text', content: 'hello ]]> 你好' }, { MsgType: 'text', Content: 'hello ]]> 你好' }],
  ['an image', { type: 'image', mediaId: 'media-1' }, { MsgType: 'image', Image: { MediaId: 'media-1' } }],
  [
    'news',
    { type: 'news', articles: [{ title: 't', description: 'd', picUrl: 'https://p.test/1', url: 'https://u.test' }] },
    { MsgType: 'news', ArticleCount: '1' },
  ],
])('the user gets %s at once', async (name, reply, expected) => {
  endpoint.answer = () => replying(reply);
  const [answered, ...more] = await says(`at once ${name}`);
  expect(answered).toMatchObject({ status: 200, complaint: null, reply: expected });
  expect(more).toEqual([]);
  expect(await replyOf(endpoint.of(`at once ${name}`)[0]!.id)).toMatchObject({ state: 'passive' });
});

test('a mini program gets only a transfer at once; any other reply is sent as a message', async () => {
  endpoint.answer = () => replying({ type: 'transfer' });
  const [transferred] = await says('transfer', { appid: MINI_PROGRAM });
  expect(transferred).toMatchObject({ complaint: null, reply: { MsgType: 'transfer_customer_service' } });
  endpoint.answer = () => replying({ type: 'text', content: 'to the mini program' });
  const [answered] = await says('a text', { appid: MINI_PROGRAM });
  expect(answered).toMatchObject({ complaint: null, body: 'success' });
  await until('the message arrives', async () => (await sentTo('to the mini program')) === 1);
});

test('a reply that comes too late is sent as one message, and its delivery names the call', async () => {
  let reply: () => void = () => {};
  const later = new Promise<void>((resolve) => {
    reply = resolve;
  });
  endpoint.answer = async () => {
    await later;
    return replying({ type: 'text', content: 'better late' });
  };
  const [answered] = await says('too late');
  expect(answered).toMatchObject({ complaint: null, reply: { Content: 'one moment' } });
  reply();
  await until('the message arrives', async () => (await sentTo('better late')) === 1);
  const settled = await replyOf(endpoint.of('too late')[0]!.id);
  expect(settled).toMatchObject({ state: 'customer_message', reason: null });
  const call = await deployment.api<{ state: string }>('GET', `/v1/calls/${settled!.callId}`);
  expect(call.body.state).toBe('completed');
  expect(await sentTo('better late')).toBe(1);
});

test('an answer that is lost on the wire is given again, by another gateway, without a second request', async () => {
  endpoint.answer = () => replying({ type: 'text', content: 'kept' });
  const delivered = await says('lost', { fault: 'answer-lost' });
  expect(delivered.map(({ reply }) => reply?.Content)).toEqual(['kept', 'kept']);
  expect(delivered.at(-1)!.complaint).toBeNull();
  expect(endpoint.of('lost')).toHaveLength(1);
});

test.each([
  ['HTML', () => ({ headers: { 'content-type': 'text/html' }, body: '<html><p>It works!</p></html>' }), 'invalid'],
  ['a redirect', () => ({ status: 302, headers: { location: '/elsewhere' } }), null],
  ['a huge answer', () => ({ body: 'x'.repeat(5_000_000) }), 'invalid'],
  ['an error', () => ({ status: 500, body: 'broken' }), null],
] as const)('%s gives the user the fallback', async (name, answer, state) => {
  endpoint.answer = answer;
  const [answered] = await says(name);
  expect(answered).toMatchObject({ complaint: null, reply: { Content: 'one moment' } });
  endpoint.answer = () => ({ status: 204 });
  if (state) expect(await replyOf(endpoint.of(name)[0]!.id)).toMatchObject({ state });
  else await until('it is sent again', () => endpoint.of(name).length === 2);
});

test('after a 202 the reply comes by a request: passive at another gateway, late afterwards, in order, and never twice', async () => {
  endpoint.answer = async ({ id }) => {
    void deployment.api('POST', `/v1/pushes/${id}/reply`, { type: 'text', content: 'by request' }, 1).then((sent) => {
      replies.push(sent);
    });
    return { status: 202 };
  };
  const replies: { status: number; body: Record<string, unknown> }[] = [];
  const [answered] = await says('accepted');
  expect(answered).toMatchObject({ complaint: null, reply: { Content: 'by request' } });
  const { id } = endpoint.of('accepted')[0]!;
  await until('the request is answered', () => replies.length === 1);
  expect(replies).toMatchObject([{ status: 200, body: { sent: 'passive' } }]);
  const again = await deployment.api('POST', `/v1/pushes/${id}/reply`, { type: 'text', content: 'twice' });
  expect(again).toMatchObject({ status: 409, body: { code: 'reply_not_possible', reason: 'already_replied' } });
  expect(await replyOf(id)).toMatchObject({ state: 'passive' });

  endpoint.answer = () => ({ status: 202 });
  const [accepted, next] = await Promise.all([says('accepted, late'), says('accepted next')]);
  expect([accepted[0], next[0]]).toMatchObject(Array(2).fill({ reply: { Content: 'one moment' } }));
  const late = endpoint.of('accepted, late')[0]!.id;
  // WeChat takes its time for the first one, which the second must not pass.
  await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: 500, count: 1 });
  for (const [push, content] of [
    [late, 'late by request'],
    [endpoint.of('accepted next')[0]!.id, 'next by request'],
  ]) {
    const sent = await deployment.api('POST', `/v1/pushes/${push}/reply`, { type: 'text', content });
    expect(sent).toMatchObject({ status: 200, body: { sent: 'customer_message', callId: expect.any(String) } });
  }
  await until(
    'both messages arrive',
    async () => (await sentTo('next by request')) + (await sentTo('late by request')) === 2,
  );
  const contents = (await deployment.wechat.messages()).map(({ content }) => (content as { content: string }).content);
  expect(contents.slice(-2)).toEqual(['late by request', 'next by request']);
  const second = await deployment.api('POST', `/v1/pushes/${late}/reply`, { type: 'text', content: 'twice' });
  expect(second).toMatchObject({ status: 409, body: { reason: 'already_replied' } });
  const unknown = await deployment.api('POST', `/v1/pushes/${late.replace(/.$/, 'x')}/reply`, {
    ...{ type: 'text', content: 'x' },
  });
  expect(unknown).toMatchObject({ status: 404, body: { code: 'unknown_push' } });
});

/** The first delivery of a push goes to the first gateway, a redelivery to the second. */
test('a gateway that freezes while it asks is replaced, and its late answer changes nothing', async () => {
  const [frozen] = deployment.gateways;
  let resumed: () => void = () => {};
  const later = new Promise<void>((resolve) => {
    resumed = resolve;
  });
  endpoint.answer = async ({ text }) => {
    if (text !== 'frozen' || endpoint.of('frozen').length > 1) return replying({ type: 'text', content: 'replaced' });
    frozen!.freeze();
    await later;
    return replying({ type: 'text', content: 'from the frozen one' });
  };
  const delivered = await says('frozen');
  expect(delivered.map(({ reply }) => reply?.Content ?? null)).toEqual([null, 'replaced']);
  resumed();
  frozen!.thaw();
  await until('the first gateway answers', async () => (await says('thawed'))[0]?.reply?.Content === 'replaced');
  expect(await replyOf(endpoint.of('frozen')[0]!.id)).toMatchObject({ state: 'passive' });
  expect(await sentTo('from the frozen one')).toBe(0);
});

test('a gateway that is killed while it asks is replaced', async () => {
  endpoint.answer = async ({ text }) => {
    if (text !== 'killed' || endpoint.of('killed').length > 1) return replying({ type: 'text', content: 'replaced' });
    await deployment.gateways[0]!.kill();
    return 'handled';
  };
  const delivered = await says('killed');
  expect(delivered.map(({ reply }) => reply?.Content ?? null)).toEqual([null, 'replaced']);
});
