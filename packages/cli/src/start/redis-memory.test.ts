import { expect, it } from 'vitest';
import { redisMemoryBytes } from './redis-memory.ts';

const GIB = 1024 ** 3;

it.each([
  ['a machine without limit', 8 * GIB, 0, 4 * GIB],
  ['a limit that is none', 8 * GIB, 2 ** 63, 4 * GIB],
  ['a container', 64 * GIB, 2 * GIB, GIB],
])('the Redis of %s may use half of what there is', (_, total, constrained, expected) => {
  expect(redisMemoryBytes(total, constrained)).toBe(expected);
});
