import { createHash } from 'node:crypto';
import { networkOf } from '../http/network-of.ts';
import { Tries } from '../http/tries.ts';

/** Nobody gets twenty keys wrong in a minute who has one. */
const BOUNDS = { failures: 20, windowMs: 60_000 };
const MOST_PROVEN = 10_000;

/**
 * Slows down whoever tries out keys. An address that was wrong too often is refused unseen, but for keys that were right
 * from there before: behind one proxy there are also those who do not guess.
 */
export class Guesses {
  readonly #tries: Tries;
  readonly #proven = new Set<string>();

  constructor(now: () => number = Date.now) {
    this.#tries = new Tries(BOUNDS, now);
  }

  /** For how long this key must not even be looked at; 0 when it may. */
  blockedMs(address: string, presented: string): number {
    const blockedMs = this.#tries.blockedMs(address);
    return blockedMs > 0 && this.#proven.has(nameOf(address, presented)) ? 0 : blockedMs;
  }

  wrong(address: string, presented: string): void {
    // One that was revoked is wrong from now on.
    this.#proven.delete(nameOf(address, presented));
    this.#tries.failed(address);
  }

  right(address: string, presented: string): void {
    const name = nameOf(address, presented);
    if (this.#proven.has(name)) return;
    if (this.#proven.size >= MOST_PROVEN) this.#proven.delete(this.#proven.values().next().value!);
    this.#proven.add(name);
  }
}

/** No key is kept in clear, not even in memory. */
function nameOf(address: string, presented: string): string {
  return `${networkOf(address)} ${createHash('sha256').update(presented).digest('base64')}`;
}
