import { withDeadline } from './deadline.ts';

/** One thing that a scope closes. */
interface Kept {
  readonly name: string;
  readonly close: () => unknown;
  readonly patienceMs: number;
}

/**
 * What a process (or a part of it) has opened. Closing goes backwards: last opened, first closed, each with bounded
 * patience, so that one part that hangs cannot keep the others open; all failures are told together.
 */
export class Scope {
  readonly #kept: Kept[] = [];
  readonly #leaving = new AbortController();
  #closing: Promise<void> | undefined;

  /** Aborted when closing begins, so that loops and waits can stop early. */
  get signal(): AbortSignal {
    return this.#leaving.signal;
  }

  keep<T>(name: string, value: T, close: (value: T) => unknown, patienceMs = 10_000): T {
    this.#kept.push({ name, close: () => close(value), patienceMs });
    return value;
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #closeAll(): Promise<void> {
    this.#leaving.abort();
    const failures: Error[] = [];
    for (const part of this.#kept.reverse()) {
      try {
        const { close, patienceMs } = part;
        await withDeadline(
          Promise.resolve(close()),
          patienceMs,
          () => new Error(`did not close within ${patienceMs} ms`),
        );
      } catch (cause) {
        failures.push(new Error(`closing ${part.name} failed`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((f) => f.message).join('; '));
  }
}
