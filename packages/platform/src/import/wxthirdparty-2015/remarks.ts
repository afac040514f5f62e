const EXAMPLES = 5;

/** One oddity that was met, how often, and where for example. */
export interface Remark {
  readonly what: string;
  readonly count: number;
  readonly examples: readonly string[];
}

/** Collects oddities, however many there are, without keeping them all. */
export class Remarks {
  readonly #seen = new Map<string, { count: number; examples: string[] }>();

  /** `where` must hold no secret: a cookie's handle is one. */
  note(what: string, where: string): void {
    const seen = this.#seen.get(what) ?? { count: 0, examples: [] };
    this.#seen.set(what, seen);
    seen.count++;
    // What is odd may be odd in any way; it is printed.
    if (seen.examples.length < EXAMPLES) seen.examples.push(where.replace(/[^\x20-\x7e]/g, '?').slice(0, 70));
  }

  all(): Remark[] {
    return [...this.#seen].map(([what, { count, examples }]) => ({ what, count, examples }));
  }
}
