import { expect, test } from 'vitest';
import { Guesses } from './guesses.ts';

function guess(guesses: Guesses, address: string, times: number): void {
  for (let n = 0; n < times; n++) guesses.wrong(address, `guess ${n}`);
}

test('the twentieth wrong key in a minute blocks its address until the minute is over', () => {
  let now = 0;
  const guesses = new Guesses(() => now);
  guess(guesses, '10.0.0.1', 19);
  expect(guesses.blockedMs('10.0.0.1', 'key')).toBe(0);
  now = 1_000;
  guess(guesses, '10.0.0.1', 1);
  expect(guesses.blockedMs('10.0.0.1', 'key')).toBe(59_000);
  expect(guesses.blockedMs('10.0.0.2', 'key')).toBe(0);
  now = 60_000;
  expect(guesses.blockedMs('10.0.0.1', 'key')).toBe(0);
});

test('a key that was right from there before goes on, but not from elsewhere', () => {
  const guesses = new Guesses();
  guesses.right('10.0.0.1', 'key');
  guess(guesses, '10.0.0.1', 20);
  guess(guesses, '10.0.0.2', 20);
  expect(guesses.blockedMs('10.0.0.1', 'key')).toBe(0);
  expect(guesses.blockedMs('10.0.0.1', 'another')).toBeGreaterThan(0);
  expect(guesses.blockedMs('10.0.0.2', 'key')).toBeGreaterThan(0);
  guesses.wrong('10.0.0.1', 'key');
  expect(guesses.blockedMs('10.0.0.1', 'key')).toBeGreaterThan(0);
});

test('a right key does not pay for wrong ones', () => {
  const guesses = new Guesses();
  for (let n = 0; n < 20; n++) {
    guesses.wrong('10.0.0.1', `guess ${n}`);
    guesses.right('10.0.0.1', 'key');
  }
  expect(guesses.blockedMs('10.0.0.1', 'another')).toBeGreaterThan(0);
});

test('what is remembered is bounded; the oldest is forgotten', () => {
  const guesses = new Guesses();
  guesses.right('10.0.0.1', 'oldest');
  for (let n = 0; n < 10_000; n++) guesses.right('10.0.0.1', `key ${n}`);
  guess(guesses, '10.0.0.1', 20);
  expect(guesses.blockedMs('10.0.0.1', 'oldest')).toBeGreaterThan(0);
  expect(guesses.blockedMs('10.0.0.1', 'key 9999')).toBe(0);
});
