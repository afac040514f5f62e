import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { seal, sign } from '../src/envelope.ts';
import { startSimulator } from '../src/index.ts';
import { COMPONENT, KEY, MINI, OFFICIAL, openSimulator, TOKEN, until } from './open-simulator.ts';
import { element, type Received, startReceiver } from './receiver.ts';

type P = Awaited<ReturnType<typeof openSimulator>>;

const pushMessage = (p: P, changes: object = {}) =>
  p.control('POST /push', { appid: OFFICIAL, url: 'messages', fields: { Content: '你好 😀' }, ...changes });

/** A passive reply to a push, sealed like that of a platform. */
function reply(push: Received, key: string, changes: Record<string, string> = {}): string {
  const fields = {
    ToUserName: element(push.message, 'FromUserName') ?? '',
    FromUserName: element(push.message, 'ToUserName') ?? '',
    CreateTime: '1700000000',
    MsgType: 'text',
    Content: 'hello',
    ...changes,
  };
  const inner = Object.entries(fields).map(([name, value]) => `<${name}>${value}</${name}>`);
  const encrypt = seal(`<xml>${inner.join('')}</xml>`, COMPONENT, key, randomBytes(16));
  const signature = sign(TOKEN, '1', '2', encrypt);
  return `<xml><Encrypt>${encrypt}</Encrypt><MsgSignature>${signature}</MsgSignature><TimeStamp>1</TimeStamp><Nonce>2</Nonce></xml>`;
}

