import type { JobsOptions, Queue } from 'bullmq';

/**
 * A job is a contract: who asks and who does import the same constant. Jobs carry ids and sealed things only, since
 * their data lies in clear in Redis and shows in Bull Board; each may be lost, doubled or late without harm.
 */
export interface JobContract<Payload> {
  /** Of the queue and the job alike; no `:` (BullMQ). */
  readonly queue: string;
  /** One sentence for operators, shown in Bull Board. */
  readonly description: string;
  /** A job with an id that is still kept is not added again. No `:`, not a number (BullMQ). */
  readonly idOf?: (payload: Payload) => string | undefined;
  /** One waiting and one running job of the same key, across all nodes. */
  readonly deduplicateBy?: (payload: Payload) => string;
  /** Runs until it counts as failed; `backoffMs` doubles between them. */
  readonly attempts: number;
  readonly backoffMs?: number;
  /** How many finished jobs stay for Bull Board; or for how long, where their ids must be remembered. */
  readonly keep: { readonly count: number } | { readonly ageS: number };
}

export function defineJob<Payload>(contract: JobContract<Payload>): JobContract<Payload> {
  return contract;
}

export async function enqueue<Payload>(
  queue: Queue,
  contract: JobContract<Payload>,
  payload: Payload,
  delayMs = 0,
): Promise<void> {
  const id = contract.idOf?.(payload);
  const options: JobsOptions = {
    attempts: contract.attempts,
    removeOnComplete: 'count' in contract.keep ? contract.keep : { age: contract.keep.ageS },
    removeOnFail: { count: 1_000 },
    ...(contract.backoffMs ? { backoff: { type: 'exponential', delay: contract.backoffMs } } : {}),
    ...(id ? { jobId: id } : {}),
    ...(delayMs > 0 ? { delay: Math.ceil(delayMs) } : {}),
    ...(contract.deduplicateBy
      ? { deduplication: { id: contract.deduplicateBy(payload), keepLastIfActive: true } }
      : {}),
  };
  await queue.add(contract.queue, payload, options);
}
