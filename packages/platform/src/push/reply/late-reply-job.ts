import { defineJob } from '../../queue/job.ts';

export interface LateReplyPayload {
  readonly component: string;
  /** The id of the push. */
  readonly push: string;
  readonly subscription: string;
  /** Sealed (kept-reply.ts). */
  readonly reply: string;
  /** When it was enqueued; ISO 8601. */
  readonly at: string;
}

export const LateReplyJob = defineJob<LateReplyPayload>({
  queue: 'late-replies',
  description: 'A reply that came too late for WeChat to pass it on, sent to the user as a customer-service message.',
  fields: { component: 'string', push: 'string', subscription: 'string', reply: 'string', at: 'string' },
  // One push gets one reply.
  idOf: ({ push }) => `reply-${push}`,
  attempts: 20,
  backoffMs: 1_000,
  keep: { count: 1_000 },
});
