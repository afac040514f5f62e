import { expect, test } from 'vitest';
import { AttemptLimiter } from './attempt-limiter.ts';

const bounds = { failures: 10, windowMs: 600_000 };

function failTimes(tries: AttemptLimiter, address: string, times: number): void {
  for (let n = 0; n < times; n++) tries.failed(address);
}

test('the tenth failure in ten minutes blocks the address until they have passed', () => {
  let now = 0;
  const tries = new AttemptLimiter(bounds, () => now);
  failTimes(tries, '10.0.0.1', 9);
  expect(tries.blockedMs('10.0.0.1')).toBe(0);
  now = 1000;
  tries.failed('10.0.0.1');
  expect(tries.blockedMs('10.0.0.1')).toBe(599_000);
  expect(tries.blockedMs('10.0.0.2')).toBe(0);
  now = 600_000;
  expect(tries.blockedMs('10.0.0.1')).toBe(0);
  tries.failed('10.0.0.1');
  expect(tries.blockedMs('10.0.0.1')).toBe(0);
});

test('one IPv6 network counts as one address, and both spellings of an IPv4 address count as the same one', () => {
  const tries = new AttemptLimiter(bounds);
  for (let n = 1; n <= 10; n++) tries.failed(`2001:db8:0:7::${n}`);
  expect(tries.blockedMs('2001:db8:0:7:1:2:3:4')).toBeGreaterThan(0);
  expect(tries.blockedMs('2001:db8:0:8::1')).toBe(0);
  failTimes(tries, '::ffff:10.0.0.1', 10);
  expect(tries.blockedMs('10.0.0.1')).toBeGreaterThan(0);
});

test('ten thousand other addresses evict the oldest one', () => {
  const tries = new AttemptLimiter(bounds);
  failTimes(tries, 'oldest', 10);
  for (let n = 0; n < 10_000; n++) tries.failed(`other ${n}`);
  expect(tries.blockedMs('oldest')).toBe(0);
});
