import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { Deployment, MINI_PROGRAM, SERVICE_ACCOUNT } from './support/deployment.ts';
import { Endpoint, replying } from './support/endpoint.ts';
import { SEND_MESSAGE } from './support/tally.ts';
import { until } from './support/until.ts';

/** How long a gateway waits for the receiver. */
const WAIT_MS = 3_000;
/** Then it answers WeChat in any case. */
const ANSWER_TIMEOUT_MS = 4_500;

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
    reply: { waitMs: WAIT_MS, fallback: { type: 'text', content: 'one moment' } },
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
});
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
  /** How long WeChat waited for the answer. */
  readonly ms: number;
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

/** The last answer: a push that a busy machine does not answer in five seconds is delivered again. */
async function answerTo(...user: Parameters<typeof says>): Promise<Delivered> {
  return (await says(...user)).at(-1)!;
}

/** What WeChat receives while no delivery takes so long that the gateway stops waiting for the receiver; a busy machine may need several pushes. */
function saysInTime(text: string, more?: Record<string, unknown>): Promise<{ text: string; delivered: Delivered[] }> {
  let tries = 0;
  return until(`${text} is answered in time`, async () => {
    const one = tries++ === 0 ? text : `${text} (${tries})`;
    const delivered = await says(one, more);
    return delivered.every(({ ms }) => ms < WAIT_MS) && { text: one, delivered };
  });
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
  const { text, delivered } = await saysInTime(`at once ${name}`);
  expect(delivered).toMatchObject([{ status: 200, complaint: null, reply: expected }]);
  expect(await replyOf(endpoint.of(text)[0]!.id)).toMatchObject({ state: 'passive' });
});

test('a mini program gets only a transfer at once; any other reply is sent as a message', async () => {
  endpoint.answer = () => replying({ type: 'transfer' });
  const { delivered } = await saysInTime('transfer', { appid: MINI_PROGRAM });
  expect(delivered).toMatchObject([{ complaint: null, reply: { MsgType: 'transfer_customer_service' } }]);
  endpoint.answer = () => replying({ type: 'text', content: 'to the mini program' });
  const answered = await answerTo('a text', { appid: MINI_PROGRAM });
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
  const answered = await answerTo('too late');
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
  const { text, delivered } = await saysInTime('lost', { fault: 'answer-lost' });
  expect(delivered.map(({ reply }) => reply?.Content)).toEqual(['kept', 'kept']);
  expect(delivered.at(-1)!.complaint).toBeNull();
  expect(endpoint.of(text)).toHaveLength(1);
});

const refused: string[] = [];
test.each([
  ['HTML', () => ({ headers: { 'content-type': 'text/html' }, body: '<html><p>It works!</p></html>' }), 'invalid'],
  ['a redirect', () => ({ status: 302, headers: { location: '/elsewhere' } }), null],
  ['a huge answer', () => ({ body: 'x'.repeat(5_000_000) }), 'invalid'],
  ['an error', () => ({ status: 500, body: 'broken' }), null],
] as const)('%s gives the user the fallback', async (name, answer, state) => {
  endpoint.answer = answer;
  const answered = await answerTo(name);
  expect(answered).toMatchObject({ complaint: null, reply: { Content: 'one moment' } });
  if (state) expect(await replyOf(endpoint.of(name)[0]!.id)).toMatchObject({ state });
  else refused.push(name);
});

test('what the receiver has refused is sent again', async () => {
  expect(refused).not.toEqual([]);
  for (const name of refused) await until('it is sent again', () => endpoint.of(name).length >= 2);
});

test('after a 202 the reply comes by a request: passive at another gateway, late afterwards, in order, and never twice', async () => {
  const replies = new Map<string, { status: number; body: Record<string, unknown> }>();
  endpoint.answer = async ({ id }) => {
    void deployment.api('POST', `/v1/pushes/${id}/reply`, { type: 'text', content: 'by request' }, 1).then((sent) => {
      replies.set(id, sent);
    });
    return { status: 202 };
  };
  const { text, delivered } = await saysInTime('accepted');
  expect(delivered).toMatchObject([{ complaint: null, reply: { Content: 'by request' } }]);
  const { id } = endpoint.of(text)[0]!;
  const replied = await until('the request is answered', () => replies.get(id));
  expect(replied).toMatchObject({ status: 200, body: { sent: 'passive' } });
  const again = await deployment.api('POST', `/v1/pushes/${id}/reply`, { type: 'text', content: 'twice' });
  expect(again).toMatchObject({ status: 409, body: { code: 'reply_not_possible', reason: 'already_replied' } });
  expect(await replyOf(id)).toMatchObject({ state: 'passive' });

  endpoint.answer = () => ({ status: 202 });
  expect(await Promise.all([answerTo('accepted, late'), answerTo('accepted next')])).toMatchObject(
    Array(2).fill({ reply: { Content: 'one moment' } }),
  );
  const late = endpoint.of('accepted, late')[0]!.id;
  // WeChat takes its time for the first one, which the second must not pass.
  await deployment.wechat.control('POST', '/delay', { path: SEND_MESSAGE, ms: 500, count: 1 });
  for (const [push, content] of [
    [late, 'late by request'],
    [endpoint.of('accepted next')[0]!.id, 'next by request'],
  ]) {
    await until('it is journaled', async () => (await deployment.api('GET', `/v1/pushes/${push}`)).status === 200);
    const sent = await deployment.api('POST', `/v1/pushes/${push}/reply`, { type: 'text', content });
    expect(sent).toMatchObject({ status: 200, body: { sent: 'customer_message', callId: expect.any(String) } });
  }
  await until(
    'both messages arrive',
    async () => (await sentTo('next by request')) + (await sentTo('late by request')) === 2,
  );
  const contents = (await deployment.wechat.messages()).map(({ content }) => (content as { content: string }).content);
  const requested = contents.filter((content) => content.endsWith('by request') && content !== 'by request');
  expect(requested).toEqual(['late by request', 'next by request']);
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
    await deployment.freeze(frozen!);
    await later;
    return replying({ type: 'text', content: 'from the frozen one' });
  };
  isReplaced(await says('frozen'));
  resumed();
  frozen!.thaw();
  await until('the first gateway answers', async () => (await says('thawed'))[0]?.reply?.Content === 'replaced');
  expect(await replyOf(endpoint.of('frozen')[0]!.id)).toMatchObject({
    state: expect.stringMatching(/^(passive|customer_message)$/),
  });
  expect(await sentTo('from the frozen one')).toBe(0);
});

test('a gateway that is killed while it asks is replaced', async () => {
  endpoint.answer = async ({ text }) => {
    if (text !== 'killed' || endpoint.of('killed').length > 1) return replying({ type: 'text', content: 'replaced' });
    await deployment.gateways[0]!.kill();
    return 'handled';
  };
  isReplaced(await says('killed'));
});

/**
 * The first gateway did not answer, the other one gave the reply. Only if WeChat had to wait for that one until its time was over,
 * as on a busy machine, it may be the fallback, or nothing.
 */
function isReplaced([first, ...others]: readonly Delivered[]): void {
  expect(first).toMatchObject({ status: 0, reply: null });
  if (others.every(({ ms }) => ms < ANSWER_TIMEOUT_MS))
    expect(others).toMatchObject([{ reply: { Content: 'replaced' } }]);
}
