import type { BulkStep, BulkWriter } from '../database/bulk.ts';
import type { DatabaseGate } from '../database/database-gate.ts';
import type { SqlValue } from '../database/statement.ts';
import { WriterThread } from '../database/writer-thread.ts';
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
  readonly steps: readonly BulkStep[];
  readonly details?: Details | undefined;
}

/** Parses details and writes followers in a thread (follower-writer-thread.ts). */
export class FollowerWriter implements BulkWriter {
  readonly #thread: WriterThread<WriterRequest, WrittenDetails>;

  /** Writes that `gate` refuses fail. */
  constructor(databaseUrl: string, gate?: DatabaseGate) {
    this.#thread = new WriterThread(new URL('./follower-writer-thread.ts', import.meta.url), { databaseUrl }, gate);
  }

  async write(steps: readonly BulkStep[]): Promise<'done' | 'undone'> {
    const { result } = await this.#thread.ask({ steps });
    return result === 'done' ? 'done' : 'undone';
  }

  /** Writes the details that differ from the table, in one transaction with the checkpoint. */
  writeDetails(checkpoint: BulkStep, details: Details): Promise<WrittenDetails> {
    const sent = packed(details);
    return this.#thread.ask(
      { steps: [checkpoint], details: sent },
      sent.answers.map(({ body }) => body.buffer as ArrayBuffer),
    );
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

/** The message contains only the account's key, and of each body its own bytes instead of the pool that contains them. */
function packed(details: Details): Details {
  const { component, appid } = details.account;
  return {
    ...details,
    account: { component, appid },
    answers: details.answers.map((answer) => ({ ...answer, body: new Uint8Array(answer.body) })),
  };
}
