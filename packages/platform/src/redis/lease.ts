import type { Cluster, Redis } from 'ioredis';
import Redlock, { ExecutionError, type Lock, ResourceLockedError } from 'redlock';

/**
 * The lock of the node that refreshes one token. Over one Redis this is a plain SET NX PX: it saves work. That nothing is
 * overwritten depends on the fence and compare-and-set.
 */
export interface Lease {
  /** The value of the lease's key while it is ours. */
  readonly value: string;
  /** Whether it is certainly still ours, by this host's clocks. False after a freeze longer than the lease. */
  alive(): boolean;
  release(): Promise<void>;
}

export interface Leases {
  take(key: string, ttlMs: number): Promise<Lease | 'held'>;
}

export function openLeases(redis: Redis | Cluster): Leases {
  // retryCount 0: a process without the lease reads the token instead of queueing for the lock (and redlock 5 beta computes a
  // wrong expiry after a retry).
  const redlock = new Redlock([redis], { retryCount: 0 });
  redlock.on('error', () => {});
  return {
    async take(key, ttlMs) {
      const askedAt = performance.now();
      try {
        return new HeldLease(await redlock.acquire([key], ttlMs), ttlMs, askedAt);
      } catch (error) {
        if (await isHeldByOther(error)) return 'held';
        throw await causeOf(error);
      }
    },
  };
}

class HeldLease implements Lease {
  readonly value: string;
  readonly #ttlMs: number;
  #lock: Lock;
  /** Monotonic: a clock that is set back must not prolong the lease. */
  #until: number;
  #timer: NodeJS.Timeout | undefined;
  #extending: Promise<void> | undefined;
  #over = false;

  constructor(lock: Lock, ttlMs: number, askedAt: number) {
    this.#lock = lock;
    this.#ttlMs = ttlMs;
    this.value = lock.value;
    this.#until = askedAt + ttlMs * 0.98 - 2;
    this.#extendLater(ttlMs / 3);
  }

  alive(): boolean {
    return !this.#over && performance.now() < this.#until && Date.now() < this.#lock.expiration;
  }

  async release(): Promise<void> {
    this.#over = true;
    clearTimeout(this.#timer);
    await this.#extending;
    // A lease that has already ended is no failure.
    await this.#lock.release().catch(() => {});
  }

  #extendLater(delayMs: number): void {
    if (this.#over) return;
    this.#timer = setTimeout(() => {
      this.#extending = this.#extend();
    }, delayMs);
  }

  /** Goes on until the lease has really ended: a transient error of Redis must not end it. */
  async #extend(): Promise<void> {
    const askedAt = performance.now();
    if (askedAt >= this.#until) return;
    try {
      this.#lock = await this.#lock.extend(this.#ttlMs);
      this.#until = askedAt + this.#ttlMs * 0.98 - 2;
      this.#extendLater(this.#ttlMs / 3);
    } catch (error) {
      if (await isHeldByOther(error)) this.#until = 0;
      else this.#extendLater(this.#ttlMs / 10);
    }
  }
}

/** Redlock reports the votes inside its attempts. */
async function votesAgainst(error: unknown): Promise<readonly Error[]> {
  if (!(error instanceof ExecutionError)) return [];
  const attempt = await error.attempts[0];
  return [...(attempt?.votesAgainst.values() ?? [])];
}

async function isHeldByOther(error: unknown): Promise<boolean> {
  const votes = await votesAgainst(error);
  return votes.length > 0 && votes.every((vote) => vote instanceof ResourceLockedError);
}

async function causeOf(error: unknown): Promise<unknown> {
  const votes = await votesAgainst(error);
  return votes.find((vote) => !(vote instanceof ResourceLockedError)) ?? error;
}
