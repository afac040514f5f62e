import type { Push } from '@wxthirdparty/wechat';
import { expect, it } from 'vitest';
import { samenessOf } from './sameness.ts';

const event: Push = {
  type: 'message',
  toUserName: 'gh_1',
  fromUserName: 'oA',
  createTime: 1_700_000_000,
  msgType: 'event',
  event: 'subscribe',
  eventKey: undefined,
  msgId: undefined,
  fields: {},
};
const of = (push: Push, appid = 'wxa', component = 'wxc') => samenessOf(component, appid, push);

it('knows a message by its MsgId alone, within its account', () => {
  const message: Push = { ...event, msgType: 'text', event: undefined, msgId: '24345678901234567' };
  expect(of({ ...message, createTime: 1 })).toBe(of(message));
  expect(of({ ...message, msgId: '24345678901234568' })).not.toBe(of(message));
  expect(of(message, 'wxb')).not.toBe(of(message));
  expect(of(message, 'wxa', 'wxd')).not.toBe(of(message));
});

it('tells two events of one user in one second apart', () => {
  expect(of({ ...event })).toBe(of(event));
  expect(of({ ...event, event: 'SCAN', eventKey: '1' })).not.toBe(of(event));
  expect(of({ ...event, eventKey: '2' })).not.toBe(of(event));
  expect(of({ ...event, fromUserName: 'oB' })).not.toBe(of(event));
});

it('does not confuse parts that run together', () => {
  expect(of({ ...event, fromUserName: 'oA1', createTime: 2 })).not.toBe(
    of({ ...event, fromUserName: 'oA', createTime: 12 }),
  );
});

it('takes every ticket', () => {
  expect(of({ type: 'ticket', component: 'wxc', createTime: 1, ticket: 't' })).toBeUndefined();
});

it('is fit to be a job id', () => {
  expect(of(event)).toMatch(/^[A-Za-z0-9_-]{43}$/);
});
