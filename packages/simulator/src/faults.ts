import { setMaxListeners } from 'node:events';
export const FAILURES = ['errcode', 'reset', '502', 'empty', 'html', 'hang', 'truncated'] as const;

/** How an answer goes wrong. */
type Failure = (typeof FAILURES)[number];

interface Aim {
  /** A path, or `*` for all. */
  path: string;
  /** Only calls that name this account or component. */
  appid?: string;
  /** How many requests it still meets. */
  count: number;
  /** Before or after the call's side effects. */
  at: 'before' | 'after';
}

export interface Delay extends Aim {
  ms: number;
}

export interface Failing extends Aim {
  how: Failure;
  errcode: number;
}

export interface Trouble {
  readonly delay: Delay | null;
  readonly failing: Failing | null;
}

/** The mishaps that await coming requests. A request takes its share when it arrives, so that counts are exact. */
export class Faults {
  #delays: Delay[] = [];
  #failings: Failing[] = [];
  #release = endingMany();

  delay(delay: Delay): void {
    this.#delays.push(delay);
  }

  fail(failing: Failing): void {
    this.#failings.push(failing);
  }

  /** Aborts when the delays that run now are to end. */
  get released(): AbortSignal {
    return this.#release.signal;
  }

  /** Ends the delays that run now; later requests meet what is set for them. */
  release(): void {
    this.#release.abort();
    this.#release = endingMany();
  }

  clear(): void {
    this.#delays = [];
    this.#failings = [];
  }

  /** Takes a reset that needs no look into the request; such a one comes before the body is read. */
  takeBlindReset(path: string): boolean {
    const blind = this.#failings.filter((one) => one.appid === undefined);
    const first = blind.find((one) => one.count > 0 && meets(one, path, []));
    if (first === undefined || first.how !== 'reset' || first.at !== 'before') return false;
    first.count -= 1;
    return true;
  }

  take(path: string, names: string[]): Trouble {
    return { delay: takeFrom(this.#delays, path, names), failing: takeFrom(this.#failings, path, names) };
  }
}

/** Every delayed answer listens; many at once are no leak. */
function endingMany(): AbortController {
  const controller = new AbortController();
  setMaxListeners(0, controller.signal);
  return controller;
}

function takeFrom<A extends Aim>(aims: A[], path: string, names: string[]): A | null {
  const aim = aims.find((one) => one.count > 0 && meets(one, path, names));
  if (aim === undefined) return null;
  aim.count -= 1;
  return aim;
}

function meets(aim: Aim, path: string, names: string[]): boolean {
  return (aim.path === '*' || aim.path === path) && (aim.appid === undefined || names.includes(aim.appid));
}
