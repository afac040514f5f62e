import { withDeadline } from '../deadline.ts';

/** A server that does not answer its cheapest statement in this time is unreachable. */
const ANSWER_TIMEOUT_MS = 1_000;
const CHECK_INTERVAL_MS = 500;
/** After so many checks without any answer, its connections are hung: the host is frozen, or cut off without a reset. */
const MAX_SILENT_CHECKS = 10;

export interface DatabaseWatchParts {
  /** The cheapest statement that needs the server, on a connection of its own. One is in flight at a time. */
  readonly probe: () => Promise<unknown>;
  /** Statements in flight will not be answered. */
  readonly hung: () => void;
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
}

/**
 * Whether the database can be reached from this process. A refused connection fails by itself; a frozen server, or a cut
 * without a reset, lets every statement hang, so that only a probe with a time limit notices it.
 */
export class DatabaseWatch {
  readonly #parts: DatabaseWatchParts;
  readonly #timeoutMs: number;
  #probing: Promise<boolean> | undefined;
  #isOut = false;
  #silentChecks = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(parts: DatabaseWatchParts) {
    this.#parts = parts;
    this.#timeoutMs = parts.timeoutMs ?? ANSWER_TIMEOUT_MS;
  }

  /** By the last check. While it is true, checks repeat by themselves. */
  get isOut(): boolean {
    return this.#isOut;
  }

  /** Whether it answers now. */
  async check(): Promise<boolean> {
    // A probe that hangs is not repeated: a frozen server would collect connections, and refuse this host afterwards.
    this.#probing ??= this.#parts
      .probe()
      .then(
        () => true,
        () => false,
      )
      .then((answered) => {
        this.#probing = undefined;
        this.#silentChecks = 0;
        this.#judge(answered);
        return answered;
      });
    try {
      return await withDeadline(this.#probing, this.#timeoutMs, () => new Error('no answer in time'));
    } catch {
      this.#judge(false);
      return false;
    }
  }

  close(): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }

  #judge(answered: boolean): void {
    this.#isOut = !answered;
    if (answered || this.#closed) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    this.#timer ??= setInterval(() => this.#checkAgain(), this.#parts.intervalMs ?? CHECK_INTERVAL_MS).unref();
  }

  /** By the number of checks instead of a time: a process that was frozen itself has not waited for the server. */
  #checkAgain(): void {
    if (this.#probing && ++this.#silentChecks >= MAX_SILENT_CHECKS) {
      this.#silentChecks = 0;
      this.#parts.hung();
    }
    void this.check();
  }
}
