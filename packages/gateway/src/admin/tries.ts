const FAILURES = 10;
const WINDOW_MS = 10 * 60_000;
/** Bounds what an attacker with many addresses can make us remember; the oldest are forgotten first. */
const ADDRESSES = 10_000;

interface Tally {
  failures: number;
  endsAt: number;
}

/** How often an address may guess the password. */
export class Tries {
  readonly #tallies = new Map<string, Tally>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** For how long this address must not try again; 0 when it may. */
  blockedMs(address: string): number {
    const tally = this.#tallies.get(networkOf(address));
    if (tally === undefined || tally.failures < FAILURES) return 0;
    return Math.max(0, tally.endsAt - this.#now());
  }

  failed(address: string): void {
    const network = networkOf(address);
    const known = this.#tallies.get(network);
    if (known !== undefined && known.endsAt > this.#now()) {
      known.failures++;
      return;
    }
    this.#tallies.delete(network);
    this.#tallies.set(network, { failures: 1, endsAt: this.#now() + WINDOW_MS });
    if (this.#tallies.size > ADDRESSES) this.#tallies.delete(this.#tallies.keys().next().value!);
  }

  succeeded(address: string): void {
    this.#tallies.delete(networkOf(address));
  }
}

/** Whoever has one IPv6 address has a /64 of them. */
function networkOf(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!plain.includes(':')) return plain;
  const [head = '', tail] = plain.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const gap = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length);
  return [...left, ...Array<string>(gap).fill('0'), ...right].slice(0, 4).join(':');
}
