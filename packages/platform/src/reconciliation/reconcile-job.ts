import { defineJob } from '../queue/job.ts';

export interface ReconcilePayload {
  /** Of the run's row in SQL, which knows how far it has come. */
  readonly id: string;
}

export const ReconcileJob = defineJob<ReconcilePayload>({
  queue: 'reconciliations',
  description: "Compares our authorizers with WeChat's own list of them, page by page, and sets ours right.",
  fields: { id: 'string' },
  deduplicateBy: ({ id }) => id,
  needsDatabase: true,
  // The checkpoint is in SQL, and maintenance enqueues lost jobs again; this only covers transient errors.
  attempts: 10,
  backoffMs: 1_000,
  keep: { count: 100 },
});
