/** A value that is read at most once in an interval; a reading that failed is repeated at the next request. */
export class Recent<Value> {
  readonly #read: () => Promise<Value>;
  readonly #intervalMs: number;
  #readAt = Number.NEGATIVE_INFINITY;
  #value: Value | undefined;

  constructor(read: () => Promise<Value>, intervalMs: number) {
    this.#read = read;
    this.#intervalMs = intervalMs;
  }

  /** Undefined: it cannot be read now. */
  async latest(): Promise<Value | undefined> {
    if (performance.now() - this.#readAt < this.#intervalMs) return this.#value;
    try {
      this.#value = await this.#read();
      this.#readAt = performance.now();
    } catch {
      this.#value = undefined;
    }
    return this.#value;
  }
}
