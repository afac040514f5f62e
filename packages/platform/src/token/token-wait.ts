import { afterReading } from '../deadline.ts';
import type { Token } from './token.ts';

/** The callers in one process that wait for one owner's token. */
export class TokenWait {
  readonly #joined = new Set<{ resolve(token: Token): void; reject(error: unknown): void }>();
  #wake: (() => void) | undefined;
  #woken = false;

  get hasCallers(): boolean {
    return this.#joined.size > 0;
  }

  /** `timedOut`: the error after `waitMs`. */
  join(waitMs: number, signal: AbortSignal | undefined, timedOut: () => Error): Promise<Token> {
    return new Promise<Token>((resolve, reject) => {
      const end = () => {
        cancelTimer();
        signal?.removeEventListener('abort', onAbort);
        this.#joined.delete(caller);
      };
      const caller = {
        resolve: (token: Token) => {
          end();
          resolve(token);
        },
        reject: (error: unknown) => {
          end();
          reject(error);
        },
      };
      const cancelTimer = afterReading(waitMs, () => caller.reject(timedOut()));
      const onAbort = () => caller.reject(signal?.reason);
      signal?.addEventListener('abort', onAbort);
      this.#joined.add(caller);
      if (signal?.aborted) onAbort();
    });
  }

  settle(token: Token): void {
    for (const caller of this.#joined) caller.resolve(token);
  }

  fail(error: unknown): void {
    for (const caller of this.#joined) caller.reject(error);
  }

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** Until `wake`, or for so long. */
  async pause(ms: number): Promise<void> {
    // A hint that arrived while the record was read ends the pause at once.
    if (!this.#woken) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, ms);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    this.#wake = undefined;
    this.#woken = false;
  }
}
