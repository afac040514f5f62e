import { type ChildProcess, spawn } from 'node:child_process';
import { Redis } from 'ioredis';
import { endsWithUs } from './ends-with-us.ts';

/** A redis-server of a test, which can be killed, frozen and restarted. It ends with the tests. */
export class RedisProcess {
  readonly port: number;
  readonly #args: readonly string[];
  #child: ChildProcess;
  #exited: Promise<unknown>;

  private constructor(port: number, args: readonly string[], child: ChildProcess) {
    this.port = port;
    this.#args = args;
    this.#child = child;
    this.#exited = exitOf(child);
  }

  /**
   * Another process may take a free port before the server does; then the server ends, and another port is tried.
   * `argsFor` returns the arguments of redis-server.
   */
  static async start(
    nextPort: () => Promise<number>,
    argsFor: (port: number) => readonly string[] | Promise<readonly string[]>,
  ): Promise<RedisProcess> {
    let output = '';
    for (let tries = 0; tries < 5; tries++) {
      const port = await nextPort();
      const args = await argsFor(port);
      const started = await spawnServer(args);
      if ('child' in started) return new RedisProcess(port, args, started.child);
      output = started.output;
    }
    throw new Error(`redis-server does not start: ${output}`);
  }

  get pid(): number {
    return this.#child.pid!;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** A connection to this server alone, for the test to close. */
  connect(options: { readonly password?: string } = {}): Redis {
    const redis = new Redis({ host: '127.0.0.1', port: this.port, maxRetriesPerRequest: 1, ...options });
    redis.on('error', () => {});
    return redis;
  }

  /** Sends one command to this server alone. */
  async call(command: string, ...args: (string | number)[]): Promise<unknown> {
    const redis = this.connect();
    try {
      return await redis.call(command, ...args);
    } finally {
      redis.disconnect();
    }
  }

  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  /** After `kill`, on the same port. */
  async restart(): Promise<void> {
    const started = await spawnServer(this.#args);
    if (!('child' in started)) throw new Error(`redis-server does not start again: ${started.output}`);
    this.#child = started.child;
    this.#exited = exitOf(started.child);
  }
}

function exitOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('exit', resolve));
}

/** Returns as soon as the server accepts connections, or has ended. */
async function spawnServer(args: readonly string[]): Promise<{ child: ChildProcess } | { output: string }> {
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  endsWithUs(child);
  let output = '';
  const isListening = await new Promise<boolean>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', () => resolve(false));
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
      if (/Ready to accept connections|\+monitor master/.test(output)) resolve(true);
    });
  });
  child.stdout.removeAllListeners('data').resume();
  return isListening ? { child } : { output };
}
