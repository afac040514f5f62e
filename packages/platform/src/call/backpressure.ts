import { Failure } from '@wxthirdparty/wechat';
import type { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import type { CallRequest } from './call.ts';

const MAX_WAITING_JOBS = 50_000;
const MAX_BODY_BYTES = 256 * 1024 * 1024;
const BACKLOG_TTL_MS = 1_000;
/** Of Redis' memory; the rest is for tokens, pushes, and those who wait. */
const MAX_MEMORY_SHARE = 0.8;
/** Then nobody gets in: WeChat's answers to what is under way must still find a place. */
const FULL_MEMORY = 0.95;

/** Refuses more calls than workers and Redis can take. */
export class Backpressure {
  readonly #redis: Redis;
  readonly #queue: Pick<Queue, 'getJobCounts'>;
  #backlog = { jobs: 0, used: 0, most: Number.POSITIVE_INFINITY, knownAt: Number.NEGATIVE_INFINITY };
  /** Bytes let in since Redis was asked last. */
  #letIn = 0;

  constructor(redis: Redis, queue: Pick<Queue, 'getJobCounts'>) {
    this.#redis = redis;
    this.#queue = queue;
  }

  /** Throws Failure `overloaded`. `pendingBytes`: what this process holds of bodies already. */
  async assertCapacity(requests: readonly CallRequest[], pendingBytes: number): Promise<void> {
    if (performance.now() - this.#backlog.knownAt > BACKLOG_TTL_MS) {
      this.#backlog = { ...this.#backlog, knownAt: performance.now() };
      this.#letIn = 0;
      const [{ waiting: jobs = 0 }, memory] = await Promise.all([
        this.#queue.getJobCounts('waiting'),
        this.#redis.info('memory'),
      ]);
      this.#backlog = { jobs, ...memoryIn(memory), knownAt: performance.now() };
    }
    const bytes = requests.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
    const share = (this.#backlog.used + this.#letIn + bytes) / this.#backlog.most;
    // A lane may be long; but all of them together must leave Redis room.
    if (share > FULL_MEMORY || (share > MAX_MEMORY_SHARE && requests.some(({ waitMs }) => waitMs === 0))) {
      throw overloaded('Redis has no room for more calls that wait.', 30_000);
    }
    const tooMany = this.#backlog.jobs > MAX_WAITING_JOBS && requests.some(({ waitMs }) => waitMs > 0);
    if (tooMany || pendingBytes + bytes > MAX_BODY_BYTES) {
      throw overloaded('Too many calls are waiting; start more workers, or call more slowly.', 5_000);
    }
    this.#letIn += bytes;
  }
}

export function overloaded(message: string, retryAfterMs: number): Failure {
  return new Failure('overloaded', 'slow-down', message, { retryAfterMs });
}

/** Bytes: what Redis uses, and what it may use or, where nobody has set a limit, what the machine has. */
function memoryIn(info: string): { readonly used: number; readonly most: number } {
  const number = (name: string) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(info)?.[1] ?? 0);
  const most = number('maxmemory') || number('total_system_memory');
  return { used: number('used_memory'), most: most || Number.POSITIVE_INFINITY };
}
