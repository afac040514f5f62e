import type { CallId } from './call-id.ts';
import type { CallStore } from './call-store.ts';

const RENEWAL_INTERVAL_MS = 1_000;

/** Renews the holds of all calls that this process has in flight, with one command batch for all of them. */
export class Holds {
  readonly #store: Pick<CallStore, 'renewHolds'>;
  readonly #inFlight = new Set<{ readonly call: CallId; readonly runId: string }>();
  #timer: NodeJS.Timeout | undefined;
  #renewing = false;

  constructor(store: Pick<CallStore, 'renewHolds'>) {
    this.#store = store;
  }

  /** Renews the hold of a call that has just departed, until the returned function is called. The departure started the hold. */
  keep(call: CallId, runId: string): () => void {
    const held = { call, runId };
    this.#inFlight.add(held);
    this.#timer ??= setInterval(() => void this.#renew(), RENEWAL_INTERVAL_MS).unref();
    return () => {
      this.#inFlight.delete(held);
      if (this.#inFlight.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  async #renew(): Promise<void> {
    // While Redis does not answer, batches would only pile up.
    if (this.#renewing) return;
    this.#renewing = true;
    try {
      await this.#store.renewHolds(this.#inFlight);
    } catch {
      // Redis is unreachable: the next round tries again.
    } finally {
      this.#renewing = false;
    }
  }
}
