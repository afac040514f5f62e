import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Deployment, SERVICE_ACCOUNT } from './support/deployment.ts';
import { until } from './support/until.ts';
import {
  startCoWeChat,
  startKoaWeChat,
  startWeChat,
  type WeChatConfig,
  type WeChatProgram,
} from './support/wechat-programs.ts';

interface PushAnswer {
  readonly deliveries: readonly {
    readonly body: string;
    readonly complaint: string | null;
    readonly reply: Readonly<Record<string, unknown>> | null;
  }[];
}

let deployment: Deployment;
let openid: string;
beforeAll(async () => {
  deployment = await Deployment.open({ nodes: 1 });
  await deployment.authorized();
  openid = (await deployment.wechat.followers(SERVICE_ACCOUNT))[0]!;
});
afterAll(() => deployment?.close());

/** The program reads its Token and key as it would at WeChat; only its URL is known to us. */
const token = 'TokenOfTheProgram';
const encodingAESKey = 'k'.repeat(43);
const configs: Readonly<Record<'safe' | 'plain', WeChatConfig>> = {
  safe: { token, encodingAESKey, appid: SERVICE_ACCOUNT },
  plain: { token },
};

async function subscribe(url: string, mode: 'safe' | 'plain'): Promise<string> {
  const { status, body } = await deployment.api<{ id: string }>('POST', '/v1/subscriptions', {
    name: 'existing program',
    format: 'wechat',
    mode,
    url,
    token,
    encodingAesKey: encodingAESKey,
  });
  expect(status).toBe(201);
  return body.id;
}

const unsubscribe = (id: string) =>
  fetch(`${deployment.gatewayUrl()}/v1/subscriptions/${id}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${deployment.apiKey}` },
  });

/** How WeChat judges the answer to a push of the user. */
async function push(fields: Readonly<Record<string, string>>) {
  const { deliveries } = await deployment.wechat.control<PushAnswer>('POST', '/push', {
    url: 'messages',
    appid: SERVICE_ACCOUNT,
    fields: { FromUserName: openid, ...fields },
  });
  // A busy machine may need longer than WeChat waits.
  return deliveries.at(-1)!;
}

describe.each([
  ['wechat', 'safe', startWeChat],
  ['co-wechat', 'safe', startCoWeChat],
  ['co-wechat', 'plain', startCoWeChat],
  ['koa-wechat', 'plain', startKoaWeChat],
] as const)('an unmodified program on npm %s, %s', (_name, mode, start) => {
  it('receives the messages of the account, and WeChat accepts what it replies', async () => {
    const program = await start(configs[mode], ({ Content }) => `You said ${Content}`);
    const id = await subscribe(program.url, mode);
    try {
      // A gateway asks once its copy of the subscriptions has this one, at most a second later.
      await expect
        .poll(() => push({ MsgType: 'text', Content: '您好 😀' }))
        .toMatchObject({
          complaint: null,
          reply: {
            MsgType: 'text',
            Content: 'You said 您好 😀',
            ToUserName: openid,
            // WeChat's own unit, although these modules write milliseconds.
            CreateTime: expect.stringMatching(/^\d{10}$/),
          },
        });
      const message = { FromUserName: openid, MsgType: 'text', Content: '您好 😀' };
      expect(program.received).toContainEqual(expect.objectContaining(message));
      const tested = await deployment.api('POST', `/v1/subscriptions/${id}/test`, {
        type: 'message.text',
        appid: null,
      });
      expect(tested.body).toMatchObject({ echo: { status: 200 }, response: { status: 200 }, problem: null });
      expect(tested.body.reply).toMatchObject({ type: 'text' });
    } finally {
      await unsubscribe(id);
      await program.close();
    }
  });
});

describe('a program on npm wechat with a handler for texts only', () => {
  let program: WeChatProgram;
  let id: string;
  beforeAll(async () => {
    program = await startWeChat(configs.safe, () => 'ok');
    id = await subscribe(program.url, 'safe');
  });
  afterAll(() => program?.close());

  const eventDelivery = async () => {
    const { body } = await deployment.api<{
      items: { push: string; type: string; state: string; code: string | null }[];
    }>('GET', `/v1/deliveries?subscription=${id}`);
    return body.items.find(({ type }) => type === 'event.view');
  };

  it('is active although its events are not handled, and its texts are answered', async () => {
    await push({ MsgType: 'event', Event: 'VIEW', EventKey: 'http://shop.example/' });
    for (let i = 0; ; i++) {
      await expect
        .poll(() => push({ MsgType: 'text', Content: `text ${i}` }))
        .toMatchObject({ reply: { Content: 'ok' } });
      const event = await until('the event is tried', eventDelivery);
      if (event.state === 'dead') break;
      // Instead of waiting for 5 and 30 seconds.
      await deployment.api('POST', `/v1/subscriptions/${id}/deliveries/${event.push}/retry`);
    }
    const event = (await eventDelivery())!;
    expect(event).toMatchObject({ state: 'dead', code: 'not_handled' });
    const { body } = await deployment.api('GET', `/v1/subscriptions/${id}/deliveries/${event.push}`);
    expect(body).toMatchObject({ status: 404 });
    // Three times, and three more for a request that came when it was dead.
    expect(Number(body.attemptCount) % 3).toBe(0);
    expect((await deployment.api('GET', `/v1/subscriptions/${id}`)).body).toMatchObject({ state: 'active' });
  });
});
