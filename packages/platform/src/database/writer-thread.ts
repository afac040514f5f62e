import { type Transferable, Worker } from 'node:worker_threads';
import { type DatabaseGate, databaseUnreachable } from './database-gate.ts';

/** What a thread is asked and answers, beside its own content. */
export interface ThreadRequest<Request> {
  readonly id: number;
  readonly request: Request;
}

export interface ThreadAnswer<Answer> {
  readonly id: number;
  readonly answer?: Answer;
  readonly error?: {
    readonly message: string;
    readonly code?: unknown;
    readonly errcode?: unknown;
    readonly errno?: unknown;
  };
}

interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: Error): void;
}

interface OpenThread<Answer> {
  readonly worker: Worker;
  readonly waiting: Map<number, Waiting<Answer>>;
}

/**
 * A thread with a database connection of its own: the main event loop must serve calls and pushes, and the thread's heap is
 * bounded, while the garbage of many rows would make the main heap grow. The thread starts with the first request.
 */
export class WriterThread<Request, Answer> {
  readonly #script: URL;
  readonly #workerData: unknown;
  readonly #gate: DatabaseGate | undefined;
  #thread: OpenThread<Answer> | undefined;
  #lastId = 0;

  /** The script calls `serveWriterThread`. */
  constructor(script: URL, workerData: unknown, gate?: DatabaseGate) {
    this.#script = script;
    this.#workerData = workerData;
    this.#gate = gate;
  }

  async ask(request: Request, transfer: readonly Transferable[] = []): Promise<Answer> {
    const refusal = this.#gate?.refusal();
    if (refusal) throw refusal;
    const { worker, waiting } = this.#thread ?? this.#open();
    const id = ++this.#lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.ref();
      worker.postMessage({ id, request } satisfies ThreadRequest<Request>, transfer);
    });
  }

  /**
   * Ends the thread and its connection at once; the next request starts another one. Pending requests fail like those whose
   * connection is lost: whether they were carried out is unknown.
   */
  abort(): void {
    const thread = this.#thread;
    if (!thread) return;
    this.#end(thread, databaseUnreachable('The connection to the database was ended.'));
    void thread.worker.terminate();
  }

  /** Pending requests end first. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (!thread) return;
    this.#thread = undefined;
    const exit = new Promise((resolve) => thread.worker.once('exit', resolve));
    thread.worker.ref();
    thread.worker.postMessage('close');
    await exit;
  }

  #open(): OpenThread<Answer> {
    const worker = new Worker(this.#script, {
      workerData: this.#workerData,
      // Its garbage is short-lived; without a limit V8 would collect it late.
      resourceLimits: { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 160 },
    });
    const waiting = new Map<number, Waiting<Answer>>();
    const thread = { worker, waiting };
    worker.on('message', ({ id, answer, error }: ThreadAnswer<Answer>) => {
      const asked = waiting.get(id);
      waiting.delete(id);
      if (waiting.size === 0) worker.unref();
      if (error) asked?.reject(Object.assign(new Error(error.message), error));
      else asked?.resolve(answer as Answer);
    });
    worker.on('error', (error) => this.#end(thread, error as Error));
    worker.on('exit', () => {
      this.#end(thread, databaseUnreachable('The thread that writes to the database has ended.'));
    });
    worker.unref();
    this.#thread = thread;
    return thread;
  }

  #end(thread: OpenThread<Answer>, error: Error): void {
    if (this.#thread === thread) this.#thread = undefined;
    for (const { reject } of thread.waiting.values()) reject(error);
    thread.waiting.clear();
  }
}
