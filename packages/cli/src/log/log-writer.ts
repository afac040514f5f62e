import { setTimeout as pause } from 'node:timers/promises';
import { withDeadline } from '@wxthirdparty/platform';

/** Lines wait in memory while the target is slow; further lines are dropped. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
/** The size of one write, and so the loss if the target fails. */
const MAX_BATCH_BYTES = 256 * 1024;
const RETRY_MS = 1_000;
const CLOSE_TIMEOUT_MS = 500;

export interface LogWriterOptions {
  readonly maxPendingBytes?: number;
  readonly retryMs?: number;
}

/**
 * Accepts log lines without waiting: no answer may be late because a disk is full or a reader has stopped. Batches are
 * written one at a time. Lines that the target refuses, or that arrive while it is too slow, are dropped and counted; the
 * first line that is written again reports the number.
 */
export class LogWriter {
  readonly #target: (batch: Buffer) => Promise<void>;
  readonly #maxPendingBytes: number;
  readonly #retryMs: number;
  readonly #closing = new AbortController();
  #lines: string[] = [];
  #pendingBytes = 0;
  #dropped = 0;
  #running: Promise<void> | undefined;

  /** `target` settles when it has taken or refused the whole batch. */
  constructor(target: (batch: Buffer) => Promise<void>, options: LogWriterOptions = {}) {
    this.#target = target;
    this.#maxPendingBytes = options.maxPendingBytes ?? MAX_PENDING_BYTES;
    this.#retryMs = options.retryMs ?? RETRY_MS;
  }

  write(line: string): void {
    if (this.#pendingBytes + line.length > this.#maxPendingBytes || this.#closing.signal.aborted) {
      this.#dropped += 1;
      return;
    }
    this.#lines.push(line);
    this.#pendingBytes += line.length;
    this.#running ??= this.#run();
  }

  /** Writes the waiting lines for at most half a second; the rest is lost. */
  async close(): Promise<void> {
    // A target that refuses is not tried again; a slow one has until the timeout.
    this.#closing.abort();
    const running = this.#running ?? Promise.resolve();
    await withDeadline(running, CLOSE_TIMEOUT_MS, () => new Error('the log is not written in time')).catch(() => {});
  }

  async #run(): Promise<void> {
    // All lines of this tick in one write.
    await new Promise(setImmediate);
    while (this.#lines.length > 0) {
      const lines = this.#takeBatch();
      const dropped = this.#dropped;
      try {
        await this.#target(Buffer.from((dropped > 0 ? droppedLine(dropped) : '') + lines.join('')));
        this.#dropped -= dropped;
      } catch {
        this.#dropped += lines.length;
        if (this.#closing.signal.aborted) break;
        await pause(this.#retryMs, undefined, { ref: false, signal: this.#closing.signal }).catch(() => {});
      }
    }
    this.#running = undefined;
  }

  #takeBatch(): string[] {
    let bytes = 0;
    let count = 0;
    while (count < this.#lines.length && (count === 0 || bytes + this.#lines[count]!.length <= MAX_BATCH_BYTES)) {
      bytes += this.#lines[count]!.length;
      count += 1;
    }
    this.#pendingBytes -= bytes;
    return this.#lines.splice(0, count);
  }
}

/** As pino writes a warning. */
function droppedLine(dropped: number): string {
  const line = { level: 40, time: new Date().toISOString(), pid: process.pid, dropped, msg: 'log lines were dropped' };
  return `${JSON.stringify(line)}\n`;
}
