import { expect, it } from 'vitest';
import { LOCK_MS, STALL_CHECK_MS, withoutCauseOfOutage } from './run-queue.ts';

const TAKEOVER_MS = 10_000;

it('the settings of the queues let other processes take over a dead process’ jobs well within ten seconds', () => {
  // One check marks the job; the first check after the end of its lock gives it to another process.
  expect(LOCK_MS + 2 * STALL_CHECK_MS).toBeLessThanOrEqual(TAKEOVER_MS - 3_000);
  // A lock is renewed at half of its time, so a busy process needs a margin.
  expect(LOCK_MS).toBeGreaterThanOrEqual(2 * STALL_CHECK_MS);
});

it('all errors of an outage of Redis have one code; other errors stay as they are', () => {
  const reply = (message: string) => Object.assign(new Error(message), { name: 'ReplyError' });
  for (const error of [
    reply('UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)'),
    reply('READONLY You can’t write against a read only replica.'),
    new Error('Connection is closed.'),
    Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:6379'), { code: 'ECONNREFUSED' }),
  ]) {
    expect(withoutCauseOfOutage(error)).toMatchObject({ code: 'redis_unreachable' });
  }
  for (const error of [reply('ERR unknown command'), new Error('Missing lock for job 1. moveToFinished')]) {
    expect(withoutCauseOfOutage(error)).toBe(error);
  }
});
