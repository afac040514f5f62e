import { randomBytes } from 'node:crypto';
import { readPush, readXml } from '@wxthirdparty/wechat';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Receiver, startReceiver } from '../../test/deliveries.ts';
import { pushDataOf } from '../journal/push-data.ts';
import { type DocumentedPushType, pushTypes } from '../journal/push-types.ts';
import { newSecrets } from '../subscription/secrets.ts';
import type { Subscription } from '../subscription/subscription.ts';
import { OutboundSender } from '../webhook/outbound-sender.ts';
import { VirtualCodes } from './format/virtual-code.ts';
import { inventedAccount, inventedPush } from './invented-push.ts';
import { sendTest, type TestContent } from './test-delivery.ts';

const component = 'wxcomponent';
const at = new Date('2026-11-28T14:03:19.600Z');
const never = new AbortController().signal;
const documented = Object.keys(pushTypes) as DocumentedPushType[];
const invented = (type: DocumentedPushType) => inventedPush(type, inventedAccount(component), at);

describe('an invented push', () => {
  it.each(documented.filter((type) => /^(message|event)\./.test(type)))('is read as what it says: %s', (type) => {
    const { payload } = invented(type);
    const push = readPush(payload.toString(), 'messages');
    expect(push).toMatchObject({ type: 'message', msgType: type.startsWith('event.') ? 'event' : type.slice(8) });
    const fields = readXml(payload);
    expect(Object.keys(fields)).toEqual(
      expect.arrayContaining(['ToUserName', 'FromUserName', 'CreateTime', 'MsgType']),
    );
    for (const field of pushTypes[type].fields) {
      if (field !== 'MsgDataId' && field !== 'Idx') expect(fields).toHaveProperty(field);
    }
  });

  it.each(documented)('can be shown as any other: %s', (type) => {
    expect(pushDataOf(invented(type))).toMatchObject({ id: expect.stringMatching(/^[0-9a-v]{26}$/), component });
  });
});

describe('a test of a subscription', () => {
  let receiver: Receiver;
  let sender: OutboundSender;
  beforeAll(() => {
    sender = new OutboundSender({ deliveryNets: ['127.0.0.0/8'] });
  });
  afterAll(() => sender.close());
  beforeEach(async () => {
    receiver = await startReceiver();
  });
  afterEach(() => receiver.close());

  const subscription = (change: Partial<Subscription> = {}): Subscription => ({
    ...{ id: 'sub_1', name: 'test', url: receiver.url, messageUrl: null, format: 'json', mode: null, component: null },
    ...{
      filter: {},
      reply: null,
      maxInFlight: 1,
      timeoutMs: 120_000,
      giveUpAfterMs: null,
      state: 'active',
      reason: null,
    },
    ...{ failures: 0, failingSince: null, probeAt: null, holdUntil: null, ticketAt: null, lastSuccessAt: null },
    ...{ behindSince: null, lastFailure: null, lastTicket: null, createdBy: 'API_KEY', createdAt: at, updatedAt: at },
    secrets: newSecrets(change.format ?? 'json', { token: 'Token', encodingAesKey: null }),
    ...change,
  });
  const reply = { waitMs: 4_000, late: null, fallback: null, maxInFlight: 100 } as const;
  const test = (of: Subscription, content: TestContent = { push: invented('message.text') }) =>
    sendTest({ sender, codes: new VirtualCodes([randomBytes(32)]) }, of, content, never);

  it('shows request and answer, and how the answer would be read', async () => {
    receiver.answer = () => ({ status: 200, body: '{"reply":{"type":"text","content":"hello"}}' });
    const result = await test(subscription({ reply }));
    expect(receiver.requests).toMatchObject([{ headers: { 'wx-test': 'true', 'wx-attempt': '1' } }]);
    expect(receiver.requests[0]!.headers).toHaveProperty('wx-reply-before');
    expect(result.request).toMatchObject({ url: receiver.url, body: receiver.requests[0]!.body });
    expect(result.response).toMatchObject({ status: 200, body: '{"reply":{"type":"text","content":"hello"}}' });
    expect(result).toMatchObject({ reply: { type: 'text', content: 'hello' }, problem: null, echo: null });
  });

  it('names what is wrong with the answer', async () => {
    receiver.answer = () => ({ status: 302, headers: { location: '/elsewhere' } });
    expect(await test(subscription())).toMatchObject({ response: { status: 302 }, problem: { code: 'redirect' } });
    receiver.answer = () => ({ status: 200, body: '<html>' });
    expect(await test(subscription({ reply }))).toMatchObject({ reply: null, problem: { code: 'unreadable_answer' } });
    expect(await test(subscription())).toMatchObject({ reply: null, problem: null });
    // No process listens there, whereas the port of a closed server may be another test's at once.
    const refusing = subscription({ url: 'http://127.0.0.1:1/' });
    expect(await test(refusing)).toMatchObject({ response: null, problem: { code: 'no_connection' } });
    const private_ = await test(subscription({ url: 'http://10.0.0.5/' }));
    expect(private_).toMatchObject({ response: null, problem: { code: 'address_not_allowed' } });
  });

  it('does what WeChat does to check the URL of an account', async () => {
    const wechat = () => subscription({ format: 'wechat', mode: 'plain' });
    receiver.answer = ({ path }) => {
      const echostr = new URL(path, receiver.url).searchParams.get('echostr');
      return { status: 200, body: echostr ?? 'success' };
    };
    expect(await test(wechat())).toMatchObject({ echo: { status: 200 }, response: { status: 200 }, problem: null });
    receiver.answer = () => ({ status: 200, body: 'success' });
    expect(await test(wechat())).toMatchObject({ echo: { status: 200 }, problem: { code: 'echo_failed' } });
    // The push's own failure takes precedence.
    receiver.answer = () => ({ status: 500 });
    expect(await test(wechat())).toMatchObject({ echo: { status: 500 }, problem: { code: 'status' } });
  });

  it('can be a ticket, for programs for third-party platforms', async () => {
    receiver.answer = () => ({ status: 200, body: 'success' });
    const of = subscription({ format: 'wechat-component', component, messageUrl: `${receiver.url}/$APPID$` });
    const result = await test(of, { ticket: true });
    expect(result.request.headers).toMatchObject({ 'wx-test': 'true', 'content-type': 'text/xml' });
    expect(result.response).toMatchObject({ status: 200 });
    await expect(test(subscription(), { ticket: true })).rejects.toMatchObject({ code: 'not_in_format' });
  });
});
