import { Worker } from 'node:worker_threads';
import type { BulkStep, BulkWriter } from '../database/bulk.ts';
import type { SqlValue } from '../database/statement.ts';
import type { KeyRange } from './diff-range.ts';
import type { FollowerAccount } from './follower.ts';

/** One answer of `user/info/batchget`, not parsed. */
export interface UnreadDetails {
  /** The requested openids, one per line. */
  readonly openids: string;
  readonly body: Uint8Array;
  /** When the request departed (ms). */
  readonly askedAt: number;
}

/** WeChat's details of all users who were listed in a key range. */
export interface Details {
  readonly account: FollowerAccount;
  readonly range: KeyRange;
  /** Rows that are parsed already, one after the other, as `followerUpsert` takes them. */
  readonly values: readonly SqlValue[];
  readonly answers: readonly UnreadDetails[];
  /** Of the earliest answer (ms). */
  readonly askedAt: number;
  /** Written, too, if the table has a follower in the range who was not listed. */
  readonly ifUnlisted: BulkStep;
}

export interface WrittenDetails {
  /** `unreadable`: nothing was written, since an answer is not plain JSON. */
  readonly result: 'done' | 'undone' | 'unreadable';
  /** The table has a follower in the range who was not listed. */
  readonly unlisted: boolean;
}

export interface WriterRequest {
  readonly id: number;
  readonly steps: readonly BulkStep[];
  readonly details?: Details | undefined;
}

export interface WriterAnswer {
  readonly id: number;
  readonly written?: WrittenDetails;
  readonly error?: { readonly message: string; readonly code?: unknown; readonly errcode?: unknown };
}

/**
 * A thread that parses details and writes followers, with a connection of its own: the main event loop must serve calls,
 * and the thread's heap is bounded, while the garbage of a million followers would make the main heap grow. The thread
 * starts with the first write.
 */
export class FollowerWriter implements BulkWriter {
  readonly #databaseUrl: string;
  #thread: Worker | undefined;
  #lastId = 0;
  readonly #waiting = new Map<number, { resolve(written: WrittenDetails): void; reject(error: Error): void }>();

  constructor(databaseUrl: string) {
    this.#databaseUrl = databaseUrl;
  }

  async write(steps: readonly BulkStep[]): Promise<'done' | 'undone'> {
    const { result } = await this.#ask(steps);
    return result === 'done' ? 'done' : 'undone';
  }

  /** Writes the details that differ from the table, in one transaction with the checkpoint. */
  writeDetails(checkpoint: BulkStep, details: Details): Promise<WrittenDetails> {
    return this.#ask([checkpoint], details);
  }

  #ask(steps: readonly BulkStep[], details?: Details): Promise<WrittenDetails> {
    const thread = this.#open();
    const request: WriterRequest = { id: ++this.#lastId, steps, details: details && packed(details) };
    return new Promise((resolve, reject) => {
      this.#waiting.set(request.id, { resolve, reject });
      thread.ref();
      thread.postMessage(
        request,
        request.details?.answers.map(({ body }) => body.buffer as ArrayBuffer),
      );
    });
  }

  /** Pending writes end first. */
  async close(): Promise<void> {
    const thread = this.#thread;
    if (!thread) return;
    this.#thread = undefined;
    const exit = new Promise((resolve) => thread.once('exit', resolve));
    thread.postMessage('close');
    await exit;
  }

  #open(): Worker {
    if (this.#thread) return this.#thread;
    const thread = new Worker(new URL('./follower-writer-thread.ts', import.meta.url), {
      workerData: { databaseUrl: this.#databaseUrl },
      // Its garbage is short-lived; without a limit V8 would collect it late.
      resourceLimits: { maxYoungGenerationSizeMb: 24, maxOldGenerationSizeMb: 160 },
    });
    thread.on('message', ({ id, written, error }: WriterAnswer) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (this.#waiting.size === 0) thread.unref();
      if (written) waiting?.resolve(written);
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

/** The message contains only the account's key, and of each body its own bytes instead of the pool that contains them. */
function packed(details: Details): Details {
  const { component, appid } = details.account;
  return {
    ...details,
    account: { component, appid },
    answers: details.answers.map((answer) => ({ ...answer, body: new Uint8Array(answer.body) })),
  };
}
