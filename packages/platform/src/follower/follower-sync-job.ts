import { defineJob } from '../queue/job.ts';

export const FollowerSyncJob = defineJob<{ readonly id: string }>({
  queue: 'follower-syncs',
  description: 'One turn of a follower sync; the sync itself is a record in the database, and takes many turns.',
  fields: { id: 'string' },
  // One waiting and one running turn; the watch adds what was lost.
  deduplicateBy: ({ id }) => id,
  // Troubles are counted in the record.
  attempts: 1,
  keep: { count: 100 },
});
