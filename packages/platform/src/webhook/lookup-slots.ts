/** Lookups that run at the same time. */
const MAX_RUNNING = 16;
/** Of these, lookups of names that did not resolve before: names that hang must not delay those that work. */
const MAX_UNPROVEN = 8;
/** A lookup with less time would mostly fail, and would be taken for a name that does not resolve. */
const MIN_LOOKUP_MS = 1_000;

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
   * Runs the lookup when there is a slot for it; undefined if there was none while a lookup could still succeed within
   * `timeoutMs`. The lookup receives the milliseconds that remain.
   */
  async run<T>(proven: boolean, timeoutMs: number, look: (remainingMs: number) => Promise<T>): Promise<T | undefined> {
    const startedAt = performance.now();
    if (!(await this.#enter(proven, timeoutMs))) return undefined;
    try {
      const remainingMs = timeoutMs - (performance.now() - startedAt);
      return remainingMs < MIN_LOOKUP_MS ? undefined : await look(remainingMs);
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
