import { setMaxListeners } from 'node:events';
export const FAILURES = ['errcode', 'reset', '502', 'empty', 'html', 'hang', 'truncated'] as const;

/** How an answer fails. */
type Failure = (typeof FAILURES)[number];

interface FaultTarget {
  /** A path, or `*` for all paths. */
  path: string;
  /** Only calls that name this account or component. */
  appid?: string;
  /** The number of further requests that it affects. */
  count: number;
  /** Before or after the call's side effects. */
  at: 'before' | 'after';
}

export interface Delay extends FaultTarget {
  ms: number;
}

export interface PlannedFailure extends FaultTarget {
  how: Failure;
  errcode: number;
}

export interface TakenFaults {
  readonly delay: Delay | null;
  readonly failing: PlannedFailure | null;
}

/** The faults of future requests. A request takes its faults on arrival, so that counts are exact. */
export class Faults {
  #delays: Delay[] = [];
  #failings: PlannedFailure[] = [];
  #release = unlimitedListeners();

  delay(delay: Delay): void {
    this.#delays.push(delay);
  }

  fail(failing: PlannedFailure): void {
    // Used ones are forgotten here, so that a demo of many days does not collect them.
    this.#failings = [...this.#failings.filter(({ count }) => count > 0), failing];
  }

  /** Aborts to end the current delays. */
  get released(): AbortSignal {
    return this.#release.signal;
  }

  /** Ends the current delays; later requests are still delayed. */
  release(): void {
    this.#release.abort();
    this.#release = unlimitedListeners();
  }

  clear(): void {
    this.#delays = [];
    this.#failings = [];
  }

  /** Takes a reset that does not depend on the account; it happens before the body is read. */
  takeEarlyReset(path: string): boolean {
    const early = this.#failings.filter((one) => one.appid === undefined);
    const first = early.find((one) => one.count > 0 && affects(one, path, []));
    if (first === undefined || first.how !== 'reset' || first.at !== 'before') return false;
    first.count -= 1;
    return true;
  }

  take(path: string, names: string[]): TakenFaults {
    return { delay: takeFrom(this.#delays, path, names), failing: takeFrom(this.#failings, path, names) };
  }
}

/** Every delayed answer adds a listener, so that many are not a leak. */
function unlimitedListeners(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

function takeFrom<A extends FaultTarget>(aims: A[], path: string, names: string[]): A | null {
  const aim = aims.find((one) => one.count > 0 && affects(one, path, names));
  if (aim === undefined) return null;
  aim.count -= 1;
  return aim;
}

function affects(aim: FaultTarget, path: string, names: string[]): boolean {
  return (aim.path === '*' || aim.path === path) && (aim.appid === undefined || names.includes(aim.appid));
}
