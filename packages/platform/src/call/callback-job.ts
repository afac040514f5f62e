import { defineJob } from '../queue/job.ts';

/** After a failure in 2 s, then twice as long each time: fifteen tries within about nine hours. */
export const CallbackJob = defineJob<{ readonly id: string }>({
  queue: 'callbacks',
  description: 'Tells a business program how its call ended, until it says that it has heard.',
  idOf: ({ id }) => id,
  attempts: 15,
  backoffMs: 2_000,
  keep: { count: 1_000 },
});
