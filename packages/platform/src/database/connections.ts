/** The open connections to one server, so that those on which statements hang can be ended. */
export class Connections {
  readonly #ends = new Set<() => void>();

  /** Returns what forgets the connection. */
  keep(end: () => void): () => void {
    this.#ends.add(end);
    return () => this.#ends.delete(end);
  }

  /** Statements in flight fail like those whose connection is lost: whether they were carried out is unknown. */
  endAll(): void {
    for (const end of this.#ends) end();
  }
}
