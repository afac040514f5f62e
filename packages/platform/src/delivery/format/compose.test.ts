import { createHmac, randomBytes } from 'node:crypto';
import { openEnvelope, readEncodingAesKey, readEnvelope, readXml, signatureOf, verifyEcho } from '@wxthirdparty/wechat';
import { describe, expect, it } from 'vitest';
import type { OpenedPush } from '../../journal/opened-push.ts';
import { compose } from './compose.ts';
import { composeEcho, isEchoed } from './echo.ts';
import { canCarry } from './format-types.ts';
import type { Addressee, ComposedRequest } from './outgoing.ts';
import { composeTicket } from './ticket.ts';
import { VirtualCodes } from './virtual-code.ts';

const component = 'wx00000000000000aa';
const appid = 'wx00000000000000bb';
const wechat = { token: 'Token', encodingAesKey: 'k'.repeat(43) };
const [newest, older, ended] = [randomBytes(32), randomBytes(32), randomBytes(32)];
const receivedAt = new Date('2026-11-28T14:03:19.600Z');
const at = new Date('2026-11-28T14:03:19.650Z');
const codes = new VirtualCodes([randomBytes(32)]);

// The last character is no valid UTF-8: what WeChat sent is passed on byte for byte.
const xml = Buffer.concat([
  Buffer.from(
    `<xml>\n<ToUserName><![CDATA[gh_1]]></ToUserName><FromUserName>oPerson</FromUserName><CreateTime>1795874599</CreateTime><MsgType>text</MsgType><MsgId>24345678901234567</MsgId><Content>hi`,
  ),
  Buffer.from([0xff]),
  Buffer.from('</Content></xml>\n'),
]);
const text: OpenedPush = {
  id: '1lglnp7f58elovunc37204hdd3',
  seq: 1795874599600000,
  component,
  appid,
  handle: 'shop-17',
  type: 'message.text',
  createTime: new Date('2026-11-28T14:03:19Z'),
  receivedAt,
  payload: xml,
};
const notice = (type: string, data: object, of: string | null = appid): OpenedPush => ({
  ...text,
  type,
  appid: of,
  payload: Buffer.from(JSON.stringify(data)),
});

const addressee = (part: Partial<Addressee>): Addressee => ({
  id: 'sub_1',
  format: 'json',
  url: 'https://app.example.com/wx?x=%20y#z',
  messageUrl: null,
  mode: null,
  component: null,
  secrets: {
    signing: [
      { secret: newest!, until: null },
      { secret: older!, until: at.getTime() + 1 },
      { secret: ended!, until: at.getTime() },
    ],
    wechat,
  },
  ...part,
});
const ordinary = (mode: 'safe' | 'plain') => addressee({ format: 'wechat', mode });
const platform = addressee({
  format: 'wechat-component',
  component,
  url: 'https://old.example.com/component/event',
  messageUrl: 'https://old.example.com/$APPID$/message?a=$APPID$',
});
const first = { number: 1, at };
const queryOf = ({ url }: ComposedRequest) => Object.fromEntries(new URL(url).searchParams);
const opened = (request: ComposedRequest, tail: string) =>
  openEnvelope(
    { appid: tail, keys: [{ token: wechat.token, aesKey: readEncodingAesKey(wechat.encodingAesKey) }] },
    readEnvelope(queryOf(request), Buffer.from(request.body)),
  ).bytes;

