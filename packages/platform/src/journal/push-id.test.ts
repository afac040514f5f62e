import { readPush } from '@wxthirdparty/wechat';
import { describe, expect, it } from 'vitest';
import { identityOf, isPushId, noticeIdOf, pushIdOf, pushTimeOf } from './push-id.ts';

interface Where {
  readonly url?: 'events' | 'messages';
  readonly component?: string;
  readonly appid?: string;
}

function keyOf(xml: string, { url = 'messages', component = 'wxcomponent', appid = 'wxaccount' }: Where = {}) {
  return identityOf(component, url === 'messages' ? appid : undefined, readPush(xml, url), Buffer.from(xml));
}

const text = (more = '<MsgId>24345678901234567</MsgId>', from = 'oPerson', at = 1795874599) =>
  `<xml><ToUserName>gh_1</ToUserName><FromUserName>${from}</FromUserName><CreateTime>${at}</CreateTime>` +
  `<MsgType>text</MsgType><Content>hi</Content>${more}</xml>`;
const event = (name: string, more: string) =>
  '<xml><ToUserName>gh_1</ToUserName><FromUserName>oPerson</FromUserName><CreateTime>1795874599</CreateTime>' +
  `<MsgType>event</MsgType><Event>${name}</Event>${more}</xml>`;
const notice = (infoType: string, more: string) =>
  `<xml><AppId>wxcomponent</AppId><CreateTime>1795874599</CreateTime><InfoType>${infoType}</InfoType>${more}</xml>`;

describe('a message with MsgId', () => {
  it('is known by account, MsgId, sender and time', () => {
    expect(keyOf(text())).toBe('f58elovunc37204hdd3');
    expect(keyOf(text().replace('hi', 'hello'))).toBe(keyOf(text()));
    const others = [
      keyOf(text('<MsgId>24345678901234568</MsgId>')),
      // MsgId alone has repeated between users.
      keyOf(text(undefined, 'oOther')),
      keyOf(text(undefined, 'oPerson', 1795874600)),
      keyOf(text(), { appid: 'wxother' }),
      keyOf(text(), { component: 'wxothercomponent' }),
    ];
    expect(new Set([keyOf(text()), ...others]).size).toBe(6);
  });

  it('is identified by all its fields if it has no MsgId', () => {
    expect(keyOf(text(''))).not.toBe(keyOf(text('').replace('hi', 'hello')));
  });
});

describe('an event', () => {
  it.each([
    ['two media checks', ['<trace_id>A</trace_id>', '<trace_id>B</trace_id>']],
    ['two template results', ['<MsgID>1</MsgID>', '<MsgID>2</MsgID>']],
    ['two cards', ['<UserCardCode>1</UserCardCode>', '<UserCardCode>2</UserCardCode>']],
    ['two menu buttons', ['<EventKey>1</EventKey>', '<EventKey>2</EventKey>']],
    ['two lists', ['<a>1</a><a>2</a>', '<a>2</a><a>1</a>']],
    ['two depths', ['<a><b>1</b></a>', '<a><c>1</c></a>']],
  ])('is not another one of the same user and second: %s', (_name, [one, other]) => {
    expect(keyOf(event('same', one!))).not.toBe(keyOf(event('same', other!)));
  });

  it('is the same in any order and layout of its fields', () => {
    const some = event('CLICK', '<EventKey>1</EventKey><a><b>1</b><c>2</c></a>');
    const other = event('CLICK', '<a>\n<c><![CDATA[2]]></c><b>1</b></a><EventKey>1</EventKey>');
    expect(keyOf(other)).toBe(keyOf(some));
  });

  it('is not known by a MsgId that it should not have', () => {
    const one = event('CLICK', '<MsgId>1</MsgId><EventKey>1</EventKey>');
    expect(keyOf(one)).not.toBe(keyOf(one.replace('<EventKey>1', '<EventKey>2')));
  });
});

