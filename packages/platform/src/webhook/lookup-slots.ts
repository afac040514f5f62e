/** Lookups that run at the same time. */
const MAX_RUNNING = 16;
/** Of these, lookups of names that did not resolve before: names that hang must not delay those that work. */
const MAX_UNPROVEN = 8;

interface Waiting {
  readonly proven: boolean;
  readonly start: () => void;
  readonly giveUp: () => void;
}

/** Bounds the name lookups of one process. */
export class LookupSlots {
  #running = 0;
  #unproven = 0;
  readonly #waiting = new Set<Waiting>();

  /**
   * Runs the lookup when there is a slot for it; undefined if there was none in `timeoutMs`. The lookup receives the
   * milliseconds that remain.
   */
  async run<T>(proven: boolean, timeoutMs: number, look: (remainingMs: number) => Promise<T>): Promise<T | undefined> {
    const startedAt = performance.now();
    if (!(await this.#enter(proven, timeoutMs))) return undefined;
    try {
      return await look(Math.max(1, timeoutMs - (performance.now() - startedAt)));
    } finally {
      this.#running--;
      if (!proven) this.#unproven--;
      this.#startNext();
    }
  }

  /** Those that wait get no slot. */
  close(): void {
    for (const { giveUp } of this.#waiting) giveUp();
  }

  #enter(proven: boolean, timeoutMs: number): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (started: boolean) => {
        clearTimeout(timer);
        this.#waiting.delete(waiting);
        resolve(started);
      };
      const timer = setTimeout(() => end(false), timeoutMs);
      const waiting: Waiting = {
        proven,
        start: () => {
          this.#running++;
          if (!proven) this.#unproven++;
          end(true);
        },
        giveUp: () => end(false),
      };
      this.#waiting.add(waiting);
      this.#startNext();
    });
  }

  #startNext(): void {
    for (const { proven, start } of this.#waiting) {
      if (this.#running >= MAX_RUNNING) return;
      if (proven || this.#unproven < MAX_UNPROVEN) start();
    }
  }
}
