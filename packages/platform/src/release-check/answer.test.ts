import { type Push, readPush, TEST_ACCOUNTS } from '@wxthirdparty/wechat';
import { describe, expect, it } from 'vitest';
import { checkedPush, rehearsalSender } from './answer.ts';

const official = TEST_ACCOUNTS.filter(({ kind }) => kind === 'official-account');
const miniPrograms = TEST_ACCOUNTS.filter(({ kind }) => kind === 'mini-program');

function message(userName: string, more: string, from = 'oTester'): Push {
  const xml =
    `<xml><ToUserName>${userName}</ToUserName><FromUserName>${from}</FromUserName>` +
    `<CreateTime>1700000000</CreateTime>${more}</xml>`;
  return readPush(xml, 'messages');
}
const text = (content: string) =>
  `<MsgType>text</MsgType><Content><![CDATA[${content}]]></Content><MsgId>24345678901234567</MsgId>`;
const event = (name: string) => `<MsgType>event</MsgType><Event>${name}</Event>`;
const answer = (push: Push, appid?: string) => checkedPush(push, appid)?.answer;

it('has the five pairs of the protocol', () => {
  expect(official).toHaveLength(5);
  expect(miniPrograms).toHaveLength(5);
  expect(new Set(TEST_ACCOUNTS.flatMap(({ appid, userName }) => [appid, userName])).size).toBe(20);
});

describe.each(TEST_ACCOUNTS)('of group $group, $kind, ', ({ appid, userName, kind }) => {
  const to = { openid: 'oTester', userName };
  const passive = kind === 'official-account';

  it('the text is answered with _callback, an official account only', () => {
    const content = 'TESTCOMPONENT_MSG_TYPE_TEXT_callback';
    expect(answer(message(userName, text('TESTCOMPONENT_MSG_TYPE_TEXT')), appid)).toEqual(
      passive ? { answer: 'reply', step: 'text', content, to } : { answer: 'success' },
    );
  });

  it('an event is answered with its name and from_callback, an official account only', () => {
    expect(answer(message(userName, event('LOCATION')), appid)).toEqual(
      passive ? { answer: 'reply', step: 'event', content: 'LOCATIONfrom_callback', to } : { answer: 'success' },
    );
  });

  it('the code is taken byte for byte and answered with nothing', () => {
    const code = 'queryauthcode@@@a-B_c';
    expect(answer(message(userName, text(`QUERY_AUTH_CODE:${code}`)), appid)).toEqual({ answer: 'empty', code, to });
  });
});

const [{ appid, userName } = { appid: '', userName: '' }] = official;

it('is recognized by the URL or by ToUserName', () => {
  const push = message(userName, text('TESTCOMPONENT_MSG_TYPE_TEXT'));
  expect(checkedPush(push, 'wxother')?.account.appid).toBe(appid);
  expect(checkedPush(message('gh_other', text('x')), appid)?.account.appid).toBe(appid);
  expect(checkedPush(message('gh_other', text('TESTCOMPONENT_MSG_TYPE_TEXT')), 'wxother')).toBeUndefined();
});

it.each(['', ' TESTCOMPONENT_MSG_TYPE_TEXT', 'TESTCOMPONENT_MSG_TYPE_TEXT\n', 'QUERY_AUTH_CODE:', 'hello'])(
  'answers success to the other text %j',
  (content) => expect(answer(message(userName, text(content)), appid)).toEqual({ answer: 'success' }),
);

it('answers success to what it cannot read', () => {
  expect(answer(readPush('no XML', 'messages'), appid)).toEqual({ answer: 'success' });
  expect(answer(message(userName, '<MsgType>image</MsgType>'), appid)).toEqual({ answer: 'success' });
});

it('does not apply to the event URL', () => {
  const xml = `<xml><AppId>wxc</AppId><CreateTime>1</CreateTime><InfoType>unauthorized</InfoType><AuthorizerAppid>${appid}</AuthorizerAppid></xml>`;
  expect(checkedPush(readPush(xml, 'events'), undefined)).toBeUndefined();
});

it('recognizes the pushes of a rehearsal by their sender', () => {
  const push = message(userName, text('TESTCOMPONENT_MSG_TYPE_TEXT'), rehearsalSender('rc_1'));
  expect(checkedPush(push, appid)?.rehearsal).toBe('rc_1');
  expect(checkedPush(message(userName, text('x')), appid)?.rehearsal).toBeUndefined();
});
