import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { XmlNode } from '../envelope/read-xml.ts';
import type { Push, PushUrl } from './push.ts';
import { readPush } from './read-push.ts';

const notice = (infoType: string, more: string) =>
  `<xml><AppId><![CDATA[wxcomponent]]></AppId><CreateTime>1413192605</CreateTime><InfoType><![CDATA[${infoType}]]></InfoType>${more}</xml>`;
const common = { component: 'wxcomponent', createTime: 1413192605 };

/** A push without its raw fields, which are asserted only where they matter. */
function readNotice(xml: string): object {
  const { fields, ...push } = readPush(xml, 'events') as Push & { fields: XmlNode };
  return push;
}
const readMessage = (xml: string) => readPush(xml, 'messages');

describe('notices (protocol §1.4)', () => {
  test('a ticket', () => {
    expect(
      readNotice(notice('component_verify_ticket', '<ComponentVerifyTicket>ticket@@@x</ComponentVerifyTicket>')),
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
    expect(readNotice(more(absolute))).toEqual({ ...expected, codeExpiresAt: at(1413196205) });
    const duration = '<AuthorizationCodeExpiredTime>600</AuthorizationCodeExpiredTime><PreAuthCode/>';
    expect(readNotice(more(duration))).toEqual({ ...expected, codeExpiresAt: at(1413193205) });
    expect(readNotice(more('<PreAuthCode>p</PreAuthCode>'))).toEqual({
      ...expected,
      preAuthCode: 'p',
      codeExpiresAt: at(1413196205),
    });
  });

  test('unauthorized', () => {
    expect(readNotice(notice('unauthorized', '<AuthorizerAppid>wxa</AuthorizerAppid>'))).toEqual({
      type: 'unauthorized',
      ...common,
      appid: 'wxa',
    });
  });

  test('a successful and a failed registration', () => {
    const info = '<info><name><![CDATA[c]]></name><code>9111</code></info>';
    const well = `<appid>wxn</appid><status>0</status><auth_code>ac</auth_code><msg>OK</msg>${info}`;
    expect(readNotice(notice('notify_third_fasteregister', well))).toEqual({
      type: 'fasteregister',
      ...common,
      appid: 'wxn',
      status: 0,
      code: 'ac',
      message: 'OK',
    });
    expect(readNotice(notice('notify_third_fasteregister', '<status>-1</status>'))).toEqual({
      type: 'fasteregister',
      ...common,
      appid: undefined,
      status: -1,
      code: undefined,
      message: '',
    });
  });

  test('one of an unknown type', () => {
    const more = '<dispatch_info><provider>p</provider></dispatch_info>';
    const push = readPush(notice('notify_3rd_wxa_auth', more), 'events');
    expect(push).toMatchObject({ type: 'other', ...common, infoType: 'notify_3rd_wxa_auth' });
    expect(push.type === 'other' && push.fields.dispatch_info).toEqual({ provider: 'p' });
  });
});

describe('messages (protocol §1.5)', () => {
  const message = (more: string) =>
    `<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>${more}</xml>`;

  test('a text', () => {
    const push = readMessage(message('<MsgType>text</MsgType><Content>123</Content><MsgId>24345678901234567</MsgId>'));
    expect(push).toMatchObject({ type: 'message', toUserName: 'gh_1', fromUserName: 'o1', createTime: 1 });
    expect(push).toMatchObject({ msgType: 'text', event: undefined, eventKey: undefined, msgId: '24345678901234567' });
  });

  test('an event with a list; its MsgID is not the id of the push', () => {
    const pictures =
      '<SendPicsInfo><Count>2</Count><PicList><item><M>a</M></item><item><M>b</M></item></PicList></SendPicsInfo>';
    const event = `<MsgType>event</MsgType><Event>pic_weixin</Event><EventKey>k</EventKey><MsgID>7</MsgID>${pictures}`;
    const push = readMessage(message(event));
    expect(push).toMatchObject({ event: 'pic_weixin', eventKey: 'k', msgId: undefined });
    expect(push.type === 'message' && push.fields.SendPicsInfo).toMatchObject({
      PicList: { item: [{ M: 'a' }, { M: 'b' }] },
    });
  });

  test('a subscription has an empty EventKey', () => {
    const push = readMessage(message('<MsgType>event</MsgType><Event>subscribe</Event><EventKey></EventKey>'));
    expect(push).toMatchObject({ event: 'subscribe', eventKey: undefined });
  });
});

describe('tags that repeat at the top (protocol §1.3)', () => {
  test('are lists if we do not use them', () => {
    const list = '<list><appid>wx5</appid></list><list><appid>wx6</appid></list>';
    expect(readPush(notice('order_path_audit_result_notify', list), 'events')).toMatchObject({
      type: 'other',
      fields: { list: [{ appid: 'wx5' }, { appid: 'wx6' }] },
    });
    const actions = '<Actions><ActionType>100001</ActionType></Actions>'.repeat(3);
    expect(readMessage(event(`<Event>add_express_path</Event>${actions}`))).toMatchObject({
      event: 'add_express_path',
      fields: { Actions: [{}, {}, {}] },
    });
    const material = '<material><reason>r</reason></material>'.repeat(2);
    expect(readMessage(event(`<Event>wxa_appeal_record</Event><appid>wx2</appid>${material}`))).toMatchObject({
      event: 'wxa_appeal_record',
      fields: { material: [{}, {}] },
    });
  });

  test.each(['ToUserName', 'FromUserName', 'CreateTime', 'MsgType', 'Event', 'EventKey', 'MsgId', 'AppId'])(
    'make a message unreadable, where it is %s',
    (name) => {
      const twice = `<${name}>1</${name}>`.repeat(2);
      expect(['repeated_field', 'wrong_url']).toContain(reasonOf(event(twice), 'messages'));
    },
  );

  test.each(['AppId', 'CreateTime', 'InfoType', 'AuthorizerAppid', 'AuthorizationCode', 'auth_code', 'PreAuthCode'])(
    'make a notice unreadable, where it is %s',
    (name) => {
      const twice = `<${name}>1</${name}>`.repeat(2);
      expect(reasonOf(notice('notify_unknown', twice), 'events')).toBe('repeated_field');
    },
  );

  test('make a registration unreadable if we use them', () => {
    const twice = '<status>0</status><appid>wx1</appid><appid>wx2</appid>';
    expect(reasonOf(notice('notify_third_fasteregister', twice), 'events')).toBe('repeated_field');
  });
});

describe('URL and content must agree', () => {
  const ticket = '<ComponentVerifyTicket>t</ComponentVerifyTicket>';

  test('a notice on the message URL and a message on the event URL are unreadable', () => {
    expect(reasonOf(notice('component_verify_ticket', ticket), 'messages')).toBe('wrong_url');
    expect(reasonOf(event('<Event>subscribe</Event>'), 'events')).toBe('wrong_url');
  });

  test('a push with InfoType and MsgType is unreadable on either URL, even if one is empty', () => {
    for (const url of ['events', 'messages'] as const) {
      const both = '<ToUserName>g</ToUserName><FromUserName>o</FromUserName><MsgType>text</MsgType>';
      expect(reasonOf(notice('component_verify_ticket', ticket + both), url)).toBe('wrong_url');
      expect(reasonOf(notice('component_verify_ticket', `${ticket}<MsgType/>`), url)).toBe('wrong_url');
      expect(reasonOf(event('<Event>subscribe</Event><InfoType/>'), url)).toBe('wrong_url');
    }
  });

  test('Event in a message that is not an event makes it unreadable, even if it is empty', () => {
    expect(reasonOf(text('<Event>unsubscribe</Event>'), 'messages')).toBe('wrong_url');
    expect(reasonOf(text('<Event/>'), 'messages')).toBe('wrong_url');
  });
});

describe('the text of a user cannot become a field that we use (protocol §1.3)', () => {
  /** As WeChat writes it: the user's text as it is, between the marks of a CDATA section. */
  const typed = (words: string) => text(`<Content><![CDATA[${words}]]></Content><MsgId>24345678901230001</MsgId>`);
  const out = ']]></Content>';
  const back = '<Content><![CDATA[';

  test.each([
    ['XML with a CDATA section of its own', '<xml><Content><![CDATA[hello]]></Content></xml>'],
    [
      'a ticket',
      `${out}<InfoType>component_verify_ticket</InfoType><ComponentVerifyTicket>x</ComponentVerifyTicket>${back}`,
    ],
    ['an event', `${out}<Event>unsubscribe</Event>${back}`],
    ['an event and its type', `${out}<MsgType>event</MsgType><Event>unsubscribe</Event>${back}`],
    ['another sender', `${out}<FromUserName>oVictim</FromUserName>${back}`],
    ['another account', `${out}<ToUserName>gh_2</ToUserName>${back}`],
    ['another time', `${out}<CreateTime>9999999999</CreateTime>${back}`],
    ['another id', `${out}<MsgId>1</MsgId>${back}`],
    ['an early end', `${out}</xml>`],
    ['an early end, and a second document', `${out}</xml><xml><InfoType>x</InfoType>${back}`],
    ['the start of a comment', `${out}<!--`],
    ['a whole comment', `${out}<!-- -->${back}`],
    ['a processing instruction', `${out}<?x ?>${back}`],
    ['a document type', `${out}<!DOCTYPE xml>${back}`],
    ['an entity', `${out}<a>&x;</a>${back}`],
    ['an attribute that is not closed', `${out}<a x="`],
  ])('%s', (_name, words) => {
    const push = readMessage(typed(words));
    expect(push.type).toBe('unreadable');
    expect(JSON.stringify(push)).not.toContain('Victim');
  });

  test.each(['a ]]> b', ']]]]><![CDATA[>', '<!DOCTYPE html>', '<a>', '&amp; <!-- -->', '{"a":1}', ''])(
    'is a message like any other: %s',
    (words) => {
      expect(readMessage(typed(words))).toMatchObject({
        type: 'message',
        fromUserName: 'oUser',
        msgType: 'text',
        msgId: '24345678901230001',
      });
    },
  );

  test('for arbitrary text', () => {
    const words = [
      ...[
        ']]>',
        '<![CDATA[',
        '</Content>',
        '<Content>',
        '</xml>',
        '<xml>',
        '<!--',
        '-->',
        '<?x',
        '?>',
        ' ',
        'x',
        '&lt;',
      ],
      ...['<InfoType>component_verify_ticket</InfoType>', '<MsgType>event</MsgType>', '<Event>unsubscribe</Event>'],
      ...['<ComponentVerifyTicket>x</ComponentVerifyTicket>', '<AppId>wx1</AppId>', '<CreateTime>1</CreateTime>'],
      ...['<InfoType>unauthorized</InfoType>', '<AuthorizerAppid>wx1</AuthorizerAppid>', '<a x="', '"/>'],
      ...['<FromUserName>oVictim</FromUserName>', '<ToUserName>gh_2</ToUserName>', '<MsgId>1</MsgId>', '<MsgType/>'],
    ];
    const balanced = fc.array(fc.constantFrom(...words), { maxLength: 6 }).map((some) => out + some.join('') + back);
    const any = fc.array(fc.constantFrom(...words), { maxLength: 8 }).map((some) => some.join(''));
    const seen = new Set<string>();
    fc.assert(
      fc.property(fc.oneof(balanced, any), (some) => {
        const push = readMessage(typed(some));
        seen.add(push.type);
        if (push.type === 'unreadable') return;
        expect(push).toMatchObject({
          type: 'message',
          toUserName: 'gh_1',
          fromUserName: 'oUser',
          createTime: 1_700_000_000,
          msgType: 'text',
          event: undefined,
          msgId: '24345678901230001',
        });
      }),
      { numRuns: 2_000 },
    );
    expect(seen).toEqual(new Set(['message', 'unreadable']));
  });
});

test.each<[string, PushUrl, string]>([
  ['not XML', 'events', 'broken_xml'],
  ['{"InfoType":"authorized"}', 'events', 'broken_xml'],
  ['<xml/>', 'events', 'bad_field'],
  ['<xml/>', 'messages', 'bad_field'],
  [notice('component_verify_ticket', ''), 'events', 'bad_field'],
  [notice('component_verify_ticket', '<ComponentVerifyTicket/>'), 'events', 'bad_field'],
  [
    notice('component_verify_ticket', '<ComponentVerifyTicket><a>1</a></ComponentVerifyTicket>'),
    'events',
    'repeated_field',
  ],
  [notice('authorized', '<AuthorizerAppid>wxa</AuthorizerAppid>'), 'events', 'bad_field'],
  [notice('authorized', '<AuthorizationCode>c</AuthorizationCode>'), 'events', 'bad_field'],
  [notice('unauthorized', ''), 'events', 'bad_field'],
  [notice('notify_third_fasteregister', '<status>zero</status>'), 'events', 'bad_field'],
  [notice('notify_third_fasteregister', ''), 'events', 'bad_field'],
  ['<xml><AppId>a</AppId><InfoType>x</InfoType></xml>', 'events', 'bad_field'],
  ['<xml><AppId>a</AppId><InfoType>x</InfoType><CreateTime>-5</CreateTime></xml>', 'events', 'bad_field'],
  ['<xml><InfoType>x</InfoType><CreateTime>5</CreateTime></xml>', 'events', 'bad_field'],
  [
    '<xml><ToUserName>a</ToUserName><FromUserName>b</FromUserName><CreateTime>1</CreateTime></xml>',
    'messages',
    'bad_field',
  ],
])('%s on the URL for %s is unreadable: %s', (xml, url, reason) => {
  expect(readPush(xml, url)).toEqual({ type: 'unreadable', reason });
});

function text(inner: string): string {
  return message('text', inner);
}

function event(inner: string): string {
  return message('event', inner);
}

function message(msgType: string, inner: string): string {
  const cdata = (words: string) => `<![CDATA[${words}]]>`;
  const to = `<ToUserName>${cdata('gh_1')}</ToUserName><FromUserName>${cdata('oUser')}</FromUserName>`;
  return `<xml>${to}<CreateTime>1700000000</CreateTime><MsgType>${cdata(msgType)}</MsgType>${inner}</xml>`;
}

function reasonOf(xml: string, url: PushUrl): string {
  const push = readPush(xml, url);
  return push.type === 'unreadable' ? push.reason : push.type;
}
