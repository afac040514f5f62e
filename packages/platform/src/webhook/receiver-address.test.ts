import { expect, it } from 'vitest';
import { readReceiverAddress } from './receiver-address.ts';

it.each([
  ['http://2130706433', '127.0.0.1'],
  ['http://0x7f.1', '127.0.0.1'],
  ['http://0177.0.0.1', '127.0.0.1'],
  ['http://127.0.0.1.', '127.0.0.1'],
  ['http://１２７。0。0。1', '127.0.0.1'],
  ['http://0', '0.0.0.0'],
  ['http://[::ffff:127.0.0.1]', '::ffff:7f00:1'],
  ['http://[::]:8080/x', '::'],
  ['http://\t127.0.0.1\\@example.com/', '127.0.0.1'],
])('%s is the literal address %s', (url, host) => {
  expect(readReceiverAddress(url)).toMatchObject({ host, isLiteral: true });
});

it.each([
  [
    'https://App.Example.com./hook?a=1#x',
    { host: 'app.example.com', port: 443, path: '/hook?a=1', authority: 'app.example.com.' },
  ],
  ['http://app.example.com', { host: 'app.example.com', port: 80, path: '/', protocol: 'http' }],
  [
    'https://bücher.example:8443',
    { host: 'xn--bcher-kva.example', port: 8443, authority: 'xn--bcher-kva.example:8443' },
  ],
  ['https://ⓛocalhost/', { host: 'localhost', isLiteral: false }],
  ['https://x:0/', { port: 0 }],
])('reads %s', (url, expected) => {
  expect(readReceiverAddress(url)).toMatchObject(expected);
});

it.each([
  '',
  'example.com',
  '/hook',
  'ftp://example.com',
  'file:///etc/passwd',
  'javascript:alert(1)',
  'https://user@example.com',
  'https://user:password@example.com',
  'https://:password@example.com',
  'https://.',
  'https://[fe80::1%25eth0]/',
  'https://256.1.1.1',
  'https://a b.example',
])('%j is refused', (url) => expect(readReceiverAddress(url)).toBeUndefined());
