import { defineJob } from '../queue/job.ts';

export interface ReplayPayload {
  readonly id: string;
}

export const ReplayJob = defineJob<ReplayPayload>({
  queue: 'replays',
  description: 'A few seconds of a replay: creates deliveries again from the journal.',
  fields: { id: 'string' },
  deduplicateBy: ({ id }) => id,
  // Maintenance adds the job of a running replay again.
  attempts: 1,
  keep: { count: 100 },
});
