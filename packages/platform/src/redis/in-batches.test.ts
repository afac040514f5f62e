import { expect, it } from 'vitest';
import { inBatches } from './in-batches.ts';

it('what is asked for at the same time is sent together, and each caller receives its own answer', async () => {
  const batches: number[][] = [];
  const double = inBatches(async (inputs: readonly number[]) => {
    batches.push([...inputs]);
    return inputs.map((input) => (input === 3 ? new Error('no') : input * 2));
  });
  const results = await Promise.allSettled([double(1), double(2), double(3)]);
  expect(results).toMatchObject([{ value: 2 }, { value: 4 }, { reason: { message: 'no' } }]);
  expect(await double(4)).toBe(8);
  expect(batches).toEqual([[1, 2, 3], [4]]);
});

it('a batch that cannot be sent fails for all its callers, and the next one is sent', async () => {
  let isDown = true;
  const echo = inBatches(async (inputs: readonly number[]) => {
    if (isDown) throw new Error('down');
    return inputs;
  });
  const results = await Promise.allSettled([echo(1), echo(2)]);
  expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  isDown = false;
  expect(await echo(3)).toBe(3);
});
