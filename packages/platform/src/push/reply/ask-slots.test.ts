import { expect, it } from 'vitest';
import { AskSlots } from './ask-slots.ts';

it('bounds the requests of each subscription', () => {
  const slots = new AskSlots();
  const first = slots.enter('a', 2)!;
  expect(slots.enter('a', 2)).toBeDefined();
  expect(slots.enter('a', 2)).toBeUndefined();
  expect(slots.enter('b', 1)).toBeDefined();
  first();
  first();
  expect(slots.enter('a', 2)).toBeDefined();
  expect(slots.enter('a', 2)).toBeUndefined();
});

it('bounds the requests of a gateway', () => {
  const slots = new AskSlots();
  const entered = Array.from({ length: 2_000 }, (_, i) => slots.enter(`sub_${i % 200}`, 10)!);
  expect(slots.enter('another', 10)).toBeUndefined();
  entered[0]!();
  expect(slots.enter('another', 10)).toBeDefined();
});
