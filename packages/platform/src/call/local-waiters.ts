import { randomUUID } from 'node:crypto';
import type { Call } from './call.ts';

/** The callers that wait in this process. A call that this process sends without a record passes them its outcome directly. */
export class LocalWaiters {
  /** Names this process' reply channel. */
  readonly replyTo = randomUUID();
  readonly #resolvers = new Map<string, (call: Call) => void>();

  add(id: string, resolve: (call: Call) => void): void {
    this.#resolvers.set(id, resolve);
  }

  remove(id: string): void {
    this.#resolvers.delete(id);
  }

  /** The outcome of a call that this process has sent. */
  resolve(call: Call): void {
    this.#resolvers.get(call.id)?.(call);
  }
}
