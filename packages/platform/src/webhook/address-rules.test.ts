import { describe, expect, it } from 'vitest';
import { AddressRules, isNetwork } from './address-rules.ts';

const without = new AddressRules([]);

describe('without listed networks', () => {
  it.each([
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1']],
    ['private', ['10.0.0.5', '172.16.0.1', '172.31.255.255', '192.168.1.1']],
    ['shared', ['100.64.0.1', '100.100.100.200', '100.127.255.255']],
    ['link-local', ['169.254.169.254', 'fe80::1', 'febf::1']],
    ['unspecified', ['0.0.0.0', '0.1.2.3', '::']],
    ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1']],
    [
      'reserved',
      ['192.0.0.1', '192.88.99.1', '240.0.0.1', '255.255.255.255', '100::1', '3ffe::1', '5f00::1', '4000::1'],
    ],
    ['documentation', ['192.0.2.1', '198.51.100.7', '203.0.113.9', '2001:db8::1', '3fff::1']],
    ['benchmark', ['198.18.0.1', '198.19.255.255', '2001:2::1']],
    ['unique local and site-local', ['fc00::1', 'fd00:ec2::254', 'fec0::1']],
    ['IPv4 mapped into IPv6', ['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:8.8.8.8', '::127.0.0.1']],
    ['NAT64', ['64:ff9b::7f00:1', '64:ff9b::8.8.8.8', '64:ff9b:1::1']],
    ['6to4 and Teredo', ['2002:7f00:1::1', '2002:808:808::1', '2001::1', '2001:0:4136:e378::1']],
    ['no address', ['', 'localhost', '1.2.3', 'fe80::1%eth0', '2606:4700::1%1', '[::1]']],
  ])('%s is refused', (_kind, addresses) => {
    for (const address of addresses) expect([address, without.permits(address, 'https')]).toEqual([address, false]);
  });

  it.each([
    '1.1.1.1',
    '9.255.255.255',
    '11.0.0.0',
    '100.63.255.255',
    '100.128.0.0',
    '126.255.255.255',
    '128.0.0.0',
    '169.253.255.255',
    '172.15.255.255',
    '172.32.0.0',
    '192.0.1.0',
    '192.167.255.255',
    '198.17.255.255',
    '198.20.0.0',
    '223.255.255.255',
    '2606:4700::1111',
    '240e::1',
    '2001:200::1',
    '2400:cb00:0:0:0:0:7f00:1',
  ])('%s is public: reached by https, not by http', (address) => {
    expect(without.permits(address, 'https')).toBe(true);
    expect(without.permits(address, 'http')).toBe(false);
  });
});

describe('a listed network', () => {
  const rules = new AddressRules(['10.1.0.0/16', 'fd00:1::/32', '203.0.113.9/32', '::ffff:7f00:0/104']);

  it('is reached by http and https, its neighbours are not', () => {
    for (const protocol of ['http', 'https'] as const) {
      for (const address of ['10.1.0.0', '10.1.255.255', 'fd00:1:ffff::1', '203.0.113.9']) {
        expect(rules.permits(address, protocol)).toBe(true);
      }
      for (const address of ['10.0.255.255', '10.2.0.0', 'fd00:2::1', 'fd00::1', '203.0.113.10']) {
        expect(rules.permits(address, protocol)).toBe(false);
      }
    }
  });

  it('does not contain other forms of its addresses, unless they are listed, too', () => {
    expect(rules.isListed('::ffff:10.1.0.1')).toBe(false);
    expect(rules.isListed('64:ff9b::a01:1')).toBe(false);
    expect(rules.isListed('::ffff:127.0.0.1')).toBe(true);
    expect(rules.isListed('127.0.0.1')).toBe(false);
  });

  it('may be all of a version', () => {
    const all = new AddressRules(['0.0.0.0/0']);
    expect(all.permits('169.254.169.254', 'http')).toBe(true);
    expect(all.permits('::1', 'http')).toBe(false);
    expect(new AddressRules(['::/0']).permits('::1', 'http')).toBe(true);
  });
});

it.each(['10.0.0.0/8', '127.0.0.1/32', '0.0.0.0/0', '::1/128', 'fd00::/8', '::/0', '2001:DB8::/32'])(
  '%s is a network',
  (text) => expect(isNetwork(text)).toBe(true),
);

it.each([
  '',
  '10.0.0.0',
  '10.0.0.0/33',
  '10.0.0.5/8',
  '10.0.0/8',
  '10.0.0.0/-1',
  '10.0.0.0/8/8',
  '010.0.0.0/8',
  ' 10.0.0.0/8',
  'fd00::/129',
  'fd00::1/64',
  'fe80::%eth0/64',
  'localhost/8',
  '10.0.0.0/',
])('%j is no network', (text) => expect(isNetwork(text)).toBe(false));

it('a text that is no network is reported', () => {
  expect(() => new AddressRules(['10.0.0.5/8'])).toThrow('10.0.0.5/8');
});
