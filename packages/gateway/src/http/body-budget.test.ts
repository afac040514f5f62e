import { expect, test } from 'vitest';
import { BodyBudget } from './body-budget.ts';

test('a budget refuses what exceeds it, and accepts again what was released', () => {
  const budget = new BodyBudget(100, 25);
  expect(budget.take('key-holder', 60)).toBe(true);
  expect(budget.take('key-holder', 16)).toBe(false);
  expect(budget.take('key-holder', 15)).toBe(true);
  budget.release('key-holder', 60);
  expect(budget.take('key-holder', 60)).toBe(true);
});

test('strangers and key holders do not use up each other’s share', () => {
  const budget = new BodyBudget(100, 25);
  expect(budget.take('stranger', 25)).toBe(true);
  expect(budget.take('stranger', 1)).toBe(false);
  expect(budget.take('key-holder', 75)).toBe(true);
  budget.release('stranger', 25);
  expect(budget.take('key-holder', 1)).toBe(false);
  expect(budget.take('stranger', 25)).toBe(true);
});

test('large unfinished bodies of strangers are given up for a small one, the largest first', () => {
  const budget = new BodyBudget(100, 25);
  const givenUp: number[] = [];
  const hold = (size: number) => {
    const body = {
      held: 0,
      giveUp() {
        givenUp.push(size);
        budget.release('stranger', body.held);
        budget.forget(body);
      },
    };
    const isTaken = budget.takeForStranger(body, size);
    if (isTaken) body.held = size;
    return isTaken;
  };
  expect([hold(8), hold(10), hold(7)]).toEqual([true, true, true]);
  expect(hold(10)).toBe(false);
  expect(givenUp).toEqual([]);
  expect(hold(3)).toBe(true);
  expect(givenUp).toEqual([10]);
  expect(hold(9)).toBe(false);
  expect(hold(7)).toBe(true);
  expect(hold(2)).toBe(true);
  expect(givenUp).toEqual([10, 8]);
});

test('the bytes taken for some work are released when the work ends or fails', async () => {
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
