import { Worker } from 'node:worker_threads';
import type { RowStatement } from './upsert-rows.ts';

export interface BulkAnswer {
  readonly id: number;
  readonly result?: 'done' | 'undone';
  readonly error?: { readonly message: string; readonly errcode?: number };
}

/** A thread that owns a connection to the SQLite file; it begins with the first write. */
export class SqliteBulk {
  readonly #path: string;
  #thread: Worker | undefined;
  #asked = 0;
  readonly #waiting = new Map<number, { resolve(result: 'done' | 'undone'): void; reject(error: Error): void }>();

  constructor(path: string) {
    this.#path = path;
  }

  write(statements: readonly RowStatement[]): Promise<'done' | 'undone'> {
    const thread = this.#open();
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      thread.ref();
      thread.postMessage({ id, statements });
    });
  }

  /** What was asked for before is written. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (!thread) return;
    this.#thread = undefined;
    const gone = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage('close');
    await gone;
  }

  #open(): Worker {
    if (this.#thread) return this.#thread;
    const thread = new Worker(new URL('./sqlite-bulk-thread.ts', import.meta.url), {
      workerData: { path: this.#path },
      // Its garbage is short-lived; a small heap keeps the process small.
      resourceLimits: { maxYoungGenerationSizeMb: 8, maxOldGenerationSizeMb: 64 },
    });
    thread.on('message', ({ id, result, error }: BulkAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) thread.unref();
      if (result) waiting?.resolve(result);
      else waiting?.reject(Object.assign(new Error(error?.message), { errcode: error?.errcode }));
    });
    const ended = (error: Error) => {
      if (this.#thread === thread) this.#thread = undefined;
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    };
    thread.on('error', ended);
    thread.on('exit', () => ended(new Error('the thread that writes to SQLite has ended')));
    thread.unref();
    this.#thread = thread;
    return thread;
  }
}
