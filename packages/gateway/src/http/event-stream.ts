import type { Response } from 'express';
import type { Shutdown } from './shutdown.ts';

/** Proxies close idle connections. */
const HEARTBEAT_MS = 15_000;

/**
 * An answer of server-sent events. It lasts until the client disconnects or this gateway shuts down; browsers then reconnect
 * by themselves.
 */
export class EventStream {
  readonly #response: Response;
  readonly #ended = Promise.withResolvers<void>();
  #going = true;
  #sentAt = performance.now();

  constructor(response: Response, shutdown: Shutdown) {
    this.#response = response;
    const stop = shutdown.listenerClosed.onFire(() => this.#stop());
    response.once('close', () => {
      stop();
      this.#stop();
    });
    response.set({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  }

  get going(): boolean {
    return this.#going;
  }

  /** `fields`: lines such as `event: sync`; a line that starts with a colon is a comment. */
  send(...fields: readonly string[]): void {
    this.#response.write(`${fields.join('\n')}\n\n`);
    this.#sentAt = performance.now();
  }

  /** Waits, at most until the stream ends. */
  async pause(ms: number): Promise<void> {
    const timer = Promise.withResolvers<void>();
    const handle = setTimeout(timer.resolve, ms);
    await Promise.race([this.#ended.promise, timer.promise]);
    clearTimeout(handle);
    if (this.#going && performance.now() - this.#sentAt > HEARTBEAT_MS) this.send(':');
  }

  end(): void {
    this.#response.end();
  }

  #stop(): void {
    this.#going = false;
    this.#ended.resolve();
  }
}
