import { connect } from 'node:net';
import { Redis } from 'ioredis';
import { withKeyspace } from '../../packages/platform/src/redis/connect.ts';
import { DEFAULT_REDIS_PREFIX, type Keyspace } from '../../packages/platform/src/redis/keys.ts';
import { Child } from './child.ts';
import { freePort } from './free-port.ts';
import { until } from './until.ts';

/** A real redis-server with an append-only file in `dir`; it can be killed and restarted. */
export class RedisServer {
  readonly port: number;
  readonly url: string;
  readonly #dir: string;
  #child: Child;

  private constructor(port: number, dir: string) {
    this.port = port;
    this.url = `redis://127.0.0.1:${port}/0`;
    this.#dir = dir;
    this.#child = this.#spawn();
  }

  static async start(dir: string): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), dir);
    await server.#answers();
    return server;
  }

  get pid(): number {
    return this.#child.pid;
  }

  client(): Redis & { readonly keyspace: Keyspace } {
    return withKeyspace(new Redis(this.url, { maxRetriesPerRequest: 1 }), DEFAULT_REDIS_PREFIX);
  }

  /**
   * Reports every command that the server receives, including those of scripts, until it is closed. Over a plain socket:
   * ioredis takes lines that arrive together with MONITOR's own answer for unexpected replies, and throws.
   */
  async monitor(seen: (command: string, args: readonly string[]) => void): Promise<{ close(): void }> {
    const socket = connect(this.port, '127.0.0.1').setEncoding('utf8');
    const started = Promise.withResolvers<void>();
    socket.once('error', started.reject);
    let text = '';
    socket.on('data', (chunk: string) => {
      const lines = (text + chunk).split('\r\n');
      text = lines.pop()!;
      for (const line of lines) {
        if (line === '+OK') started.resolve();
        const [command, ...args] = [...line.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, word]) => word!);
        if (command !== undefined) seen(command.toLowerCase(), args);
      }
    });
    socket.write('MONITOR\r\n');
    await started.promise;
    return { close: () => socket.destroy() };
  }

  async flush(): Promise<void> {
    const client = this.client();
    try {
      await client.flushall();
    } finally {
      client.disconnect();
    }
  }

  kill(): Promise<void> {
    return this.#child.kill();
  }

  async restart(): Promise<void> {
    this.#child = this.#spawn();
    await this.#answers();
  }

  async stop(): Promise<void> {
    await this.#child.kill();
  }

  #spawn(): Child {
    return new Child(
      'redis',
      'redis-server',
      [
        ...['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#dir],
        ...['--appendonly', 'yes', '--appendfsync', 'everysec', '--save', '', '--maxmemory-policy', 'noeviction'],
      ],
      {},
    );
  }

  async #answers(): Promise<void> {
    await until('redis answers', async () => {
      const client = new Redis(this.url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
      client.on('error', () => {});
      try {
        await client.connect();
        return (await client.ping()) === 'PONG';
      } finally {
        client.disconnect();
      }
    });
  }
}
