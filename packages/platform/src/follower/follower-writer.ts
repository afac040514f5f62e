import { Worker } from 'node:worker_threads';
import type { BulkStep, BulkWriter } from '../database/bulk.ts';
import type { FollowerAccount } from './follower.ts';

/** One answer of `user/info/batchget`, as it came. */
export interface UnreadDetails {
  /** Who was asked about, one to a line. */
  readonly openids: string;
  readonly body: Uint8Array;
  /** When the request left (ms). */
  readonly askedAt: number;
}

export interface DetailsStep {
  readonly account: FollowerAccount;
  readonly answers: readonly UnreadDetails[];
  /** Of the earliest (ms). */
  readonly askedAt: number;
}

export type WriterStep = BulkStep | DetailsStep;
/** `unreadable`: nothing was written, since an answer needs more care than the thread takes. */
export type Written = 'done' | 'undone' | 'unreadable';

export interface WriterAnswer {
  readonly id: number;
  readonly result?: Written;
  readonly error?: { readonly message: string; readonly code?: unknown; readonly errcode?: unknown };
}

/**
 * A thread that reads details and writes followers, with a connection of its own: the event loop belongs to calls, and
 * its heap would grow with what a million followers leave behind, where that of the thread is bounded. It begins with
 * the first write.
 */
export class FollowerWriter implements BulkWriter {
  readonly #databaseUrl: string;
  #thread: Worker | undefined;
  #asked = 0;
  readonly #waiting = new Map<number, { resolve(result: Written): void; reject(error: Error): void }>();

  constructor(databaseUrl: string) {
    this.#databaseUrl = databaseUrl;
  }

  write(steps: readonly BulkStep[]): Promise<'done' | 'undone'>;
  write(steps: readonly WriterStep[]): Promise<Written>;
  write(steps: readonly WriterStep[]): Promise<Written> {
    const thread = this.#open();
    const id = ++this.#asked;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      thread.ref();
      thread.postMessage({ id, steps: steps.map(packed) });
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
    const thread = new Worker(new URL('./follower-writer-thread.ts', import.meta.url), {
      workerData: { databaseUrl: this.#databaseUrl },
      // Its garbage is short-lived; without a bound it would be left lying.
      resourceLimits: { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 160 },
    });
    thread.on('message', ({ id, result, error }: WriterAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) thread.unref();
      if (result) waiting?.resolve(result);
      else waiting?.reject(Object.assign(new Error(error?.message), { code: error?.code, errcode: error?.errcode }));
    });
    const ended = (error: Error) => {
      if (this.#thread === thread) this.#thread = undefined;
      for (const waiting of this.#waiting.values()) waiting.reject(error);
      this.#waiting.clear();
    };
    thread.on('error', ended);
    thread.on('exit', () => ended(new Error('the thread that writes followers has ended')));
    thread.unref();
    this.#thread = thread;
    return thread;
  }
}

/** Only what is needed of the account travels; of a body, its own bytes instead of the whole pool that they lie in. */
function packed(step: WriterStep): WriterStep {
  if (!('answers' in step)) return step;
  const { component, appid } = step.account;
  return {
    ...step,
    account: { component, appid },
    answers: step.answers.map((answer) => ({ ...answer, body: new Uint8Array(answer.body) })),
  };
}
