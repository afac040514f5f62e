import { expect, test } from 'vitest';
import { nextAttemptAt, waits } from './next-attempt.ts';

const now = new Date(10_000);
const before = new Date(5_000);
const soon = new Date(15_000);
const later = new Date(20_000);
const none = { probeAt: null, holdUntil: null };

test('a failing subscription waits, and an active one while its receiver asks for silence', () => {
  expect(waits({ state: 'failing', ...none }, now)).toBe(true);
  expect(waits({ state: 'active', ...none, holdUntil: soon }, now)).toBe(true);
  expect(waits({ state: 'active', ...none, holdUntil: before }, now)).toBe(false);
  expect(waits({ state: 'paused', ...none, holdUntil: soon }, now)).toBe(false);
});

test('the next attempt is at the last of the times that it waits for', () => {
  expect(nextAttemptAt({ state: 'failing', ...none, probeAt: soon }, before)).toEqual(soon);
  expect(nextAttemptAt({ state: 'failing', probeAt: soon, holdUntil: later }, before)).toEqual(later);
  expect(nextAttemptAt({ state: 'failing', ...none, probeAt: soon }, later)).toEqual(later);
});
