import type { ErrorReport } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

const WINDOW_MS = 60_000;
const MAX_KEYS = 200;

/**
 * Warnings that are repeated for one cause, such as an unreachable server: the first is written, those of the next minute
 * are counted, and the next line contains their number.
 */
export class RepeatedLines {
  readonly #log: Pick<Logger, 'warn'>;
  readonly #now: () => number;
  readonly #causes = new Map<string, { writtenAt: number; suppressed: number }>();

  constructor(log: Pick<Logger, 'warn'>, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** `source`: what the lines of one outage have in common beside the error. */
  warn(source: string, error: ErrorReport, fields: object, message: string): void {
    // An outage makes many operations fail with one code; the message is compared only if there is none.
    const cause = `${source} ${error.code ?? error.message}`;
    const now = this.#now();
    const known = this.#causes.get(cause);
    if (known && now - known.writtenAt < WINDOW_MS) {
      known.suppressed += 1;
      return;
    }
    this.#causes.delete(cause);
    this.#causes.set(cause, { writtenAt: now, suppressed: 0 });
    if (this.#causes.size > MAX_KEYS) this.#causes.delete(this.#causes.keys().next().value!);
    this.#log.warn(known?.suppressed ? { ...fields, repeated: known.suppressed } : fields, message);
  }
}
