import { defineJob } from '../queue/job.ts';

export const CallJob = defineJob<{ readonly id: string }>({
  queue: 'calls',
  description:
    'Wakes a worker for one call to WeChat. The call itself is a record of its own; nothing is read from here.',
  fields: { id: 'string' },
  idOf: ({ id }) => id,
  // Only for our own trouble, such as a Redis that is away; what WeChat answers is settled in the record.
  attempts: 1_000,
  backoffMs: 500,
  keep: { count: 1_000 },
});
