import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const FILES = {
  endpoint: fileURLToPath(new URL('bare-endpoint.ts', import.meta.url)),
  wechat: fileURLToPath(new URL('bare-wechat.ts', import.meta.url)),
  proxy: fileURLToPath(new URL('bare-proxy.ts', import.meta.url)),
};

/** `bare-wechat.ts`, `bare-proxy.ts` or `bare-endpoint.ts` as a process; it reports its port and receives the address of the server behind it. */
export class BareServer {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess, port: number) {
    this.#process = process;
    this.port = port;
  }

  static async start(which: keyof typeof FILES): Promise<BareServer> {
    const process = fork(FILES[which]);
    const [port] = (await once(process, 'message')) as [number];
    return new BareServer(process, port);
  }

  get pid(): number {
    return this.#process.pid!;
  }

  forwardTo(behind: string | number): void {
    this.#process.send(behind);
  }

  stop(): void {
    if (this.#process.connected) this.#process.disconnect();
  }
}
