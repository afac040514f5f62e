import { expect, test } from 'vitest';
import { readPushUrl } from './push-url.ts';

test('the event URL names the component', () => {
  expect(readPushUrl('/wechat/wxcomp/events')).toEqual({ component: 'wxcomp', url: 'events', appid: undefined });
});

test('the message URL names the account, too', () => {
  expect(readPushUrl('/wechat/wxcomp/messages/wxa')).toEqual({ component: 'wxcomp', url: 'messages', appid: 'wxa' });
});

test.each([
  '/wechat/',
  '/wechat/a',
  '/wechat/a/event',
  '/wechat/a/events/',
  '/wechat/a/messages',
  '/wechat/%61/events',
  '/wechat/a/b/messages/c',
  `/wechat/${'a'.repeat(65)}/events`,
])('%s is no push URL', (path) => expect(readPushUrl(path)).toBeUndefined());
