import { setTimeout as pause } from 'node:timers/promises';

/** How long a push that is to be overtaken waits for another one. */
const OVERTAKEN_WITHIN_MS = 1000;

/** Lets a push wait until the next one of its lane has been delivered (protocol §10 rule 10). */
export class Turns {
  readonly #waiting = new Map<string, () => void>();

  /** Resolves when another push of the lane was delivered, or after a second without one. */
  async beOvertaken(lane: string, ending: AbortSignal): Promise<void> {
    if (this.#waiting.has(lane)) return;
    await new Promise<void>((resolve) => {
      const go = () => {
        if (this.#waiting.get(lane) === go) this.#waiting.delete(lane);
        resolve();
      };
      this.#waiting.set(lane, go);
      pause(OVERTAKEN_WITHIN_MS, undefined, { signal: ending }).then(go, go);
    });
  }

  /** A push of this lane was delivered: who waited for it goes on. */
  delivered(lane: string): void {
    this.#waiting.get(lane)?.();
  }
}
