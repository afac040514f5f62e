import { expect, it } from 'vitest';
import { LOCK_MS, STALL_CHECK_MS } from './run-queue.ts';

const TAKEOVER_MS = 10_000;

it('the jobs of a dead process are taken over well within ten seconds, by the settings of the queues', () => {
  // A check marks the job, and the next one after the end of its lock gives it to another process.
  expect(LOCK_MS + 2 * STALL_CHECK_MS).toBeLessThanOrEqual(TAKEOVER_MS - 3_000);
  // A lock is renewed at half of its time: a busy process needs room for that.
  expect(LOCK_MS).toBeGreaterThanOrEqual(2 * STALL_CHECK_MS);
});