describe('a push', () => {
  test('is sealed for the component, signed, and has the requested content', async () => {
    const p = await openSimulator();
    const answer = await pushMessage(p);
    expect(answer.deliveries).toMatchObject([{ status: 200, body: 'success', complaint: null }]);
    const [push] = p.receiver.received as [Received];
    expect(push).toMatchObject({ path: `/messages/${OFFICIAL}`, signed: true, tail: COMPONENT });
    expect(element(push.message, 'Content')).toBe('你好 😀');
    expect(element(push.message, 'MsgId')).toBe(answer.msgId);
    expect(BigInt(answer.msgId)).toBeGreaterThan(2n ** 53n);
    expect(Number(element(push.message, 'CreateTime'))).toBe(answer.createTime);
    expect(push.query.get('openid')).toBe(element(push.message, 'FromUserName'));
    expect(push.query.get('encrypt_type')).toBe('aes');
    expect(push.query.get('signature')).toBe(
      sign(TOKEN, push.query.get('timestamp') ?? '', push.query.get('nonce') ?? ''),
    );
    expect(push.raw).toContain('<ToUserName><![CDATA[gh_0000000000a1]]></ToUserName>');
  });

  test('on the event URL has the component beside the ciphertext', async () => {
    const p = await openSimulator();
    await p.control('POST /push', { url: 'events', fields: { InfoType: 'notify_x', appid: 'wxnew', info: { a: 1 } } });
    const [push] = p.receiver.received as [Received];
    expect(push.raw).toContain(`<AppId><![CDATA[${COMPONENT}]]></AppId>`);
    expect(push.query.get('openid')).toBeNull();
    expect(push.message).toMatch(/<info><a>1<\/a><\/info>/);
  });

  test('can be given as XML', async () => {
    const p = await openSimulator();
    const xml = '<xml><MsgId>12</MsgId><CreateTime>34</CreateTime><FromUserName><![CDATA[oX]]></FromUserName></xml>';
    const answer = await pushMessage(p, { fields: undefined, xml });
    expect(answer).toMatchObject({ msgId: '12', createTime: 34 });
    expect(p.receiver.received[0]?.message).toBe(xml);
    expect(p.receiver.received[0]?.query.get('openid')).toBe('oX');
  });

  test('is delivered again, freshly wrapped, until it is accepted', async () => {
    const p = await openSimulator();
    p.receiver.answer = (_push, n) => (n === 0 ? { status: 500 } : n === 1 ? 'close' : {});
    const answer = await pushMessage(p);
    expect(answer.deliveries.map((one: { status: number }) => one.status)).toEqual([500, 0, 200]);
    const { received } = p.receiver;
    expect(new Set(received.map((one) => one.message)).size).toBe(1);
    expect(new Set(received.map((one) => one.encrypt)).size).toBe(3);
    expect(new Set(received.map((one) => one.query.get('nonce'))).size).toBe(3);
    expect(received.every((one) => one.signed)).toBe(true);
  });

  test('that is never accepted is delivered three times, raises an alarm, and shows the user a notice', async () => {
    const p = await openSimulator();
    p.receiver.answer = () => ({ body: '{"success":true}' });
    expect((await pushMessage(p)).deliveries).toHaveLength(3);
    const state = await p.control('GET /state');
    expect(state.alarms).toHaveLength(3);
    expect(state.notices).toMatchObject([{ appid: OFFICIAL }]);
    await p.control('POST /options', { deliveries: 4, redeliveryMs: 0 });
    expect((await pushMessage(p)).deliveries).toHaveLength(4);
  });

  test('on the event URL is accepted only with the answer success', async () => {
    const p = await openSimulator();
    await p.control('POST /options', { redeliveryMs: 0 });
    for (const body of ['', '"success"', '\uFEFFsuccess', 'success\n', '<p>success</p>']) {
      p.receiver.answer = () => ({ body });
      const { deliveries } = await p.control('POST /tick', {});
      expect(deliveries[0].complaint).toBe('illegal response, should be success');
    }
    expect((await p.control('GET /state')).alarms).toHaveLength(5);
    await p.control('POST /options', { tolerateWhitespace: true });
    p.receiver.answer = () => ({ body: 'success\n' });
    expect((await p.control('POST /tick', {})).deliveries[0].complaint).toBeNull();
  });

  test('is accepted with an empty answer or an encrypted reply, and not with an invalid one', async () => {
    const p = await openSimulator();
    await p.control('POST /options', { deliveries: 1 });
    const complaint = async (answer: (push: Received) => string, changes: object = {}) => {
      p.receiver.answer = (push) => ({ body: answer(push) });
      return (await pushMessage(p, changes)).deliveries[0].complaint as string | null;
    };
    expect(await complaint(() => '')).toBeNull();
    expect(await complaint((push) => reply(push, KEY))).toBeNull();
    expect(await complaint((push) => reply(push, KEY, { ToUserName: 'oOther' }))).toMatch('not swapped');
    expect(await complaint((push) => reply(push, KEY, { MsgType: 'poem' }))).toMatch('MsgType poem');
    expect(await complaint((push) => reply(push, 'Z'.repeat(43)))).toMatch('illegal response');
    expect(await complaint((push) => reply(push, KEY).replace('<Nonce>2', '<Nonce>3'))).toMatch('signature');
    expect(await complaint(() => '<xml><MsgType>text</MsgType></xml>')).toMatch('no Encrypt');
    const items = '<item><Title>1</Title></item><item><Title>2</Title></item>';
    const news = (push: Received) => reply(push, KEY, { MsgType: 'news', ArticleCount: '2', Articles: items });
    expect(await complaint(news)).toMatch('too many news');
    expect(await complaint(news, { fields: { Event: 'subscribe' } })).toBeNull();
    expect(await complaint((push) => reply(push, KEY), { appid: MINI })).toMatch('mini programs');
    const transfer = (push: Received) => reply(push, KEY, { MsgType: 'transfer_customer_service' });
    expect(await complaint(transfer, { appid: MINI })).toBeNull();
    const wrong: [Record<string, string>, string][] = [
      [{ CreateTime: '1700000000000' }, 'not in Unix seconds'],
      [{ Content: '' }, 'empty'],
      [{ Content: 'x'.repeat(2049) }, 'too long'],
      [{ MsgType: 'image', Image: '<MediaId></MediaId>' }, 'no MediaId'],
      [{ MsgType: 'music', Music: '<Title>t</Title>' }, 'no ThumbMediaId'],
      [{ MsgType: 'news', ArticleCount: '2', Articles: '<item><Title>1</Title></item>' }, 'ArticleCount'],
      [{ MsgType: 'news', ArticleCount: '0', Articles: '' }, 'no news items'],
    ];
    for (const [changes, reason] of wrong) {
      expect(await complaint((push) => reply(push, KEY, changes))).toMatch(reason);
    }
  });

  test('shows the content of the passive reply, byte for byte, whether it is valid or not', async () => {
    const p = await openSimulator();
    await p.control('POST /options', { deliveries: 1 });
    p.receiver.answer = (push) => ({ body: reply(push, KEY, { Content: '<![CDATA[ &amp; ]]>' }) });
    expect((await pushMessage(p)).deliveries[0]).toMatchObject({ complaint: null, reply: { Content: ' &amp; ' } });
    const articles = '<item><Title>1</Title></item>\n<item><Title>2</Title></item>';
    p.receiver.answer = (push) => ({
      body: reply(push, KEY, { MsgType: 'news', ArticleCount: '2', Articles: articles }),
    });
    await pushMessage(p);
    const { deliveries } = await p.control('GET /deliveries?limit=1');
    expect(deliveries[0].complaint).toMatch('too many news');
    expect(deliveries[0].reply).toMatchObject({ Articles: { item: [{ Title: '1' }, { Title: '2' }] } });
    p.receiver.answer = () => ({});
    expect((await pushMessage(p)).deliveries[0].reply).toBeNull();
  });

  test('whose answer is lost is delivered again, and the lost reply is shown', async () => {
    const p = await openSimulator();
    p.receiver.answer = (push) => ({ body: reply(push, KEY) });
    const { deliveries } = await pushMessage(p, { fault: 'answer-lost' });
    expect(deliveries).toMatchObject([
      { status: 200, attempt: 1, complaint: 'the answer was lost on the wire', reply: { Content: 'hello' } },
      { status: 200, attempt: 2, complaint: null, reply: { Content: 'hello' } },
    ]);
    expect((await p.control('GET /state')).notices).toEqual([]);
  });

  test('is delivered to the message URLs in rotation', async () => {
    const p = await openSimulator();
    const [one, two] = ['first', 'second'].map((name) => `${p.receiver.url}/${name}/$APPID$`);
    const rotating = await startSimulator({
      components: [
        {
          appid: COMPONENT,
          appsecret: 's',
          token: TOKEN,
          encodingAesKey: KEY,
          eventUrl: one!,
          messageUrl: [one!, two!],
        },
      ],
      accounts: [{ appid: OFFICIAL, kind: 'official-account', nickName: 'A' }],
      ticketOnStart: false,
    });
    p.receiver.answer = (_push, n) => (n < 2 ? { status: 500 } : {});
    const post = (body: object) =>
      fetch(`${rotating.url}/_control/push`, { method: 'POST', body: JSON.stringify({ appid: OFFICIAL, ...body }) });
    await post({ url: 'messages', fields: { Content: 'a' } });
    const paths = () => p.receiver.received.map(({ path }) => path.split('/')[1]);
    expect(paths()).toEqual(['first', 'second', 'first']);
    p.receiver.received.length = 0;
    p.receiver.answer = () => ({});
    await post({ url: 'messages', fields: { Content: 'b' }, copies: 3, concurrent: true });
    expect(paths().toSorted()).toEqual(['first', 'first', 'second']);
    await rotating.close();
  });

  test('can be copied in sequence or at once, and is sometimes delivered twice', async () => {
    const p = await openSimulator();
    expect((await pushMessage(p, { copies: 3, concurrent: true })).deliveries).toHaveLength(3);
    expect((await pushMessage(p, { copies: 2 })).deliveries).toHaveLength(2);
    expect(new Set(p.receiver.received.slice(0, 3).map((one) => one.message)).size).toBe(1);
    await p.control('POST /options', { duplicateRate: 1 });
    expect((await pushMessage(p)).deliveries).toHaveLength(2);
  });

  test('can be overtaken by the next one of the same user', async () => {
    const p = await openSimulator();
    // The first waits for one second only, and must have come before the second.
    await until(async () => {
      p.receiver.received.length = 0;
      await p.control('POST /options', { reorderRate: 1 });
      const first = pushMessage(p, { fields: { Content: 'first' } });
      await pause(50);
      await p.control('POST /options', { reorderRate: 0 });
      await pushMessage(p, { fields: { Content: 'second' } });
      await first;
      return p.receiver.received.map((one) => element(one.message, 'Content')).join() === 'second,first';
    });
  });

  test('that no other push overtakes is delivered nevertheless', async () => {
    const p = await openSimulator();
    await p.control('POST /options', { reorderRate: 1 });
    expect((await pushMessage(p)).deliveries).toHaveLength(1);
  });

  test('can have the same second as another event of the same user', async () => {
    const p = await openSimulator();
    await p.control('POST /options', { sameSecondRate: 1 });
    await p.control('POST /push', { appid: OFFICIAL, url: 'messages', fields: { Event: 'CLICK', EventKey: 'K' } });
    const [one, other] = p.receiver.received.map((push) => push.message) as [string, string];
    for (const name of ['FromUserName', 'CreateTime']) expect(element(other, name)).toBe(element(one, name));
    expect([element(one, 'Event'), element(other, 'Event')]).toEqual(['CLICK', 'LOCATION']);
  });

  test('has every padding length', async () => {
    const p = await openSimulator();
    const pads = new Set<number>();
    await until(async () => {
      await pushMessage(p, { copies: 1, fields: { Content: 'x' } });
      const { message, tail } = p.receiver.received.at(-1)!;
      pads.add(32 - ((20 + Buffer.byteLength(message) + tail.length) % 32));
      return pads.size === 32;
    });
  });

  test('with a fault has exactly that fault and is not repeated', async () => {
    const p = await openSimulator();
    p.receiver.answer = () => ({ status: 400 });
    const push = async (fault: string) => {
      const answer = await pushMessage(p, { fault });
      expect(answer.deliveries).toMatchObject([{ status: 400 }]);
      return p.receiver.received.at(-1)!;
    };
    expect(await push('bad-msg-signature')).toMatchObject({ signed: false, tail: COMPONENT });
    const wrong = await push('wrong-component');
    expect(wrong.signed).toBe(true);
    expect(wrong.tail).toMatch(/^wx[0-9a-f]{16}$/);
    expect(wrong.tail).not.toBe(COMPONENT);
    const otherKey = await push('wrong-key');
    expect(otherKey.signed).toBe(true);
    expect(otherKey.tail).not.toBe(COMPONENT);
    expect((await push('truncated')).raw).not.toContain('</xml>');
    expect((await push('doctype')).raw).toContain('<!DOCTYPE');
    expect((await push('plaintext')).raw).toContain('<MsgType>');
    expect((await push('huge')).raw.length).toBeGreaterThan(10 * 1024 * 1024);
    expect((await p.control('GET /followers?appid=wx00000000000000a1')).total).toBe(25);
  });

  test('of a subscription or its end changes the followers', async () => {
    const p = await openSimulator();
    const total = async () => (await p.control('GET /followers?appid=wx00000000000000a1&limit=0')).total;
    await pushMessage(p, { fields: { Event: 'subscribe', FromUserName: 'oNewcomer', EventKey: '' } });
    expect(await total()).toBe(26);
    expect(element(p.receiver.received[0]!.message, 'MsgType')).toBe('event');
    expect(element(p.receiver.received[0]!.message, 'MsgId')).toBeUndefined();
    await pushMessage(p, { fields: { Event: 'unsubscribe', FromUserName: 'oNewcomer' } });
    expect(await total()).toBe(25);
  });
});

