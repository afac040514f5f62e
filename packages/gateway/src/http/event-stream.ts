import type { Response } from 'express';
import type { Shutdown } from './shutdown.ts';

/** Proxies end connections on which nothing moves. */
const HEARTBEAT_MS = 15_000;

/**
 * An answer of server-sent events. It goes on until the client leaves or this gateway does; then the client asks again by
 * itself.
 */
export class EventStream {
  readonly #response: Response;
  readonly #over = Promise.withResolvers<void>();
  #going = true;
  #toldAt = performance.now();

  constructor(response: Response, leaving: Shutdown) {
    this.#response = response;
    const stop = leaving.listenerClosed.onFire(() => this.#stop());
    response.once('close', () => {
      stop();
      this.#stop();
    });
    response.set({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  }

  get going(): boolean {
    return this.#going;
  }

  /** `fields`: lines such as `event: sync`; a line that begins with a colon is for nobody. */
  send(...fields: readonly string[]): void {
    this.#response.write(`${fields.join('\n')}\n\n`);
    this.#toldAt = performance.now();
  }

  /** Waits, but no longer than it goes on. */
  async pause(ms: number): Promise<void> {
    const timer = Promise.withResolvers<void>();
    const handle = setTimeout(timer.resolve, ms);
    await Promise.race([this.#over.promise, timer.promise]);
    clearTimeout(handle);
    if (this.#going && performance.now() - this.#toldAt > HEARTBEAT_MS) this.send(':');
  }

  end(): void {
    this.#response.end();
  }

  #stop(): void {
    this.#going = false;
    this.#over.resolve();
  }
}
