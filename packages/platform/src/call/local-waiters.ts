import { randomUUID } from 'node:crypto';
import type { Call } from './call.ts';

/** The callers that wait in this process. A call that this process sends without a record passes them its outcome directly. */
export class LocalWaiters {
  /** Names this process' reply channel. */
  readonly replyTo = randomUUID();
  readonly #resolvers = new Map<string, (call: Call) => boolean>();

  /** `resolve` returns false if the caller no longer waits. */
  add(id: string, resolve: (call: Call) => boolean): void {
    this.#resolvers.set(id, resolve);
  }

  remove(id: string): void {
    this.#resolvers.delete(id);
  }

  /** Passes on the outcome of a call that this process has sent. False if no caller waits for it. */
  resolve(call: Call): boolean {
    return this.#resolvers.get(call.id)?.(call) ?? false;
  }
}
