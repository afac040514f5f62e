import type { ServerResponse } from 'node:http';
import type { Shutdown } from './shutdown.ts';

/** While an answer is worth waiting for. To be disposed of after the answer. */
export class Waiting implements Disposable {
  readonly #ended = new AbortController();
  readonly #response: ServerResponse;
  readonly #unsubscribe: () => void;

  constructor(response: ServerResponse, shutdown: Shutdown) {
    this.#response = response;
    this.#unsubscribe = shutdown.stopWaiting.onFire(this.#end);
    response.once('close', this.#end);
    if (response.destroyed) this.#end();
  }

  /** Aborted once the caller hangs up or the gateway shuts down. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  [Symbol.dispose](): void {
    this.#response.off('close', this.#end);
    this.#unsubscribe();
  }

  readonly #end = (): void => this.#ended.abort();
}
