import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { compose } from '../packages/platform/src/delivery/format/compose.ts';
import { composeEcho, isEchoed } from '../packages/platform/src/delivery/format/echo.ts';
import type { Addressee, ComposedRequest } from '../packages/platform/src/delivery/format/outgoing.ts';
import { readAnswer } from '../packages/platform/src/delivery/format/read-answer.ts';
import { composeTicket } from '../packages/platform/src/delivery/format/ticket.ts';
import { VirtualCodes } from '../packages/platform/src/delivery/format/virtual-code.ts';
import { envelopeKeyOf } from '../packages/platform/src/delivery/format/wechat-post.ts';
import type { OpenedPush } from '../packages/platform/src/journal/opened-push.ts';
import { replyLimitsOf } from '../packages/platform/src/reply/reply-limits.ts';
import { type PlatformProgram, startEasyWeChat } from './support/platform-programs.ts';
import { startCoWeChat, startKoaWeChat, startWeChat, TRANSFER, type WeChatProgram } from './support/wechat-programs.ts';

const appid = 'wx00000000000000bb';
const wechat = { token: 'SubscriptionToken', encodingAesKey: randomBytes(33).toString('hex').slice(0, 43) };
const safe = { token: wechat.token, encodingAESKey: wechat.encodingAesKey, appid };
const plain = { token: wechat.token };
const codes = new VirtualCodes([randomBytes(32)]);
const limits = replyLimitsOf('event.click', ['text', 'image', 'voice', 'video', 'music', 'news', 'transfer']);

let program: WeChatProgram | undefined;
afterEach(() => program?.close());

const addresseeOf = (mode: 'safe' | 'plain'): Addressee => ({
  id: 'sub_1',
  format: 'wechat',
  url: program!.url,
  messageUrl: null,
  mode,
  component: null,
  secrets: { signing: [{ secret: randomBytes(32), until: null }], wechat },
});

const messageOf = (content: string): OpenedPush => ({
  id: '1lglnp7f58elovunc37204hdd3',
  seq: 1795874599600000,
  component: 'wx00000000000000aa',
  appid,
  handle: null,
  type: 'message.text',
  createTime: new Date('2026-11-28T14:03:19Z'),
  receivedAt: new Date('2026-11-28T14:03:19.600Z'),
  payload: Buffer.from(`<xml>
<ToUserName><![CDATA[gh_1]]></ToUserName>
<FromUserName><![CDATA[oPerson]]></FromUserName>
<CreateTime>1795874599</CreateTime>
<MsgType><![CDATA[text]]></MsgType>
<Content><![CDATA[${content}]]></Content>
<MsgId>24345678901234567</MsgId>
</xml>`),
});

async function send(mode: 'safe' | 'plain', content: string) {
  const { url, headers, body } = compose(addresseeOf(mode), messageOf(content), { number: 1, at: new Date() }, codes);
  const response = await fetch(url, { method: 'POST', headers, body });
  return { status: response.status, body: Buffer.from(await response.arrayBuffer()), cut: false };
}

const ask = async (mode: 'safe' | 'plain', content: string) =>
  readAnswer(await send(mode, content), envelopeKeyOf(wechat), limits);

const article = { title: '标题', description: '描述', picUrl: 'http://p/?a=1&b=2', url: 'http://u' };
/** The forms that `wechat` and `co-wechat` share. */
const answers: Readonly<Record<string, unknown>> = {
  text: '您好 <b> 😀',
  image: { type: 'image', content: { mediaId: 'm' } },
  voice: { type: 'voice', content: { mediaId: 'm' } },
  video: { type: 'video', content: { mediaId: 'm', title: 't', description: 'd' } },
  news: [article, article],
  transfer: TRANSFER,
  nothing: '',
};
const replies = {
  text: { type: 'text', content: '您好 <b> 😀' },
  image: { type: 'image', mediaId: 'm' },
  voice: { type: 'voice', mediaId: 'm' },
  video: { type: 'video', mediaId: 'm', title: 't', description: 'd' },
  news: { type: 'news', articles: [article, article] },
  transfer: { type: 'transfer', account: null },
};

const expected = { ToUserName: 'gh_1', FromUserName: 'oPerson', MsgType: 'text', MsgId: '24345678901234567' };

