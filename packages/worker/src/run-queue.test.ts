import { expect, it } from 'vitest';
import { LOCK_MS, STALL_CHECK_MS } from './run-queue.ts';

const TAKEOVER_MS = 10_000;

it('the settings of the queues let other processes take over a dead process’ jobs well within ten seconds', () => {
  // One check marks the job; the first check after the end of its lock gives it to another process.
  expect(LOCK_MS + 2 * STALL_CHECK_MS).toBeLessThanOrEqual(TAKEOVER_MS - 3_000);
  // A lock is renewed at half of its time, so a busy process needs a margin.
  expect(LOCK_MS).toBeGreaterThanOrEqual(2 * STALL_CHECK_MS);
});
