import { expect, test } from 'vitest';
import { BodyBudget } from './body-budget.ts';

test('a budget refuses what exceeds it, and has room again for what is given back', () => {
  const budget = new BodyBudget(100, 25);
  expect(budget.take('key-holder', 60)).toBe(true);
  expect(budget.take('key-holder', 16)).toBe(false);
  expect(budget.take('key-holder', 15)).toBe(true);
  budget.giveBack('key-holder', 60);
  expect(budget.take('key-holder', 60)).toBe(true);
});

test('strangers and key holders do not use up each other’s share', () => {
  const budget = new BodyBudget(100, 25);
  expect(budget.take('stranger', 25)).toBe(true);
  expect(budget.take('stranger', 1)).toBe(false);
  expect(budget.take('key-holder', 75)).toBe(true);
  budget.giveBack('stranger', 25);
  expect(budget.take('key-holder', 1)).toBe(false);
  expect(budget.take('stranger', 25)).toBe(true);
});

test('what is held during some work is given back when the work ends or fails', async () => {
  const budget = new BodyBudget(100, 25);
  const work = Promise.withResolvers<string>();
  const held = budget.during('key-holder', 60, () => work.promise);
  expect(budget.take('key-holder', 16)).toBe(false);
  const refused = budget.during('key-holder', 16, () => Promise.resolve('never'));
  await expect(refused).rejects.toMatchObject({ code: 'overloaded', retryAfterMs: 1_000 });
  work.resolve('done');
  expect(await held).toBe('done');
  await expect(budget.during('key-holder', 75, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(budget.take('key-holder', 75)).toBe(true);
});