describe.each([
  ['wechat', startWeChat, 'safe', safe],
  ['wechat', startWeChat, 'plain', plain],
  ['co-wechat', startCoWeChat, 'safe', safe],
  ['co-wechat', startCoWeChat, 'plain', plain],
] as const)('an unmodified program on npm %s', (_name, start, mode, config) => {
  it(`in mode ${mode} accepts our requests, and its answers are the replies that it wrote`, async () => {
    program = await start(config, ({ Content }) => answers[Content]);
    for (const [content, reply] of Object.entries(replies)) {
      expect(await ask(mode, content)).toEqual({ kind: 'reply', reply });
    }
    expect(await ask(mode, 'nothing')).toEqual({ kind: 'none' });
    expect(program.received.at(0)).toMatchObject({ ...expected, Content: 'text' });
  });

  it(`in mode ${mode} echoes the check of its URL, and refuses another token's`, async () => {
    program = await start(config, () => '');
    const addressee = addresseeOf(mode);
    const echo = composeEcho(addressee, 'message.text', appid, new Date());
    const response = await fetch(echo.url);
    expect(isEchoed(echo, response.status, Buffer.from(await response.arrayBuffer()))).toBe(true);
    const secrets = { ...addressee.secrets, wechat: { ...wechat, token: 'OtherToken' } };
    const forged = composeEcho({ ...addressee, secrets }, 'message.text', appid, new Date());
    const refused = await fetch(forged.url);
    expect(isEchoed(forged, refused.status, Buffer.from(await refused.arrayBuffer()))).toBe(false);
  });
});

it('an unmodified program on npm koa-wechat accepts plain requests, and its answers are replies', async () => {
  const own = {
    ...answers,
    news: { msgType: 'news', content: [article] },
    image: { msgType: 'image', content: { mediaId: 'm' } },
  };
  program = await startKoaWeChat(plain, ({ Content }) => own[Content as keyof typeof own]);
  expect(await ask('plain', 'text')).toEqual({ kind: 'reply', reply: replies.text });
  expect(await ask('plain', 'news')).toEqual({ kind: 'reply', reply: { type: 'news', articles: [article] } });
  expect(await ask('plain', 'image')).toEqual({ kind: 'reply', reply: replies.image });
  expect(await ask('plain', 'nothing')).toEqual({ kind: 'none' });
  expect(program.received.at(0)).toMatchObject({ ...expected, Content: 'text' });
});

describe('an unmodified OpenPlatform program on npm node-easywechat', () => {
  const component = 'wx00000000000000aa';
  const platformOf = ({ eventUrl, messageUrl }: PlatformProgram): Addressee & { readonly component: string } => ({
    ...addresseeOf('safe'),
    format: 'wechat-component',
    mode: null,
    component,
    url: eventUrl,
    messageUrl,
  });
  const post = async ({ url, headers, body }: ComposedRequest) => {
    const response = await fetch(url, { method: 'POST', headers, body });
    return { status: response.status, body: Buffer.from(await response.arrayBuffer()), cut: false };
  };

  it('takes our tickets, authorizations and messages, and its answers are the replies that it wrote', async () => {
    const easy = await startEasyWeChat({ component, ...wechat }, ({ MsgType, Content }) =>
      MsgType === 'text' ? `You said ${Content}` : undefined,
    );
    program = easy;
    const at = new Date();
    expect(await easy.ticket()).toBeUndefined();
    expect((await post(composeTicket(platformOf(easy), { at }))).body.toString()).toBe('success');
    expect(await easy.ticket()).toMatch(/^ticket@@@wxthirdparty-/);

    const data = { state: 'active', scopes: [1], linkId: null, preAuthCode: 'preauthcode@@@x', grantVersion: 1 };
    const notice = { ...messageOf(''), type: 'authorizer.authorized', payload: Buffer.from(JSON.stringify(data)) };
    expect((await post(compose(platformOf(easy), notice, { number: 1, at }, codes))).body.toString()).toBe('success');
    const { AuthorizationCode, ...authorized } = easy.received.at(-1)!;
    expect(authorized).toMatchObject({
      InfoType: 'authorized',
      AuthorizerAppid: appid,
      PreAuthCode: 'preauthcode@@@x',
    });
    expect(codes.read(AuthorizationCode, component, at)).toMatchObject({ verdict: 'valid', consent: { appid } });

    const answer = await post(compose(platformOf(easy), messageOf('您好 😀'), { number: 1, at }, codes));
    expect(readAnswer(answer, envelopeKeyOf(wechat), limits)).toEqual({
      kind: 'reply',
      reply: { type: 'text', content: 'You said 您好 😀' },
    });
    expect(easy.received.at(-1)).toMatchObject({ ...expected, Content: '您好 😀' });
  });
});

it('a handler of npm co-wechat that returns nothing is no reply', async () => {
  program = await startCoWeChat(safe, () => undefined);
  expect(await ask('safe', 'x')).toEqual({ kind: 'none' });
});
