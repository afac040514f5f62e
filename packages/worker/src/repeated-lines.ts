import type { Logger } from 'pino';

const WINDOW_MS = 60_000;
const MAX_KEYS = 200;

/**
 * Warnings that come again and again for one cause, such as a server that is away: the first is written, those that
 * follow within a minute are counted, and the next line says how many there were.
 */
export class RepeatedLines {
  readonly #log: Pick<Logger, 'warn'>;
  readonly #now: () => number;
  readonly #causes = new Map<string, { writtenAt: number; suppressed: number }>();

  constructor(log: Pick<Logger, 'warn'>, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** `source`: what the lines of one outage have in common beside the error, whichever part reports it. */
  warn(source: string, error: unknown, fields: object, message: string): void {
    const cause = `${source} ${causeOf(error)}`;
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

/** The code of an error, or its message if it has none: the same for all parts that one outage makes fail. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : error.message;
}
