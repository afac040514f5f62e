import { Failure } from '@wxthirdparty/wechat';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { CallRequest } from './call.ts';

const MOST_WAITING_JOBS = 50_000;
const MOST_BODY_BYTES = 256 * 1024 * 1024;
const BACKLOG_KNOWN_FOR_MS = 1_000;
/** Of Redis' memory; the rest is for tokens, pushes, and those who wait. */
const MOST_MEMORY = 0.8;

/** Refuses more calls than workers and Redis can take. */
export class Room {
  readonly #redis: Redis;
  readonly #queue: Pick<Queue, 'getJobCounts'>;
  #backlog = { jobs: 0, memory: 0, knownAt: Number.NEGATIVE_INFINITY };

  constructor(redis: Redis, queue: Pick<Queue, 'getJobCounts'>) {
    this.#redis = redis;
    this.#queue = queue;
  }

  /** Throws Failure `overloaded`. `pendingBytes`: what this process holds of bodies already. */
  async refuseWithout(requests: readonly CallRequest[], pendingBytes: number): Promise<void> {
    if (performance.now() - this.#backlog.knownAt > BACKLOG_KNOWN_FOR_MS) {
      this.#backlog = { ...this.#backlog, knownAt: performance.now() };
      const [{ waiting: jobs = 0 }, memory] = await Promise.all([
        this.#queue.getJobCounts('waiting'),
        this.#redis.info('memory'),
      ]);
      this.#backlog = { jobs, memory: shareUsed(memory), knownAt: performance.now() };
    }
    // A lane may be long; but all of them together must leave Redis room.
    if (this.#backlog.memory > MOST_MEMORY && requests.some(({ waitMs }) => waitMs === 0)) {
      throw overloaded('Redis has no room for more calls that wait.', 30_000);
    }
    const bytes = requests.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
    const tooMany = this.#backlog.jobs > MOST_WAITING_JOBS && requests.some(({ waitMs }) => waitMs > 0);
    if (tooMany || pendingBytes + bytes > MOST_BODY_BYTES) {
      throw overloaded('Too many calls are waiting; start more workers, or call more slowly.', 5_000);
    }
  }
}

export function overloaded(message: string, retryAfterMs: number): Failure {
  return new Failure('overloaded', 'slow-down', message, { retryAfterMs });
}

/** Of the memory that Redis may use, or, where nobody has set a limit, of the machine's. */
function shareUsed(info: string): number {
  const number = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const most = number('maxmemory') || number('total_system_memory');
  return most > 0 ? number('used_memory') / most : 0;
}
