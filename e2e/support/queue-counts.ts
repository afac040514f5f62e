import type { Cluster, Redis } from 'ioredis';

/** The number of jobs in each state of one queue, read from the keys of BullMQ. */
export interface QueueCounts {
  readonly waiting: number;
  readonly active: number;
  readonly delayed: number;
  readonly completed: number;
  readonly failed: number;
}

export async function queueCounts(redis: Redis | Cluster, queue: string): Promise<QueueCounts> {
  const key = (state: string) => `{wx:${queue}}:${queue}:${state}`;
  const [waiting, active, delayed, completed, failed] = await Promise.all([
    redis.llen(key('wait')),
    redis.llen(key('active')),
    redis.zcard(key('delayed')),
    redis.zcard(key('completed')),
    redis.zcard(key('failed')),
  ]);
  return { waiting, active, delayed, completed, failed };
}

/** How many jobs have ever been added to it, those included that were removed. */
export async function jobsSoFar(redis: Redis, queue: string): Promise<number> {
  return Number(await redis.get(`{wx:${queue}}:${queue}:id`));
}
