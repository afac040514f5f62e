import { Failure } from '@wxthirdparty/wechat';
import type { Queue } from 'bullmq';
import type { RedisClient } from '../redis/connect.ts';
import { readFullestMemory } from '../redis/server-state.ts';
import type { CallRequest } from './call.ts';

const MAX_WAITING_JOBS = 50_000;
const MAX_BODY_BYTES = 256 * 1024 * 1024;
const BACKLOG_TTL_MS = 1_000;
/** Share of Redis' memory up to which background calls are accepted; the rest is for tokens, pushes and interactive calls. */
const MAX_MEMORY_SHARE = 0.8;
/** Above this share no call is accepted: WeChat's answers to calls in flight still have to be stored. */
const FULL_MEMORY = 0.95;

/** Refuses calls beyond the capacity of workers and Redis. */
export class Backpressure {
  readonly #redis: RedisClient;
  readonly #queue: Pick<Queue, 'getJobCounts'>;
  #backlog = { jobs: 0, used: 0, max: Number.POSITIVE_INFINITY, knownAt: Number.NEGATIVE_INFINITY };
  /** Bytes accepted since Redis was read last. */
  #acceptedBytes = 0;

  constructor(redis: RedisClient, queue: Pick<Queue, 'getJobCounts'>) {
    this.#redis = redis;
    this.#queue = queue;
  }

  /** Throws Failure `overloaded`. `pendingBytes`: of the bodies that this process holds already. */
  async assertCapacity(requests: readonly CallRequest[], pendingBytes: number): Promise<void> {
    if (performance.now() - this.#backlog.knownAt > BACKLOG_TTL_MS) {
      this.#backlog = { ...this.#backlog, knownAt: performance.now() };
      this.#acceptedBytes = 0;
      const [{ waiting: jobs = 0 }, memory] = await Promise.all([
        this.#queue.getJobCounts('waiting'),
        readFullestMemory(this.#redis),
      ]);
      this.#backlog = { jobs, ...memory, knownAt: performance.now() };
    }
    const bytes = requests.reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
    const share = (this.#backlog.used + this.#acceptedBytes + bytes) / this.#backlog.max;
    // A lane may be long, but all lanes together must not fill Redis.
    if (share > FULL_MEMORY || (share > MAX_MEMORY_SHARE && requests.some(({ waitMs }) => waitMs === 0))) {
      throw overloaded('Redis has no memory for more waiting calls.', 30_000);
    }
    const tooMany = this.#backlog.jobs > MAX_WAITING_JOBS && requests.some(({ waitMs }) => waitMs > 0);
    if (tooMany || pendingBytes + bytes > MAX_BODY_BYTES) {
      throw overloaded('Too many calls are waiting; start more workers, or call more slowly.', 5_000);
    }
    this.#acceptedBytes += bytes;
  }
}

export function overloaded(message: string, retryAfterMs: number): Failure {
  return new Failure('overloaded', 'slow-down', message, { retryAfterMs });
}
