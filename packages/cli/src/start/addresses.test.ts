import type { NetworkInterfaceInfo } from 'node:os';
import { expect, it } from 'vitest';
import { hostsOf, isLoopback } from './addresses.ts';

const address = (text: string, internal = false): NetworkInterfaceInfo =>
  ({ address: text, internal, family: text.includes(':') ? 'IPv6' : 'IPv4' }) as NetworkInterfaceInfo;
const interfaces = {
  lo: [address('127.0.0.1', true), address('::1', true)],
  docker0: [address('172.17.0.1')],
  eth0: [address('fe80::1'), address('2001:db8::5'), address('192.168.1.5')],
};

it.each([
  ['127.0.0.1', '127.0.0.1', '127.0.0.1'],
  ['localhost', 'localhost', 'localhost'],
  ['::1', '[::1]', '[::1]'],
  ['192.168.1.5', '192.168.1.5', '192.168.1.5'],
  ['0.0.0.0', '127.0.0.1', '192.168.1.5'],
  ['::', '127.0.0.1', '192.168.1.5'],
])('listening on %s: programs of this machine use %s, browsers %s', (host, local, browser) => {
  expect(hostsOf(host, interfaces)).toEqual({ local, browser });
});

it('without a network of its own, a machine offers what there is', () => {
  const { lo, docker0 } = interfaces;
  expect(hostsOf('0.0.0.0', { lo }).browser).toBe('127.0.0.1');
  expect(hostsOf('0.0.0.0', { lo, docker0 }).browser).toBe('172.17.0.1');
  expect(hostsOf('0.0.0.0', { lo, eth0: [address('2001:db8::5')] }).browser).toBe('127.0.0.1');
  expect(hostsOf('::', { lo, eth0: [address('fe80::1'), address('2001:db8::5')] }).browser).toBe('[2001:db8::5]');
});

it('the loopback names are recognized', () => {
  expect(['localhost', '127.0.0.1', '127.1.2.3', '[::1]'].every(isLoopback)).toBe(true);
  expect(['192.168.1.5', '[2001:db8::5]', 'localhost.example.com'].some(isLoopback)).toBe(false);
});
