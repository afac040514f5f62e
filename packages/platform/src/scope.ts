import { withDeadline } from './deadline.ts';

/** A resource that a scope closes. */
interface Kept {
  readonly name: string;
  readonly close: () => unknown;
  readonly timeoutMs: number;
}

/**
 * What a process (or a part of it) has opened. It is closed in reverse order, each resource with a time limit, so that one
 * that hangs cannot keep the others open; all failures are reported together.
 */
export class Scope {
  readonly #kept: Kept[] = [];
  readonly #closingStarted = new AbortController();
  #closing: Promise<void> | undefined;

  /** Aborted when closing starts, so that loops and waits can stop early. */
  get signal(): AbortSignal {
    return this.#closingStarted.signal;
  }

  keep<T>(name: string, value: T, close: (value: T) => unknown, timeoutMs = 10_000): T {
    this.#kept.push({ name, close: () => close(value), timeoutMs });
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
    this.#closingStarted.abort();
    const failures: Error[] = [];
    for (const part of this.#kept.reverse()) {
      try {
        const { close, timeoutMs } = part;
        await withDeadline(
          Promise.resolve(close()),
          timeoutMs,
          () => new Error(`did not close within ${timeoutMs} ms`),
        );
      } catch (cause) {
        failures.push(new Error(`closing ${part.name} failed`, { cause }));
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, failures.map((f) => f.message).join('; '));
  }
}
