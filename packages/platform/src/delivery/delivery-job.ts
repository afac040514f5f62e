import { defineJob } from '../queue/job.ts';

export interface DeliveryBatchPayload {
  readonly subscription: string;
}

export const DeliveryBatchJob = defineJob<DeliveryBatchPayload>({
  queue: 'deliveries',
  description: 'Sends the due deliveries of one subscription for two seconds; then those of others follow.',
  fields: { subscription: 'string' },
  // One waiting and one running batch for each subscription; a wake-up during a batch causes another one.
  deduplicateBy: ({ subscription }) => subscription,
  // What is due is in SQL, and is found again by the set of due subscriptions.
  attempts: 1,
  keep: { count: 100 },
});
