/**
 * Fires once, for many short-lived listeners. `AbortSignal.any` with a signal that lives as long as the process would
 * retain an entry for every request.
 */
export class OneShotSignal {
  readonly #listeners = new Set<() => void>();
  #fired = false;

  get fired(): boolean {
    return this.#fired;
  }

  fire(): void {
    this.#fired = true;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }

  /** Calls the listener at once if the signal has fired. Returns a function that removes the listener. */
  onFire(listener: () => void): () => void {
    if (this.#fired) {
      listener();
      return () => {};
    }
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }
}
