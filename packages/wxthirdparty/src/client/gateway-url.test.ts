import { expect, it } from 'vitest';
import { gatewayUrlOf } from './gateway-url.ts';

const gateway = 'http://127.0.0.1:3000/base';

it.each([
  [`${gateway}/cgi-bin/menu/get?access_token=t`, '/cgi-bin/menu/get?access_token=t'],
  ['https://api.weixin.qq.com/card/create?access_token=t', '/card/create?access_token=t'],
  ['https://sh.api.weixin.qq.com/cgi-bin/x?a=%E4%B8%AD&b=%2f', '/cgi-bin/x?a=%E4%B8%AD&b=%2f'],
  ['https://api2.weixin.qq.com:443/x', '/x'],
  ['http://file.api.weixin.qq.com/cgi-bin/media/get?access_token=t', '/cgi-bin/media/get?access_token=t'],
  ['https://mp.weixin.qq.com/cgi-bin/showqrcode?ticket=t', '/cgi-bin/showqrcode?ticket=t'],
])('%s goes to the gateway', (url, path) => {
  expect(gatewayUrlOf(gateway, url)).toBe(gateway + path);
});

it.each([
  'https://example.com/?access_token=t',
  'https://api.weixin.qq.com.example.com/x',
  'https://api.weixin.qq.com@example.com/x',
  'https://example.com/https://api.weixin.qq.com/x',
  'http://127.0.0.1:3000/baseless',
  'http://127.0.0.1:3000/other',
  'example.com',
  '//api.weixin.qq.com/x',
  '',
])('%s is refused: the token is only for the gateway', (url) => {
  expect(() => gatewayUrlOf(gateway, url)).toThrow(expect.objectContaining({ code: 'address_not_allowed' }));
});
