import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Order, Served } from './load-talk.ts';

const GENERATOR = fileURLToPath(new URL('load-generator.ts', import.meta.url));

export type Measured = Exclude<Served, { failure: string }>;

/** Callers, in a process of their own so that their processor time is not counted as ours. */
export class Load {
  readonly #process: ChildProcess = fork(GENERATOR);

  serve(order: Order): Promise<Measured> {
    return new Promise((resolve, reject) => {
      const onExit = () => reject(new Error('the load generator has ended'));
      this.#process.once('exit', onExit);
      this.#process.once('message', ((served: Served) => {
        this.#process.off('exit', onExit);
        if ('failure' in served) reject(new Error(served.failure));
        else resolve(served);
      }) as (message: unknown) => void);
      this.#process.send(order);
    });
  }

  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
