/**
 * Rings once, for many short-lived listeners. `AbortSignal.any` over a signal that lives as long as the process would
 * keep an entry for every request ever served.
 */
export class Bell {
  readonly #listeners = new Set<() => void>();
  #rung = false;

  get rung(): boolean {
    return this.#rung;
  }

  ring(): void {
    this.#rung = true;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener();
  }

  /** Called at once when the bell has rung before. Answers how to stop listening. */
  listen(listener: () => void): () => void {
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
