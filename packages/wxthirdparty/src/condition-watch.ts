import type { Condition } from './condition.ts';

export type ReadCondition = (signal: AbortSignal) => Promise<Condition>;

const POLL_INTERVAL_MS = 10_000;
const NOT_READY_POLL_INTERVAL_MS = 2_000;

/** Reads the condition of the component again and again, and reports its changes. */
export class ConditionWatch {
  readonly #read: ReadCondition;
  readonly #report: (condition: Condition) => void;
  #latest: Condition | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #running: AbortController | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unreferenced = false;

  /** @param report is called for the first condition and for each that is different from the one before */
  constructor(read: ReadCondition, report: (condition: Condition) => void) {
    this.#read = read;
    this.#report = report;
  }

  get ready(): boolean {
    return this.#latest?.state === 'ready';
  }

  /** Until `stop`; a second start changes nothing. */
  start(): void {
    if (this.#running !== undefined) return;
    const running = new AbortController();
    this.#running = running;
    const poll = async () => {
      await this.check(running.signal);
      if (running.signal.aborted) return;
      this.#timer = setTimeout(() => void poll(), this.ready ? POLL_INTERVAL_MS : NOT_READY_POLL_INTERVAL_MS);
      if (this.#unreferenced) this.#timer.unref();
    };
    void poll();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#running?.abort();
    this.#running = undefined;
  }

  /** Polling does not keep the process alive any more. */
  unref(): void {
    this.#unreferenced = true;
    this.#timer?.unref();
  }

  /** Reads the condition once in the background, unless polling does, or has been done lately. */
  refresh(): void {
    if (this.#running !== undefined || performance.now() - this.#readAt < NOT_READY_POLL_INTERVAL_MS) return;
    void this.check();
  }

  /** The condition now. Never rejects. */
  async check(signal: AbortSignal = new AbortController().signal): Promise<Condition> {
    this.#readAt = performance.now();
    const condition = await this.#read(signal);
    if (signal.aborted) return condition;
    const before = this.#latest?.state;
    this.#latest = condition;
    if (condition.state !== before) this.#report(condition);
    return condition;
  }
}
