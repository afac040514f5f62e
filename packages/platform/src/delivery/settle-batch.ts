import type { BulkStep, BulkWriter } from '../database/bulk.ts';
import { retry } from '../database/retry.ts';
import { isConflict, isConnectionLoss } from '../database/sql-error.ts';
import { type HealthNews, healthSteps } from './health-steps.ts';
import { type SettledAttempt, settleSteps } from './settle-steps.ts';

const MAX_OUTCOMES = 200;
const MAX_WAIT_MS = 100;
/** Outcomes wait in memory while the database is away; without them their pushes would be sent again. */
const REPEAT_TIMEOUT_MS = 60_000;

interface Waiting {
  readonly settled: SettledAttempt;
  /** Undefined: it says nothing about the receiver. */
  readonly news: HealthNews | undefined;
  readonly done: PromiseWithResolvers<void>;
}

/**
 * Writes the outcomes of all subscriptions of this process, one transaction after the other: each has those that came during
 * the one before, and waits for more at most 100 ms.
 */
export class SettleBatch {
  readonly #writer: Pick<BulkWriter, 'write'>;
  readonly #closing = new AbortController();
  #waiting: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;
  /** Those that wait are written without waiting for more. */
  #isUrgent = false;

  constructor(writer: Pick<BulkWriter, 'write'>) {
    this.#writer = writer;
  }

  /** Resolves when it is stored, or another process has settled the delivery. */
  add(settled: SettledAttempt, news?: HealthNews): Promise<void> {
    const done = Promise.withResolvers<void>();
    this.#waiting.push({ settled, news, done });
    if (this.#waiting.length >= MAX_OUTCOMES) this.flush();
    else this.#flushLater();
    return done.promise;
  }

  /** Writes what waits without waiting for more. */
  flush(): void {
    if (this.#waiting.length === 0) return;
    this.#isUrgent = true;
    if (!this.#isWriting) this.#writing = this.#writeAll();
  }

  /** Outcomes that cannot be stored at once are lost; their deliveries are made again. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.flush();
    await this.#writing;
    clearTimeout(this.#timer);
  }

  #flushLater(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, MAX_WAIT_MS);
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    while (this.#isUrgent && this.#waiting.length > 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      const batch = this.#waiting.slice(0, MAX_OUTCOMES);
      this.#waiting = this.#waiting.slice(MAX_OUTCOMES);
      this.#isUrgent = this.#waiting.length >= MAX_OUTCOMES || this.#closing.signal.aborted;
      await this.#write(batch);
    }
    this.#isWriting = false;
    if (this.#waiting.length > 0) this.#flushLater();
  }

  async #write(batch: readonly Waiting[]): Promise<void> {
    try {
      await retry(() => this.#writer.write(stepsOf(batch)), {
        isRetryable: (error) => isConnectionLoss(error) || isConflict(error),
        timeoutMs: REPEAT_TIMEOUT_MS,
        signal: this.#closing.signal,
      });
      for (const { done } of batch) done.resolve();
    } catch (error) {
      for (const { done } of batch) done.reject(error);
    }
  }
}

/** Deliveries before subscriptions, as the journaler writes them. */
function stepsOf(batch: readonly Waiting[]): BulkStep[] {
  const news = batch.flatMap((one) => (one.news ? [one.news] : []));
  return [...settleSteps(batch.map(({ settled }) => settled)), ...healthSteps(news)];
}
