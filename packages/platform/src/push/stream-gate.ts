import { isStreamServed } from '../journal/stream-serving.ts';
import type { RedisClient } from '../redis/connect.ts';
import { readServerState, type ServerState } from '../redis/server-state.ts';

type PushQueue = Parameters<typeof isStreamServed>[1];

const SERVED_INTERVAL_MS = 5_000;
const STATE_INTERVAL_MS = 1_000;

/** What a gateway knows of the stream before it appends a push: whether workers serve it, and Redis' memory. */
export class StreamGate {
  readonly #redis: RedisClient;
  readonly #announce: (isOpen: boolean) => Promise<void>;
  readonly #queue: PushQueue;
  #isOpen = false;
  #state: ServerState = { usedMemoryShare: 0 };
  #servedReadAt = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `queue`: of pushes. `announce`: reports to other processes whether this one appends. */
  constructor(redis: RedisClient, queue: PushQueue, announce: (isOpen: boolean) => Promise<void>) {
    this.#redis = redis;
    this.#announce = announce;
    this.#queue = queue;
    void this.#round();
  }

  /** Pushes go into the stream; otherwise into the queue, which every version serves. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  get server(): ServerState {
    return this.#state;
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  async #round(): Promise<void> {
    // While Redis does not answer, nothing is accepted, and what was known last remains.
    await Promise.allSettled([this.#readState(), this.#readServed()]);
    if (!this.#closed) this.#timer = setTimeout(() => void this.#round(), STATE_INTERVAL_MS).unref();
  }

  async #readState(): Promise<void> {
    this.#state = await readServerState(this.#redis, this.#redis.keyspace.pushStream);
  }

  async #readServed(): Promise<void> {
    // A gateway that has just started, or whose workers have, opens sooner than it closes.
    if (this.#isOpen && performance.now() - this.#servedReadAt < SERVED_INTERVAL_MS) return;
    const isOpen = await isStreamServed(this.#redis, this.#queue);
    this.#servedReadAt = isOpen === undefined ? Number.NEGATIVE_INFINITY : performance.now();
    if (isOpen === undefined || isOpen === this.#isOpen) return;
    // The last worker that shuts down beside an older one waits until this is false (journaler.ts).
    if (isOpen) await this.#announce(true);
    this.#isOpen = isOpen;
    if (!isOpen) await this.#announce(false);
  }
}
