import type { Cluster } from 'ioredis';
import { refreshSlots } from './servers.ts';

const INTERVAL_MS = 10_000;
const JITTER = 0.2;
const HURRY_INTERVAL_MS = 1_000;
/** A replica takes over a few seconds after the first connection was lost. */
const HURRY_MS = 15_000;

/**
 * Keeps the slots of all Cluster clients of a process current. ioredis reads them again only when a command was redirected or
 * failed, so that a read which waits at a frozen former master would wait until its socket times out. One client reads them for
 * all: each read makes a connection.
 */
export class SlotRefresher {
  readonly #clients = new Set<Cluster>();
  #timer: NodeJS.Timeout | undefined;
  #hurryUntil = 0;
  #lastAt = Number.NEGATIVE_INFINITY;
  #isReading = false;
  #closed = false;

  add(client: Cluster): void {
    this.#clients.add(client);
    client.once('end', () => this.#clients.delete(client));
    for (const event of ['node error', '-node']) client.on(event, () => this.#hurry());
    if (this.#timer === undefined) this.#schedule();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #hurry(): void {
    const now = performance.now();
    const isNews = now > this.#hurryUntil;
    this.#hurryUntil = now + HURRY_MS;
    if (isNews && !this.#isReading) this.#schedule();
  }

  #schedule(): void {
    if (this.#closed) return;
    clearTimeout(this.#timer);
    const now = performance.now();
    const isHurried = now < this.#hurryUntil;
    const intervalMs = isHurried ? HURRY_INTERVAL_MS : INTERVAL_MS * (1 - JITTER + 2 * JITTER * Math.random());
    const waitedMs = isHurried ? now - this.#lastAt : 0;
    this.#timer = setTimeout(() => void this.#refresh(), Math.max(0, intervalMs - waitedMs)).unref();
  }

  async #refresh(): Promise<void> {
    this.#isReading = true;
    this.#lastAt = performance.now();
    const [reader, ...others] = [...this.#clients].filter(({ status }) => status === 'ready');
    if (reader) {
      await refreshSlots(reader);
      const outdated = others.filter((client) => client.status === 'ready' && !hasSameMasters(client, reader));
      await Promise.all(outdated.map(refreshSlots));
    }
    this.#isReading = false;
    this.#schedule();
  }
}

function hasSameMasters({ slots: some }: Cluster, { slots: others }: Cluster): boolean {
  return some.length === others.length && others.every((servers, slot) => servers?.[0] === some[slot]?.[0]);
}