describe('tickets', () => {
  test('are pushed with the requested time, value and number of copies', async () => {
    const p = await openSimulator();
    const first = await p.control('POST /tick', { ticket: 'new', createTime: 1_700_000_000, deliver: 2 });
    expect(first).toMatchObject({ createTime: 1_700_000_000, deliveries: [{ status: 200 }, { status: 200 }] });
    await p.control('POST /tick', { ticket: 'same' });
    await p.control('POST /tick', { ticket: 'new' });
    const tickets = p.receiver.received.map((one) => element(one.message, 'ComponentVerifyTicket'));
    expect(tickets[0]).toBe(tickets[1]);
    expect(tickets[2]).toBe(tickets[0]);
    expect(tickets[3]).not.toBe(tickets[0]);
    expect(element(p.receiver.received[0]!.message, 'CreateTime')).toBe('1700000000');
    expect((await p.control('GET /secrets')).tickets).toEqual([tickets[0], tickets[3]]);
  });

  test('are sometimes repeated after a newer one', async () => {
    const p = await openSimulator();
    await p.control('POST /tick', { ticket: 'new', createTime: 1_700_000_000 });
    await p.control('POST /options', { reorderRate: 1 });
    await p.control('POST /tick', { ticket: 'new' });
    const [old, fresh, late] = p.receiver.received.map((push) => push.message) as [string, string, string];
    expect(element(fresh, 'ComponentVerifyTicket')).not.toBe(element(old, 'ComponentVerifyTicket'));
    expect(late).toBe(old);
    expect(element(late, 'CreateTime')).toBe('1700000000');
  });

  test('are pushed periodically until many consecutive refusals stop them', async () => {
    const p = await openSimulator({ timeScale: 20_000 });
    await p.control('POST /options', { ticketFailuresToStop: 4, unknownPushRate: 1 });
    await until(() => p.receiver.received.some((one) => one.message.includes('component_verify_ticket')));
    await until(() => p.receiver.received.some((one) => one.message.includes('notify_something_new')));
    p.receiver.answer = () => ({ status: 500 });
    await p.control('POST /options', { deliveries: 1 });
    await until(async () => (await p.control('GET /state')).components[0].ticketService === false);
  });

  test('are pushed until a platform that starts later accepts one', async () => {
    // Below those that systems assign: no other process takes it before the platform does.
    const port = 32_730 + (Number(process.env.VITEST_POOL_ID ?? 0) % 30);
    const url = `http://127.0.0.1:${port}`;
    const simulator = await startSimulator({
      components: [
        {
          appid: COMPONENT,
          appsecret: 's',
          token: TOKEN,
          encodingAesKey: KEY,
          eventUrl: `${url}/events`,
          messageUrl: `${url}/$APPID$`,
        },
      ],
      accounts: [],
    });
    const state = async () => (await (await fetch(`${simulator.url}/_control/state`)).json()) as { pushes: number };
    await until(async () => (await state()).pushes >= 2);
    const late = await startReceiver(TOKEN, KEY, port);
    await until(() => late.received.length > 0);
    expect(element(late.received[0]!.message, 'InfoType')).toBe('component_verify_ticket');
    expect(await state()).toMatchObject({ alarms: [] });
    await simulator.close();
    await late.close();
  });
});

