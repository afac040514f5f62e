import { Queue } from 'bullmq';
import type { RedisClient } from '../redis/connect.ts';
import { enqueue, type JobContract } from './job.ts';

/** Contracts by the name of their queue. `Payloads`: what a job of each queue carries. */
export type QueueTable<Payloads> = { readonly [Q in keyof Payloads]: JobContract<Payloads[Q]> };

export type PayloadsOf<Table> = { [Q in keyof Table]: Table[Q] extends JobContract<infer Payload> ? Payload : never };

export interface OpenQueue<Payload> {
  readonly contract: JobContract<Payload>;
  readonly queue: Queue;
  /** `delayMs`: no worker takes the job earlier. */
  add(payload: Payload, delayMs?: number): Promise<void>;
}

export function defineQueues<Payloads>(table: QueueTable<Payloads>): QueueTable<Payloads> {
  for (const [name, contract] of Object.entries<JobContract<never>>(table)) {
    if (contract.queue !== name) throw new Error(`The queue ${contract.queue} is in the table as ${name}.`);
  }
  return table;
}

/** On a fail-fast connection, `add` fails at once while Redis is unavailable. The caller closes the connection. */
export function openQueue<Payload>(contract: JobContract<Payload>, redis: RedisClient): OpenQueue<Payload> {
  const queue = new Queue(contract.queue, {
    connection: redis,
    prefix: redis.keyspace.queuePrefix(contract.queue),
    skipWaitingForReady: true,
    // The event stream has no reader; this is the least that BullMQ can keep.
    streams: { events: { maxLen: 10 } },
  });
  queue.on('error', () => {});
  return { contract, queue, add: (payload, delayMs) => enqueue(queue, contract, payload, delayMs) };
}