describe('every request', () => {
  it.each([addressee({}), ordinary('safe'), ordinary('plain'), platform])(
    'in format $format is signed under each valid secret',
    (to) => {
      const { headers, body } = compose(to, text, first, codes);
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.`;
      const expected = [newest!, older!].map(
        (secret) => `v1,${createHmac('sha256', secret).update(signed).update(body).digest('base64')}`,
      );
      expect(headers).toEqual({
        'content-type': to.format === 'json' ? 'application/json' : 'text/xml',
        'user-agent': 'wxthirdparty',
        'webhook-id': text.id,
        'webhook-timestamp': '1795874599',
        'webhook-signature': expected.join(' '),
        'wx-attempt': '1',
      });
    },
  );

  it('has the limit of the reply, the replay and the test in its headers', () => {
    const replyBefore = new Date('2026-11-28T14:03:23.600Z');
    const attempt = { number: 3, at, replyBefore, replay: 'rep_1', isTest: true };
    expect(compose(addressee({}), text, attempt, codes).headers).toMatchObject({
      'wx-attempt': '3',
      'wx-reply-before': '2026-11-28T14:03:23.600Z',
      'wx-reply-within-ms': '3950',
      'wx-replay': 'rep_1',
      'wx-test': 'true',
    });
  });
});

describe('format json', () => {
  const bodyOf = (push: OpenedPush) => JSON.parse(String(compose(addressee({}), push, first, codes).body));
  const identity = { id: text.id, seq: '1795874599600000', component, appid, handle: 'shop-17' };

  it('has the names of a message, and every field as WeChat names it, as text', () => {
    expect(bodyOf({ ...text, payload: Buffer.from(xml.toString().replace('\uFFFD', '')) })).toEqual({
      type: 'message.text',
      timestamp: '2026-11-28T14:03:19.600Z',
      data: {
        ...identity,
        userName: 'gh_1',
        openid: 'oPerson',
        msgType: 'text',
        event: null,
        eventKey: null,
        msgId: '24345678901234567',
        createTime: '2026-11-28T14:03:19.000Z',
        fields: {
          ToUserName: 'gh_1',
          FromUserName: 'oPerson',
          CreateTime: '1795874599',
          MsgType: 'text',
          MsgId: '24345678901234567',
          Content: 'hi',
        },
      },
    });
  });

  it('has the text of an unreadable push, and no names', () => {
    const { data } = bodyOf({ ...text, type: 'unreadable', payload: Buffer.from('<xml><broken>') });
    expect(data).toEqual({
      ...identity,
      userName: null,
      openid: null,
      msgType: null,
      event: null,
      eventKey: null,
      msgId: null,
      createTime: null,
      fields: null,
      xml: '<xml><broken>',
    });
  });

  it("has a notice's own data, without what is for other formats", () => {
    const data = { state: 'active', scopes: [1], linkId: 'l', preAuthCode: 'secret', grantVersion: 2 };
    expect(bodyOf(notice('authorizer.authorized', data)).data).toEqual({
      ...identity,
      state: 'active',
      scopes: [1],
      linkId: 'l',
    });
  });

  it('goes to the URL with the appid in place of $APPID$, and nothing where there is no account', () => {
    const to = addressee({ url: 'https://app.example.com/$APPID$/wx?a=$APPID$' });
    expect(compose(to, text, first, codes).url).toBe(`https://app.example.com/${appid}/wx?a=${appid}`);
    const withoutAccount = notice('subscription.paused', {}, null);
    expect(compose(to, withoutAccount, first, codes).url).toBe('https://app.example.com//wx?a=');
  });
});

