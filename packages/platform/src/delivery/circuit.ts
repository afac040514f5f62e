const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Failed attempts in a row that may make a subscription `failing`. */
export const FAILURES_TO_OPEN = 5;
/** One push that always fails is not the receiver's fault. */
const PUSHES_TO_OPEN = 3;
/** Until when (since the circuit opened) the next probe follows after which time. */
const PROBES = [
  { untilMs: 5 * SECOND_MS, delayMs: 5 * SECOND_MS },
  { untilMs: 20 * SECOND_MS, delayMs: 15 * SECOND_MS },
  { untilMs: 80 * SECOND_MS, delayMs: MINUTE_MS },
  { untilMs: 380 * SECOND_MS, delayMs: 5 * MINUTE_MS },
];
const LAST_PROBE_DELAY_MS = 10 * MINUTE_MS;
const MAX_FAILING_MS = 5 * DAY_MS;

export interface AttemptInRow {
  readonly push: string;
  /** No connection was made. */
  readonly unconnected: boolean;
}

/** Whether these failed attempts, all since the last success and the newest first, make a subscription `failing`. */
export function opensCircuit(row: readonly AttemptInRow[]): boolean {
  if (row.length < FAILURES_TO_OPEN) return false;
  if (row.slice(0, FAILURES_TO_OPEN).every(({ unconnected }) => unconnected)) return true;
  return new Set(row.map(({ push }) => push)).size >= PUSHES_TO_OPEN;
}

/** How long after `now` the next probe is sent: after 5 s, 15 s, 1 min, 5 min, then every 10 min. */
export function probeDelayMs(failingSince: Date, now: Date): number {
  const failingMs = now.getTime() - failingSince.getTime();
  return PROBES.find(({ untilMs }) => failingMs < untilMs)?.delayMs ?? LAST_PROBE_DELAY_MS;
}

/** Whether the subscription is paused, since its receiver has failed for too long. */
export function failsTooLong(failingSince: Date, now: Date): boolean {
  return now.getTime() - failingSince.getTime() >= MAX_FAILING_MS;
}

/** How many requests may be open at once: after a closed circuit 1, 2, 4 … up to the subscription's `maxInFlight`. */
export class SlowStart {
  #limit = Number.POSITIVE_INFINITY;

  /** Returns to one request. */
  restart(): void {
    this.#limit = 1;
  }

  /** With as many answers as requests are permitted, their number doubles. */
  succeeded(): void {
    this.#limit++;
  }

  limit(maxInFlight: number): number {
    return Math.min(this.#limit, maxInFlight);
  }
}
