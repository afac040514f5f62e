import { expect, it } from 'vitest';
import { PushJob } from '../push/push-job.ts';
import { RefreshJob } from '../token/refresh-job.ts';
import { defineQueues } from './queues.ts';

it('a table of queues refuses a contract under a name that is not its own', () => {
  expect(Object.keys(defineQueues({ pushes: PushJob, refreshes: RefreshJob }))).toEqual(['pushes', 'refreshes']);
  expect(() => defineQueues({ pushes: RefreshJob })).toThrow('The queue refreshes is in the table as pushes.');
});
