import type { Events } from '../../events.ts';

const REPEAT_INTERVAL_MS = 1_000;
/** Until a worker has long sent the push again. */
const MAX_AGE_MS = 10 * 60_000;
const MAX_WAITING = 10_000;

type Write = () => Promise<void>;

/**
 * Writes that WeChat does not wait for: each is repeated until Redis confirms it, so each must be safe to repeat. What
 * is not confirmed within ten minutes is given up; then the delivery is made again, and reports its outcome itself.
 */
export class RepeatedWrites {
  readonly #events: Events;
  #waiting: { readonly write: Write; readonly since: number }[] = [];
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  readonly #first = new Set<Promise<void>>();
  #closed = false;

  constructor(events: Events) {
    this.#events = events;
  }

  /** Starts the write at once. */
  add(write: Write): void {
    const tried = write()
      .catch(() => this.repeat(write))
      .finally(() => this.#first.delete(tried));
    this.#first.add(tried);
  }

  /** A write that was tried and not confirmed. */
  repeat(write: Write): void {
    if (this.#waiting.length >= MAX_WAITING) this.#giveUp(1);
    this.#waiting.push({ write, since: performance.now() });
    this.#later();
  }

  /** Tries what waits once more. */
  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await Promise.all([this.#round, ...this.#first]);
    clearTimeout(this.#timer);
    await this.#tryAll();
    this.#giveUp(this.#waiting.length);
  }

  #later(): void {
    if (this.#closed || this.#timer || this.#waiting.length === 0) return;
    this.#timer = setTimeout(() => {
      this.#round = this.#tryAll().finally(() => {
        this.#timer = undefined;
        this.#later();
      });
    }, REPEAT_INTERVAL_MS);
    this.#timer.unref();
  }

  async #tryAll(): Promise<void> {
    const tried = this.#waiting;
    this.#waiting = [];
    const oldest = performance.now() - MAX_AGE_MS;
    for (const one of tried) {
      try {
        await one.write();
      } catch {
        this.#waiting.push(one);
      }
    }
    const tooOld = this.#waiting.filter(({ since }) => since < oldest).length;
    if (tooOld > 0) this.#giveUp(tooOld);
  }

  #giveUp(count: number): void {
    if (count === 0) return;
    this.#waiting.splice(0, count);
    this.#events.publish('outcomes-lost', { count });
  }
}
