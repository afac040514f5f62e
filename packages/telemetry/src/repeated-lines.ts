import { BoundedCache, type ErrorReport } from '@wxthirdparty/platform';
import type { Logger } from 'pino';

const WINDOW_MS = 60_000;
const MAX_CAUSES = 200;
/** An outage is noticed some seconds after its first effects. */
const NOTICED_AFTER_MS = 5_000;

interface Cause {
  /** When it was first reported; a cause that was silent for a window is another one when it comes back. */
  readonly since: number;
  writtenAt: number;
  lastAt: number;
  /** Since the last line. */
  suppressed: number;
  /** Since the first line. */
  suppressedInAll: number;
}

type Level = 'warn' | 'error';

/**
 * Lines that are repeated for one cause, such as an unreachable server: the first is written, those of the next minute
 * are counted, and the next line contains their number.
 */
export class RepeatedLines {
  readonly #log: Pick<Logger, Level>;
  readonly #now: () => number;
  readonly #causes = new BoundedCache<string, Cause>(MAX_CAUSES);

  constructor(log: Pick<Logger, Level>, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** `source`: what the lines of one outage have in common beside the error, such as a queue or a server. */
  warn(source: string, error: ErrorReport, fields: object, message: string): void {
    this.#write('warn', source, error, fields, message);
  }

  /** The same for what needs an operator if it lasts. */
  error(source: string, error: ErrorReport, fields: object, message: string): void {
    this.#write('error', source, error, fields, message);
  }

  /**
   * A server answers again after an outage. Forgets what began with the outage, so that the next one is reported at once, and
   * returns how many lines it suppressed.
   */
  endOutage(outageMs: number): number {
    const began = this.#now() - outageMs - NOTICED_AFTER_MS;
    const ended = [...this.#causes].filter(([, { since }]) => since >= began);
    for (const [key] of ended) this.#causes.delete(key);
    return ended.reduce((sum, [, { suppressedInAll }]) => sum + suppressedInAll, 0);
  }

  #write(level: Level, source: string, error: ErrorReport, fields: object, message: string): void {
    // An outage makes many operations fail with one code; the message is compared only if there is none.
    const key = `${message} ${source} ${error.code ?? withoutIds(error.message)}`;
    const now = this.#now();
    const known = this.#causes.get(key);
    if (known && now - known.writtenAt < WINDOW_MS) {
      known.suppressed += 1;
      known.suppressedInAll += 1;
      known.lastAt = now;
      return;
    }
    const isSame = known !== undefined && now - known.lastAt < WINDOW_MS;
    this.#causes.set(key, {
      since: isSame ? known.since : now,
      writtenAt: now,
      lastAt: now,
      suppressed: 0,
      suppressedInAll: isSame ? known.suppressedInAll : 0,
    });
    this.#log[level](known?.suppressed ? { ...fields, repeated: known.suppressed } : fields, message);
  }
}

/** Words with digits are ids, numbers and addresses. */
function withoutIds(message: string): string {
  return message.replaceAll(/\S*\d\S*/g, '…');
}