describe('format wechat', () => {
  it('plain: the XML byte for byte, signed by Token, beside the own query of the URL', () => {
    const request = compose(ordinary('plain'), text, first, codes);
    expect(request.body).toEqual(xml);
    const { signature, nonce, ...rest } = queryOf(request);
    expect(rest).toEqual({ x: ' y', timestamp: '1795874599', openid: 'oPerson' });
    expect(signature).toBe(signatureOf(wechat.token, '1795874599', nonce!));
    expect(request.url).toMatch(/^https:\/\/app\.example\.com\/wx\?x=%20y&signature=[^#]+$/);
  });

  it("safe: sealed for the account's appid, addressed to its user name", () => {
    const request = compose(ordinary('safe'), text, first, codes);
    expect(opened(request, appid)).toEqual(xml);
    expect(Object.keys(queryOf(request))).toEqual(
      expect.arrayContaining(['signature', 'timestamp', 'nonce', 'openid', 'encrypt_type', 'msg_signature']),
    );
    expect(queryOf(request)).toMatchObject({ encrypt_type: 'aes', openid: 'oPerson' });
    expect(readXml(String(request.body))).toMatchObject({ ToUserName: 'gh_1', Encrypt: expect.any(String) });
  });

  it('carries messages and events, nothing else', () => {
    const types = [
      'message.text',
      'event.scan',
      'authorizer.updated',
      'component.x',
      'unreadable',
      'subscription.paused',
    ];
    const carried = (format: Addressee['format']) => types.filter((type) => canCarry(format, type));
    expect(carried('json')).toEqual(types);
    expect(carried('wechat')).toEqual(['message.text', 'event.scan']);
    expect(carried('wechat-component')).toEqual(['message.text', 'event.scan', 'authorizer.updated']);
  });

  it('checks a URL as WeChat does: echostr alone is the answer', () => {
    const echo = composeEcho(ordinary('safe'), 'message.text', appid, at);
    const query = Object.fromEntries(new URL(echo.url).searchParams);
    const keys = { appid, keys: [{ token: wechat.token, aesKey: readEncodingAesKey(wechat.encodingAesKey) }] };
    expect(verifyEcho(keys, query)).toBe(echo.echostr);
    expect(isEchoed(echo, 200, Buffer.from(echo.echostr))).toBe(true);
    expect(isEchoed(echo, 200, Buffer.from(`${echo.echostr}\n`))).toBe(false);
    expect(isEchoed(echo, 401, Buffer.from(echo.echostr))).toBe(false);
  });
});

describe('format wechat-component', () => {
  it("messages go to the message URL of the account, sealed for the component's appid", () => {
    const request = compose(platform, text, first, codes);
    expect(request.url).toMatch(new RegExp(`^https://old\\.example\\.com/${appid}/message\\?a=${appid}&signature=`));
    expect(opened(request, component)).toEqual(xml);
    expect(queryOf(request)).toMatchObject({ openid: 'oPerson', encrypt_type: 'aes' });
    expect(readXml(String(request.body))).toMatchObject({ ToUserName: 'gh_1' });
  });

  it.each([
    ['authorizer.authorized', 'authorized'],
    ['authorizer.updated', 'updateauthorized'],
  ])('%s is the push %s with a code of ours, new in each attempt', (type, infoType) => {
    const push = notice(type, { state: 'active', preAuthCode: 'preauthcode@@@x', grantVersion: 3 });
    const hourLater = new Date(at.getTime() + 3_600_000);
    for (const [attempt, expiresAt] of [
      [first, 1795878199],
      [{ number: 2, at: hourLater }, 1795881799],
    ] as const) {
      const request = compose(platform, push, attempt, codes);
      expect(request.url).toMatch(/^https:\/\/old\.example\.com\/component\/event\?signature=/);
      expect(queryOf(request)).not.toHaveProperty('openid');
      expect(readXml(String(request.body))).toMatchObject({ AppId: component });
      const { AuthorizationCode, ...fields } = readXml(opened(request, component));
      expect(fields).toEqual({
        AppId: component,
        CreateTime: '1795874599',
        InfoType: infoType,
        AuthorizerAppid: appid,
        AuthorizationCodeExpiredTime: String(expiresAt),
        PreAuthCode: 'preauthcode@@@x',
      });
      expect(codes.read(String(AuthorizationCode), component, attempt.at)).toEqual({
        verdict: 'valid',
        consent: { component, appid, grantVersion: 3 },
      });
    }
  });

  it('authorizer.unauthorized names the account only', () => {
    const request = compose(platform, notice('authorizer.unauthorized', { state: 'revoked' }), first, codes);
    expect(readXml(opened(request, component))).toEqual({
      AppId: component,
      CreateTime: '1795874599',
      InfoType: 'unauthorized',
      AuthorizerAppid: appid,
    });
  });

  it('has no form for other types', () => {
    expect(() => compose(platform, notice('subscription.paused', {}), first, codes)).toThrow(
      expect.objectContaining({ code: 'not_in_format' }),
    );
  });

  it('a ticket is the same in all workers, and another one in the next hour and of another subscription', () => {
    const ticketOf = (to: Addressee, when: Date) =>
      readXml(opened(composeTicket({ ...to, component }, { at: when }), component));
    const ticket = ticketOf(platform, at);
    expect(ticket).toEqual({
      AppId: component,
      CreateTime: '1795874599',
      InfoType: 'component_verify_ticket',
      ComponentVerifyTicket: expect.stringMatching(/^ticket@@@wxthirdparty-[\w-]{40}$/),
    });
    const { ComponentVerifyTicket: value } = ticket;
    expect(ticketOf(platform, new Date(at.getTime() + 600_000)).ComponentVerifyTicket).toBe(value);
    expect(ticketOf(platform, new Date(at.getTime() + 3_600_000)).ComponentVerifyTicket).not.toBe(value);
    expect(ticketOf({ ...platform, id: 'sub_2' }, at).ComponentVerifyTicket).not.toBe(value);
  });
});