describe('a notice', () => {
  const code = (words: string) =>
    `<AuthorizerAppid>wxa</AuthorizerAppid><AuthorizationCode>${words}</AuthorizationCode>`;
  it.each([
    ['authorized', code('c1'), code('c2')],
    ['updateauthorized', code('c1'), code('c2')],
    ['unauthorized', '<AuthorizerAppid>wxa</AuthorizerAppid>', '<AuthorizerAppid>wxb</AuthorizerAppid>'],
    [
      'notify_third_fasteregister',
      '<status>0</status><info><name>a</name></info>',
      '<status>0</status><info><name>b</name></info>',
    ],
    ['notify_unknown', '<x>1</x>', '<x>2</x>'],
  ])('is identified by all its fields: %s', (infoType, one, other) => {
    const of = (more: string) => keyOf(notice(infoType, more), { url: 'events' });
    expect(of(one)).toBe(of(one));
    expect(of(one)).not.toBe(of(other));
  });

  it('has no key if it is a ticket: each is taken', () => {
    const ticket = notice('component_verify_ticket', '<ComponentVerifyTicket>t</ComponentVerifyTicket>');
    expect(keyOf(ticket, { url: 'events' })).toBeUndefined();
  });
});

it('knows an unreadable push by its bytes', () => {
  expect(keyOf('no XML')).toBe(keyOf('no XML'));
  expect(keyOf('no XML')).not.toBe(keyOf('no XML!'));
  // Both are the same text once they are decoded.
  const key = (byte: number) =>
    identityOf('wxc', 'wxa', { type: 'unreadable', reason: 'broken_xml' }, Buffer.from([byte]));
  expect(key(0xfe)).not.toBe(key(0xff));
});

describe('the id of a push', () => {
  const idOf = (xml: string, signedAt = '1795874600') => {
    const push = readPush(xml, 'messages');
    return pushIdOf(pushTimeOf(push, signedAt), keyOf(xml)!);
  };

  it('is its CreateTime and its identity, as documented', () => {
    expect(idOf(text())).toBe('1lglnp7f58elovunc37204hdd3');
    expect(isPushId(idOf(text()))).toBe(true);
  });

  it('is the same for a redelivery a day later, and for a push of last year', () => {
    expect(idOf(text(), String(1795874600 + 86_400))).toBe(idOf(text()));
    expect(idOf(text(), String(1795874600 + 365 * 86_400))).toBe(idOf(text()));
  });

  it('sorts by time', () => {
    const ids = [1, 1795874599, 1795874600, 9_999_999_999].map((time) => pushIdOf(time, keyOf(text())!));
    expect(ids.toSorted()).toEqual(ids);
  });

  it('has the hour of the signed timestamp where CreateTime is far ahead of it, or cannot be read', () => {
    const hour = 1795874600 - (1795874600 % 3_600);
    const ahead = text(undefined, 'oPerson', 1795874600 + 3_601);
    expect(pushTimeOf(readPush(ahead, 'messages'), '1795874600')).toBe(hour);
    expect(pushTimeOf(readPush('no XML', 'messages'), '1795874600')).toBe(hour);
    expect(pushTimeOf(readPush('no XML', 'messages'), String(hour + 3_599))).toBe(hour);
    const within = text(undefined, 'oPerson', 1795874600 + 3_600);
    expect(pushTimeOf(readPush(within, 'messages'), '1795874600')).toBe(1795874600 + 3_600);
  });

  it('exists for any signed timestamp', () => {
    expect(isPushId(idOf('no XML', '9'.repeat(20)))).toBe(true);
    expect(isPushId(idOf('no XML', '0'))).toBe(true);
  });
});

it('the id of a notice depends on what it reports and when', () => {
  const authorized = { type: 'authorizer.authorized', component: 'wxc', appid: 'wxa' };
  const at = new Date(1795874599_500);
  const id = noticeIdOf(authorized, at, '7');
  expect(isPushId(id)).toBe(true);
  expect(noticeIdOf(authorized, at, '7')).toBe(id);
  const others = [
    noticeIdOf(authorized, at, '8'),
    noticeIdOf({ ...authorized, appid: 'wxb' }, at, '7'),
    noticeIdOf({ ...authorized, type: 'authorizer.updated' }, at, '7'),
    noticeIdOf(authorized, new Date(1795874600_000), '7'),
  ];
  expect(new Set([id, ...others]).size).toBe(5);
});
