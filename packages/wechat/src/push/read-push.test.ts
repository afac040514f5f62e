import { describe, expect, test } from 'vitest';
import { EnvelopeFailure } from '../envelope/envelope-failure.ts';
import { readPush } from './read-push.ts';

const notice = (infoType: string, more: string) =>
  `<xml><AppId><![CDATA[wxcomponent]]></AppId><CreateTime>1413192605</CreateTime><InfoType><![CDATA[${infoType}]]></InfoType>${more}</xml>`;
const common = { component: 'wxcomponent', createTime: 1413192605 };

describe('notices (§1.4)', () => {
  test('a ticket', () => {
    expect(
      readPush(notice('component_verify_ticket', '<ComponentVerifyTicket>ticket@@@x</ComponentVerifyTicket>')),
    ).toEqual({
      type: 'ticket',
      ...common,
      ticket: 'ticket@@@x',
    });
  });

  test.each(['authorized', 'updateauthorized'] as const)('%s, with an absolute expiry, a duration, none', (type) => {
    const more = (expiry: string) =>
      notice(
        type,
        `<AuthorizerAppid>wxa</AuthorizerAppid><AuthorizationCode>c@@@1</AuthorizationCode>${expiry}<New>1</New>`,
      );
    const expected = { type, ...common, appid: 'wxa', code: 'c@@@1', preAuthCode: undefined };
    const at = (seconds: number) => new Date(seconds * 1000);
    const absolute = '<AuthorizationCodeExpiredTime>1413196205</AuthorizationCodeExpiredTime>';
    expect(readPush(more(absolute))).toEqual({ ...expected, codeExpiresAt: at(1413196205) });
    const duration = '<AuthorizationCodeExpiredTime>600</AuthorizationCodeExpiredTime><PreAuthCode/>';
    expect(readPush(more(duration))).toEqual({ ...expected, codeExpiresAt: at(1413193205) });
    expect(readPush(more('<PreAuthCode>p</PreAuthCode>'))).toEqual({
      ...expected,
      preAuthCode: 'p',
      codeExpiresAt: at(1413196205),
    });
  });

  test('unauthorized', () => {
    expect(readPush(notice('unauthorized', '<AuthorizerAppid>wxa</AuthorizerAppid>'))).toEqual({
      type: 'unauthorized',
      ...common,
      appid: 'wxa',
    });
  });

  test('a registration that went well, and one that did not', () => {
    const info = '<info><name><![CDATA[c]]></name><code>9111</code></info>';
    const well = `<appid>wxn</appid><status>0</status><auth_code>ac</auth_code><msg>OK</msg>${info}`;
    expect(readPush(notice('notify_third_fasteregister', well))).toEqual({
      type: 'fasteregister',
      ...common,
      appid: 'wxn',
      status: 0,
      code: 'ac',
      message: 'OK',
    });
    expect(readPush(notice('notify_third_fasteregister', '<status>-1</status>'))).toEqual({
      type: 'fasteregister',
      ...common,
      appid: undefined,
      status: -1,
      code: undefined,
      message: '',
    });
  });

  test('one that nobody knows yet', () => {
    const push = readPush(notice('notify_3rd_wxa_auth', '<dispatch_info><provider>p</provider></dispatch_info>'));
    expect(push).toMatchObject({ type: 'other', ...common, infoType: 'notify_3rd_wxa_auth' });
    expect(push.type === 'other' && push.fields.dispatch_info).toEqual({ provider: 'p' });
  });
});

describe('messages (§1.5)', () => {
  const message = (more: string) =>
    `<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>${more}</xml>`;

  test('a text', () => {
    const push = readPush(message('<MsgType>text</MsgType><Content>123</Content><MsgId>24345678901234567</MsgId>'));
    expect(push).toMatchObject({ type: 'message', toUserName: 'gh_1', fromUserName: 'o1', createTime: 1 });
    expect(push).toMatchObject({ msgType: 'text', event: undefined, eventKey: undefined, msgId: '24345678901234567' });
  });

  test('an event with a list; its MsgID is not the id of the push', () => {
    const pictures =
      '<SendPicsInfo><Count>2</Count><PicList><item><M>a</M></item><item><M>b</M></item></PicList></SendPicsInfo>';
    const event = `<MsgType>event</MsgType><Event>pic_weixin</Event><EventKey>k</EventKey><MsgID>7</MsgID>${pictures}`;
    const push = readPush(message(event));
    expect(push).toMatchObject({ event: 'pic_weixin', eventKey: 'k', msgId: undefined });
    expect(push.type === 'message' && push.fields.SendPicsInfo).toMatchObject({
      PicList: { item: [{ M: 'a' }, { M: 'b' }] },
    });
  });

  test('a subscription has an empty EventKey', () => {
    const push = readPush(message('<MsgType>event</MsgType><Event>subscribe</Event><EventKey></EventKey>'));
    expect(push).toMatchObject({ event: 'subscribe', eventKey: undefined });
  });
});

test.each([
  '<xml/>',
  notice('component_verify_ticket', ''),
  notice('component_verify_ticket', '<ComponentVerifyTicket/>'),
  notice('component_verify_ticket', '<ComponentVerifyTicket><a>1</a></ComponentVerifyTicket>'),
  notice('authorized', '<AuthorizerAppid>wxa</AuthorizerAppid>'),
  notice('authorized', '<AuthorizationCode>c</AuthorizationCode>'),
  notice('unauthorized', ''),
  notice('notify_third_fasteregister', '<status>zero</status>'),
  notice('notify_third_fasteregister', ''),
  '<xml><AppId>a</AppId><InfoType>x</InfoType></xml>',
  '<xml><AppId>a</AppId><InfoType>x</InfoType><CreateTime>-5</CreateTime></xml>',
  '<xml><InfoType>x</InfoType><CreateTime>5</CreateTime></xml>',
  '<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><CreateTime>1</CreateTime></xml>',
])('malformed is −40002: %s', (xml) => {
  expect(() => readPush(xml)).toThrow(expect.objectContaining({ constructor: EnvelopeFailure, wechatCode: -40002 }));
});
