import { readPush } from '@wxthirdparty/wechat';
import { expect, it } from 'vitest';
import { componentNoticeType, pushTypeOf } from './push-type.ts';

const message = (inner: string) =>
  `<xml><ToUserName>gh_1</ToUserName><FromUserName>o1</FromUserName><CreateTime>1</CreateTime>${inner}</xml>`;
const typeOf = (inner: string) => pushTypeOf(readPush(message(inner), 'messages'));

it('messages have the type of their MsgType, events that of their Event', () => {
  expect(typeOf('<MsgType>text</MsgType>')).toBe('message.text');
  expect(typeOf('<MsgType>miniprogrampage</MsgType>')).toBe('message.miniprogrampage');
  expect(typeOf('<MsgType>event</MsgType><Event>SCAN</Event>')).toBe('event.scan');
  expect(typeOf('<MsgType>event</MsgType><Event>user_enter_tempsession</Event>')).toBe('event.user_enter_tempsession');
  expect(typeOf('<MsgType>event</MsgType>')).toBe('event.');
});

it('other characters become an underscore, and the length is bounded', () => {
  expect(typeOf('<MsgType>a-b.c é</MsgType>')).toBe('message.a_b_c__');
  expect(typeOf(`<MsgType>${'x'.repeat(200)}</MsgType>`)).toHaveLength(80);
});

it('an unreadable push has a type of its own; pushes for the component are reported by notices', () => {
  expect(pushTypeOf(readPush('no XML', 'messages'))).toBe('unreadable');
  const notice = '<xml><AppId>wxc</AppId><CreateTime>1</CreateTime><InfoType>unknown</InfoType></xml>';
  expect(pushTypeOf(readPush(notice, 'events'))).toBeUndefined();
  expect(componentNoticeType('notify_3rd_wxa_auth')).toBe('component.notify_3rd_wxa_auth');
  expect(componentNoticeType('Notify-X')).toBe('component.notify_x');
});
