import { defineJob } from '../queue/job.ts';

export interface CallbackPayload {
  readonly id: string;
  /** The outcome replaced one that an earlier job may have reported, so that job's id must not hinder this one. */
  readonly corrected?: boolean;
}

/**
 * After a failure in 2 s, then twice as long each time: fifteen attempts within about nine hours, not counting the time for
 * which the receiver's slots or its circuit postponed them.
 */
export const CallbackJob = defineJob<CallbackPayload>({
  queue: 'callbacks',
  description: 'Tells a business program how its call ended, until it says that it has heard.',
  fields: { id: 'string' },
  idOf: ({ id, corrected }) => (corrected ? `${id}-corrected` : id),
  attempts: 15,
  backoffMs: 2_000,
  keep: { count: 1_000 },
});
