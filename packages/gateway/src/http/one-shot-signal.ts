/**
 * Rings once, for many short-lived listeners. `AbortSignal.any` over a signal that lives as long as the process would
 * keep an entry for every request ever served.
 */
export class OneShotSignal {
  readonly #listeners = new Set<() => void>();
  #rung = false;

  get fired(): boolean {
    return this.#rung;
  }

  fire(): void {
    this.#rung = true;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }

  /** Called at once when the bell has rung before. Answers how to stop listening. */
  onFire(listener: () => void): () => void {
    if (this.#rung) {
      listener();
      return () => {};
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
