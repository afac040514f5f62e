import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net';

/** One name for a server that may be replaced by another: forwards each connection to the server of the moment. */
export class TcpForwarder {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #target: number;

  private constructor(server: Server, target: number) {
    this.#server = server;
    this.#target = target;
  }

  static async start(target: number): Promise<TcpForwarder> {
    const server = createServer();
    const forwarder = new TcpForwarder(server, target);
    server.on('connection', (client) => forwarder.#forward(client));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return forwarder;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** New connections reach another port; those that exist stay. */
  switchTo(target: number): void {
    this.#target = target;
  }

  /** Nothing passes by the connections that exist, and neither side learns it, as with a pulled cable. */
  cut(): void {
    for (const socket of this.#sockets) socket.unpipe().removeAllListeners('close').pause();
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #forward(client: Socket): void {
    const server = createConnection(this.#target, '127.0.0.1');
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.pipe(to);
      from.on('error', () => {});
      from.once('close', () => to.destroy());
    }
  }
}
