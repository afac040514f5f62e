import { createServer, type IncomingMessage, type Server, type ServerResponse, request as send } from 'node:http';
import { freePort } from './free-port.ts';
import { IDLE_TIMEOUT_MS } from './idle-timeout.ts';

/** One of WeChat's hosts, in front of the simulator: it can be closed, and opened again on the same port. */
export class Front {
  /** The paths of the requests that this host received. */
  readonly passed: string[] = [];
  readonly url: string;
  readonly #server: Server;
  readonly #behind = Promise.withResolvers<string>();
  #cutting = '';
  #dying: { readonly path: string; left: number; readonly died: (shut: Promise<void>) => void } | undefined;
  #from: string | undefined;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Requests wait until `leadTo` sets their destination. */
  static async open(): Promise<Front> {
    const server = createServer(
      { keepAliveTimeout: IDLE_TIMEOUT_MS },
      (request, response) => void front.#pass(request, response),
    );
    // No other test may get the port while this host is closed.
    const front = new Front(server, await freePort());
    await front.reopen();
    return front;
  }

  leadTo(url: string): void {
    this.#behind.resolve(url);
  }

  /** WeChat sees this address as the source of all requests. */
  comeFrom(address: string): void {
    this.#from = address;
  }

  /** From now on WeChat receives each request to this path, and its answer is lost. */
  cutAnswers(path: string): void {
    this.#cutting = path;
  }

  /** Shuts when it has received so many more requests to this path. */
  shutAfter(path: string, count: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#dying = { path, left: count, died: resolve };
    return promise;
  }

  /** Accepts no more connections, and closes the open ones. */
  async shut(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  async reopen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(Number(new URL(this.url).port), '127.0.0.1', resolve));
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url!.replace(/\?.*/, '');
    this.passed.push(path);
    const dying = this.#dying;
    if (dying?.path === path && --dying.left === 0) dying.died(this.shut());
    const { method, headers } = request;
    const onward = send(
      (await this.#behind.promise) + request.url!,
      { method: method!, headers, agent: false, localAddress: this.#from },
      (answer) => {
        if (path === this.#cutting) {
          response.destroy();
          return;
        }
        response.writeHead(answer.statusCode!, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }
}
