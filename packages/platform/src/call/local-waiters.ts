import { randomUUID } from 'node:crypto';
import type { Call } from './call.ts';

/** The callers that wait in this process. A run in this process passes them its outcome directly. */
export class LocalWaiters {
  /** Names this process' reply channel. */
  readonly replyTo = randomUUID();
  readonly #resolvers = new Map<string, (call: Call) => void>();

  /** Whether the caller with this reply channel waits in this process. */
  isLocal(replyTo: string | undefined): boolean {
    return replyTo === this.replyTo;
  }

  add(id: string, resolve: (call: Call) => void): void {
    this.#resolvers.set(id, resolve);
  }

  remove(id: string): void {
    this.#resolvers.delete(id);
  }

  /** The outcome of a call that a run in this process has stored. */
  resolve(call: Call): void {
    this.#resolvers.get(call.id)?.(call);
  }
}
