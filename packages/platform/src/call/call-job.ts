import { defineJob } from '../queue/job.ts';

export const CallJob = defineJob<{ readonly id: string }>({
  queue: 'calls',
  description: 'Wakes a worker for one call to WeChat. The call is a record of its own; the job contains only its id.',
  fields: { id: 'string' },
  idOf: ({ id }) => id,
  // Only for internal errors, such as an unreachable Redis; WeChat's answers are settled in the record.
  attempts: 1_000,
  backoffMs: 500,
  keep: { count: 1_000 },
});
