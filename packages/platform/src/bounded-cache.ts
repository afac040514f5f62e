/** A map with at most `max` entries: where it is full, a new entry evicts the one that was set longest ago. */
export class BoundedCache<Key, Value> extends Map<Key, Value> {
  readonly #max: number;

  constructor(max: number) {
    super();
    this.#max = max;
  }

  override set(key: Key, value: Value): this {
    // A Map keeps the order of insertion, so an entry that is set again has to be inserted again.
    this.delete(key);
    if (this.size >= this.#max) this.delete(this.keys().next().value!);
    return super.set(key, value);
  }
}
