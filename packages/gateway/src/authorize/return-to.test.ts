import { expect, it } from 'vitest';
import { ReturnTo } from './return-to.ts';

const returnTo = new ReturnTo(
  () => 'https://wx.example.com/base',
  ['https://shop.example.com', 'http://localhost:8080'],
);

it.each([
  ['https://shop.example.com/a?b=c#d', 'https://shop.example.com/a?b=c#d'],
  ['https://SHOP.example.com', 'https://shop.example.com/'],
  ['http://localhost:8080/x', 'http://localhost:8080/x'],
  ['https://wx.example.com/done', 'https://wx.example.com/done'],
  ['/done?x=1', 'https://wx.example.com/done?x=1'],
])('lets a browser go to %s', (address, whole) => {
  expect(returnTo.check(address)).toBe(whole);
});

it.each([
  'https://evil.example.com/',
  '//evil.example.com/',
  '/\\evil.example.com',
  'https:/\\evil.example.com',
  'https://shop.example.com:444/',
  'https://shop.example.com.evil.com/',
  'https://evil.com#@shop.example.com/',
  'https://evil.com?https://shop.example.com/',
  'https://user@shop.example.com/',
  'https://shop.example.com@evil.com/',
  'http://localhost:8081/',
  'javascript:alert(1)',
  'data:text/html,x',
  '/a\r\nSet-Cookie: x=1',
  '\thttps://evil.com',
  'https://[',
  `/${'x'.repeat(2_000)}`,
])('refuses %j', (address) => {
  expect(() => returnTo.check(address)).toThrow('RETURN_TO_ORIGINS');
});
