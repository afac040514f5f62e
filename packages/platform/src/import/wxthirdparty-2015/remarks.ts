const EXAMPLES = 5;

/** One kind of odd data, how often it was found, and examples of where. */
export interface Remark {
  readonly what: string;
  readonly count: number;
  readonly examples: readonly string[];
}

/** Collects kinds of odd data with a bounded number of examples. */
export class Remarks {
  readonly #found = new Map<string, { count: number; examples: string[] }>();

  /** `where` must not contain a secret; a cookie's handle is one. */
  note(what: string, where: string): void {
    const found = this.#found.get(what) ?? { count: 0, examples: [] };
    this.#found.set(what, found);
    found.count++;
    // Odd data may contain anything, and this is printed.
    if (found.examples.length < EXAMPLES) found.examples.push(where.replace(/[^\x20-\x7e]/g, '?').slice(0, 70));
  }

  all(): Remark[] {
    return [...this.#found].map(([what, { count, examples }]) => ({ what, count, examples }));
  }
}
