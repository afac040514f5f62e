import { defineJob } from '../queue/job.ts';

export const FollowerSyncJob = defineJob<{ readonly id: string }>({
  queue: 'follower-syncs',
  description: 'One slice of a follower sync; the sync is a record in the database and takes many slices.',
  fields: { id: 'string' },
  // One waiting and one running slice; maintenance adds a job that was lost.
  deduplicateBy: ({ id }) => id,
  // Errors are counted in the record.
  attempts: 1,
  keep: { count: 100 },
});
