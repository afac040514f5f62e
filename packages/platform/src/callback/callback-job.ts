import { defineJob } from '../queue/job.ts';

export interface CallbackPayload {
  readonly id: string;
  /** The outcome replaced one that an earlier job may have reported, so that job's id must not prevent this one. */
  readonly corrected?: boolean;
}

/**
 * Repeated 2 s after a failure, then after twice the time each: fifteen attempts in about nine hours, not counting the time for
 * which the receiver's slots or its circuit postponed them.
 */
export const CallbackJob = defineJob<CallbackPayload>({
  queue: 'callbacks',
  description: 'Reports the outcome of a call to a business program, until that confirms it.',
  fields: { id: 'string' },
  idOf: ({ id, corrected }) => (corrected ? `${id}-corrected` : id),
  attempts: 15,
  backoffMs: 2_000,
  keep: { count: 1_000 },
});
