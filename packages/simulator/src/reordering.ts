import { setTimeout as pause } from 'node:timers/promises';

/** How long a push waits for another one that overtakes it. */
const OVERTAKE_TIMEOUT_MS = 1000;

/** Makes a push wait until the next push of the same user has been delivered (protocol §10 rule 10). */
export class Reordering {
  readonly #waiting = new Map<string, () => void>();

  /** Resolves when another push of the lane was delivered, or after a second. */
  async beOvertaken(lane: string, ending: AbortSignal): Promise<void> {
    if (this.#waiting.has(lane)) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        if (this.#waiting.get(lane) === go) this.#waiting.delete(lane);
        resolve();
      };
      this.#waiting.set(lane, go);
      pause(OVERTAKE_TIMEOUT_MS, undefined, { signal: ending }).then(go, go);
    });
  }

  /** A push of this lane was delivered: the push that waited for it continues. */
  delivered(lane: string): void {
    this.#waiting.get(lane)?.();
  }
}
