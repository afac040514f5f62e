import { describe, expect, it } from 'vitest';
import { canReceiveFrom, type MatchablePush, matcherOf, matches } from './filter.ts';

const text: MatchablePush = {
  type: 'message.text',
  component: 'wxc',
  appid: 'wxa',
  handle: 'shop-17',
  openid: 'oPerson',
  fields: { Content: '订单 42', MsgId: '24345678901234567', Nested: { Content: 'x' }, Twice: ['a', 'b'] },
};
const unreadable: MatchablePush = { ...text, type: 'unreadable', openid: null, fields: null };
const notice: MatchablePush = { type: 'component.notify_third_fasteregister', component: 'wxc' };

describe('a filter', () => {
  it('without parts matches everything that is readable', () => {
    expect(matches({}, text)).toBe(true);
    expect(matches({}, notice)).toBe(true);
    expect(matches({ where: {} }, text)).toBe(true);
    expect(matches({}, unreadable)).toBe(false);
  });

  it('matches types exactly or by prefix', () => {
    const matched = (...types: string[]) => matches({ types }, text);
    expect(matched('message.text')).toBe(true);
    expect(matched('message.*')).toBe(true);
    expect(matched('message.te*')).toBe(true);
    expect(matched('*')).toBe(true);
    expect(matched('event.*', 'message.text')).toBe(true);
    expect(matched('message.tex')).toBe(false);
    expect(matched('message.text2')).toBe(false);
    expect(matched('Message.text')).toBe(false);
    expect(matched('event.*')).toBe(false);
    expect(matched()).toBe(false);
    // A star elsewhere is no pattern.
    expect(matched('*.text')).toBe(false);
  });

  it('matches unreadable pushes only if it names them', () => {
    expect(matches({ types: ['unreadable'] }, unreadable)).toBe(true);
    for (const type of ['*', 'unreadable*', 'un*', 'message.*']) {
      expect(matches({ types: [type] }, unreadable)).toBe(false);
    }
    expect(matches({ types: ['*', 'unreadable'] }, unreadable)).toBe(true);
    expect(matches({ types: ['unreadable'], accounts: ['wxa'] }, unreadable)).toBe(true);
    expect(matches({ types: ['unreadable'], where: { Content: { prefix: '' } } }, unreadable)).toBe(false);
    expect(matches({ types: ['unreadable'] }, text)).toBe(false);
  });

  it('matches accounts, handles, components and openids exactly', () => {
    expect(matches({ accounts: ['wxb', 'wxa'] }, text)).toBe(true);
    expect(matches({ accounts: ['wxA'] }, text)).toBe(false);
    expect(matches({ handles: ['shop-17'] }, text)).toBe(true);
    expect(matches({ handles: ['shop-1'] }, text)).toBe(false);
    expect(matches({ components: ['wxc'] }, text)).toBe(true);
    expect(matches({ components: ['wxd'] }, text)).toBe(false);
    expect(matches({ openids: ['oPerson'] }, text)).toBe(true);
    expect(matches({ openids: ['operson'] }, text)).toBe(false);
  });

  it('does not match by a part that does not apply to the push', () => {
    for (const part of [{ accounts: ['wxa'] }, { handles: ['shop-17'] }, { openids: ['oPerson'] }]) {
      expect(matches(part, notice)).toBe(false);
    }
    expect(matches({ components: ['wxc'] }, notice)).toBe(true);
    expect(matches({ where: { Content: '订单 42' } }, notice)).toBe(false);
    expect(matches({ handles: ['shop-17'] }, { ...text, handle: null })).toBe(false);
  });

  it('matches text fields at the top: equal, one of, or by prefix', () => {
    const matched = (where: Parameters<typeof matches>[0]['where']) => matches({ where }, text);
    expect(matched({ Content: '订单 42' })).toBe(true);
    expect(matched({ Content: '订单' })).toBe(false);
    expect(matched({ Content: { prefix: '订单' } })).toBe(true);
    expect(matched({ Content: { prefix: '' } })).toBe(true);
    expect(matched({ Content: { prefix: '單' } })).toBe(false);
    expect(matched({ Content: ['a', '订单 42'] })).toBe(true);
    expect(matched({ Content: ['a', 'b'] })).toBe(false);
    expect(matched({ content: '订单 42' })).toBe(false);
    // Text, however long the number is.
    expect(matched({ MsgId: '24345678901234567' })).toBe(true);
    expect(matched({ MsgId: '24345678901234568' })).toBe(false);
    // Neither lists nor nested fields.
    expect(matched({ Twice: 'a' })).toBe(false);
    expect(matched({ Twice: ['a', 'b'] })).toBe(false);
    expect(matched({ Nested: { prefix: '' } })).toBe(false);
    expect(matched({ constructor: { prefix: '' } })).toBe(false);
  });

  it('matches only if all its parts hold', () => {
    const all = {
      types: ['message.*'],
      accounts: ['wxa'],
      handles: ['shop-17'],
      components: ['wxc'],
      openids: ['oPerson'],
      where: { Content: { prefix: '订单' }, MsgId: ['24345678901234567'] },
    };
    expect(matches(all, text)).toBe(true);
    const others: Partial<typeof text>[] = [
      { type: 'event.click' },
      { appid: 'wxb' },
      { handle: 'shop-18' },
      { component: 'wxd' },
      { openid: 'oOther' },
      { fields: { ...text.fields, Content: 'hello' } },
      { fields: { ...text.fields, MsgId: '1' } },
    ];
    for (const other of others) expect(matches(all, { ...text, ...other })).toBe(false);
  });
});

describe('a format', () => {
  const types = ['message.text', 'event.click', 'authorizer.authorized', 'component.other', 'subscription.paused'];
  const received = (format: 'json' | 'wechat' | 'wechat-component', component: string | null = null, filter = {}) => {
    const matched = matcherOf({ format, component, filter });
    return [...types, 'unreadable'].filter((type) => matched({ ...text, type }));
  };

  it('json receives everything', () => {
    expect(received('json')).toEqual(types);
  });

  it('wechat receives messages and events only', () => {
    expect(received('wechat')).toEqual(['message.text', 'event.click']);
    expect(received('wechat', null, { types: ['authorizer.*', 'unreadable', 'event.*'] })).toEqual(['event.click']);
  });

  it('wechat-component receives also notices about accounts, of its component only', () => {
    expect(received('wechat-component', 'wxc')).toEqual(['message.text', 'event.click', 'authorizer.authorized']);
    expect(received('wechat-component', 'wxother')).toEqual([]);
  });
});

it('a subscription can receive from an account if its accounts, handles and components permit that', () => {
  const account = { appid: 'wxa', handle: 'shop-17', component: 'wxc' };
  const can = (filter: Parameters<typeof matches>[0], component: string | null = null, of: object = account) =>
    canReceiveFrom({ component, filter }, of);
  expect(can({})).toBe(true);
  expect(can({ accounts: ['wxa'], handles: ['shop-17'], components: ['wxc'], types: ['event.click'] })).toBe(true);
  expect(can({ accounts: ['wxb'] })).toBe(false);
  expect(can({ handles: ['shop-18'] })).toBe(false);
  expect(can({ components: ['wxd'] })).toBe(false);
  expect(can({}, 'wxc')).toBe(true);
  expect(can({}, 'wxd')).toBe(false);
  // Of an account that has not authorized yet, only its appid is known.
  expect(can({ accounts: ['wxa'] }, 'wxd', { appid: 'wxa' })).toBe(true);
  expect(can({ handles: ['shop-17'] }, null, { appid: 'wxa' })).toBe(false);
});
