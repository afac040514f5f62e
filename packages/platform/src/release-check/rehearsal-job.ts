import { defineJob } from '../queue/job.ts';

export interface RehearsalPayload {
  /** Of the release check. */
  readonly id: string;
  readonly component: string;
  /** Where WeChat would push, as the gateway that was asked for the rehearsal knows it. */
  readonly publicUrl: string;
}

export const RehearsalJob = defineJob<RehearsalPayload>({
  queue: 'rehearsals',
  description:
    "Acts as WeChat towards this deployment: a rehearsal of the release check, without WeChat's test accounts.",
  fields: { id: 'string', component: 'string', publicUrl: 'string' },
  idOf: ({ id }) => id,
  // A rehearsal that fails halfway is run again from its start.
  attempts: 3,
  backoffMs: 1_000,
  keep: { count: 100 },
});