test('consent, its change and its end are pushed', async () => {
  const p = await openSimulator();
  const { code } = await p.control('POST /authorize', { appid: OFFICIAL, funcIds: [1, 2] });
  await p.control('POST /authorize', { appid: OFFICIAL, funcIds: [2, 1] });
  await p.control('POST /authorize', { appid: OFFICIAL, funcIds: [1] });
  await p.control('POST /authorize', { appid: OFFICIAL, funcIds: [1], push: 'force' });
  await p.control('POST /unauthorize', { appid: OFFICIAL });
  await p.control('POST /authorize', { appid: OFFICIAL, push: false });
  const messages = p.receiver.received.map((one) => one.message);
  expect(messages.map((one) => element(one, 'InfoType'))).toEqual([
    'authorized',
    'updateauthorized',
    'updateauthorized',
    'unauthorized',
  ]);
  expect(element(messages[0]!, 'AuthorizationCode')).toBe(code);
  const lasts = Number(element(messages[0]!, 'AuthorizationCodeExpiredTime')) - Math.floor(Date.now() / 1000);
  expect(lasts).toBeGreaterThan(3500);
  expect(element(messages[3]!, 'AuthorizationCode')).toBeUndefined();

  await p.control('POST /options', { differentRedirectCode: true });
  const two = await p.control('POST /authorize', { appid: MINI });
  expect(element(p.receiver.received.at(-1)!.message, 'AuthorizationCode')).not.toBe(two.code);
});

