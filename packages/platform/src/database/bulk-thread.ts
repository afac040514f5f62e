import type { BulkOutcome, BulkStep, ReportingWriter } from './bulk.ts';
import type { DatabaseGate } from './database-gate.ts';
import { WriterThread } from './writer-thread.ts';

/**
 * Writes what must survive a power failure, in a thread of its own (bulk-thread-script.ts). Bytes are copied: pass them in
 * a Buffer of their own rather than in a part of a large one.
 */
export class BulkThread implements ReportingWriter {
  readonly #thread: WriterThread<readonly BulkStep[], BulkOutcome>;

  /** Writes that `gate` refuses fail. */
  constructor(databaseUrl: string, gate?: DatabaseGate) {
    this.#thread = new WriterThread(new URL('./bulk-thread-script.ts', import.meta.url), { databaseUrl }, gate);
  }

  apply(steps: readonly BulkStep[]): Promise<BulkOutcome> {
    return this.#thread.ask(steps);
  }

  async write(steps: readonly BulkStep[]): Promise<'done' | 'undone'> {
    return (await this.apply(steps)).result;
  }

  /** Ends the connections of writes that hang; they fail like those whose connection is lost. */
  abort(): void {
    this.#thread.abort();
  }

  /** Pending writes end first. */
  close(): Promise<void> {
    return this.#thread.close();
  }
}
