import { Queue } from 'bullmq';
import type { RedisClient } from '../redis/connect.ts';
import { enqueue, type JobContract } from './job.ts';

export interface OpenQueue<Payload> {
  readonly contract: JobContract<Payload>;
  readonly queue: Queue;
  /** `delayMs`: nobody takes it earlier. */
  add(payload: Payload, delayMs?: number): Promise<void>;
}

/** On a fail-fast connection an `add` fails at once while Redis is away. Closing the connection is the caller's. */
export function openQueue<Payload>(contract: JobContract<Payload>, redis: RedisClient): OpenQueue<Payload> {
  const queue = new Queue(contract.queue, {
    connection: redis,
    prefix: redis.keyspace.queuePrefix(contract.queue),
    skipWaitingForReady: true,
    // Nobody reads the event stream; the least that BullMQ can keep.
    streams: { events: { maxLen: 10 } },
  });
  queue.on('error', () => {});
  return { contract, queue, add: (payload, delayMs) => enqueue(queue, contract, payload, delayMs) };
}
