import { expect, it } from 'vitest';
import { mayScrape } from './scrape-access.ts';

const near = [
  '127.0.0.1',
  '::1',
  '::ffff:10.1.2.3',
  '10.255.0.1',
  '172.31.0.1',
  '192.168.7.7',
  'fd12::1',
  'fe80::1%eth0',
];
const far = [
  '8.8.8.8',
  '::ffff:1.2.3.4',
  '172.32.0.1',
  '11.0.0.1',
  '2001:4860:4860::8888',
  '',
  'no address',
  undefined,
];

it.each(near)('without a token, %s may read the metrics directly, and not through a proxy', (remoteAddress) => {
  expect(mayScrape({ remoteAddress, headers: {} }, undefined)).toBe(true);
  for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip', 'via']) {
    expect(mayScrape({ remoteAddress, headers: { [name]: '' } }, undefined)).toBe(false);
  }
});

it.each(far)('without a token, %s may not read the metrics', (remoteAddress) => {
  expect(mayScrape({ remoteAddress, headers: {} }, undefined)).toBe(false);
  expect(mayScrape({ remoteAddress, headers: { authorization: 'Bearer guess' } }, undefined)).toBe(false);
});

it('with a token, every sender that presents it may read the metrics, and no other', () => {
  const may = (remoteAddress: string, headers: Record<string, string>) =>
    mayScrape({ remoteAddress, headers }, 'a-token');
  expect(may('8.8.8.8', { authorization: 'Bearer a-token', 'x-forwarded-for': '1.2.3.4' })).toBe(true);
  expect(may('127.0.0.1', {})).toBe(false);
  for (const authorization of ['Bearer a-toke', 'Bearer a-token2', 'Basic a-token', 'a-token', 'Bearer ']) {
    expect(may('127.0.0.1', { authorization })).toBe(false);
  }
});
