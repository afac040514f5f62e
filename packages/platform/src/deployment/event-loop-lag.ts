import { monitorEventLoopDelay } from 'node:perf_hooks';

const RESOLUTION_MS = 20;
const NS_PER_MS = 1_000_000;

/** By how much this process' event loop is late. A timer samples it; the process may end nevertheless. */
export class EventLoopLag {
  readonly #delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#delays.enable();
  }

  /** The 99th percentile since the last call, in milliseconds. */
  takeMs(): number {
    const { count } = this.#delays;
    // A delay contains the interval of the samples.
    const lagMs = count === 0 ? 0 : this.#delays.percentile(99) / NS_PER_MS - RESOLUTION_MS;
    this.#delays.reset();
    return Math.max(0, Math.round(lagMs));
  }

  close(): void {
    this.#delays.disable();
  }
}