test('pushes use new keys at once after a change', async () => {
  const p = await openSimulator();
  await p.control('POST /options', { deliveries: 1 });
  await p.control('POST /rotate-key', { encodingAesKey: 'Z'.repeat(43) });
  await pushMessage(p);
  expect(p.receiver.received[0]).toMatchObject({ signed: true });
  expect(p.receiver.received[0]?.tail).not.toBe(COMPONENT);
  await p.control('POST /rotate-key', { token: 'another', encodingAesKey: KEY });
  await pushMessage(p);
  expect(p.receiver.received[1]).toMatchObject({ signed: false, tail: COMPONENT });
});

test('a reply is accepted only if it is sealed with the key of its push', async () => {
  const p = await openSimulator();
  const key = 'Z'.repeat(43);
  await p.control('POST /options', { deliveries: 1 });
  // The receiver still has the old key and cannot read the push; so the test fills in the user.
  const { openids } = await p.control('GET /followers?appid=wx00000000000000a1&limit=1');
  const message = `<FromUserName>${openids[0]}</FromUserName><ToUserName>gh_0000000000a1</ToUserName>`;
  await p.control('POST /rotate-key', { encodingAesKey: key });
  const complaint = async (made: string) => {
    p.receiver.answer = (push) => ({ body: reply({ ...push, message }, made) });
    return (await pushMessage(p)).deliveries[0].complaint;
  };
  expect(await complaint(key)).toBeNull();
  expect(await complaint(KEY)).toMatch(/./);
});
