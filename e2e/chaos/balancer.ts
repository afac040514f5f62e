import {
  Agent,
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as send,
} from 'node:http';
import type { ProbeLine } from './history.ts';

/** What operators set: a check every two seconds, removed after three failures, used again after one success. */
const CHECK_INTERVAL_MS = 2_000;
const CHECK_TIMEOUT_MS = 2_000;
const FAILURES_TO_REMOVE = 3;
const CONNECT_TIMEOUT_MS = 1_000;

interface Backend {
  readonly name: string;
  readonly url: string;
  failures: number;
  /** Unix milliseconds of its first answer with status 200 to a forwarded request. */
  firstSuccessAt: number | null;
}

/**
 * The load balancer of the deployment: pushes of WeChat come through it, and calls where a fault says so. A backend that
 * accepts no connection has received nothing, so the request goes to the next one; nothing else is repeated.
 */
export class ChaosBalancer {
  readonly probes: ProbeLine[] = [];
  readonly #server: Server;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #backends: Backend[] = [];
  readonly #checks: NodeJS.Timeout[] = [];
  #next = 0;

  private constructor() {
    this.#server = createServer((request, response) => void this.#pass(request, response));
    this.#server.keepAliveTimeout = 65_000;
  }

  static async open(host: string, port: number): Promise<ChaosBalancer> {
    const balancer = new ChaosBalancer();
    await new Promise<void>((resolve) => balancer.#server.listen(port, host, resolve));
    return balancer;
  }

  add(name: string, url: string): void {
    const backend: Backend = { name, url, failures: FAILURES_TO_REMOVE, firstSuccessAt: null };
    this.#backends.push(backend);
    const timer = setInterval(() => void this.#check(backend), CHECK_INTERVAL_MS);
    this.#checks.push(timer);
    void this.#check(backend);
  }

  remove(name: string): void {
    const index = this.#backends.findIndex((one) => one.name === name);
    if (index < 0) return;
    this.#backends.splice(index, 1);
    clearInterval(this.#checks.splice(index, 1)[0]);
  }

  /** The names of the backends that receive requests now. */
  get used(): readonly string[] {
    return this.#backends.filter(isUsed).map(({ name }) => name);
  }

  firstSuccessOf(name: string): number | null {
    return this.#backends.find((one) => one.name === name)?.firstSuccessAt ?? null;
  }

  async close(): Promise<void> {
    for (const timer of this.#checks) clearInterval(timer);
    this.#agent.destroy();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #check(backend: Backend): Promise<void> {
    const at = Date.now();
    let status = 0;
    let degraded: string[] = [];
    try {
      const response = await fetch(`${backend.url}/readyz`, { signal: AbortSignal.timeout(CHECK_TIMEOUT_MS) });
      const body = (await response.json()) as { degraded?: string[] };
      status = response.status;
      degraded = body.degraded ?? [];
    } catch {
      // No answer in time, or none.
    }
    backend.failures = status === 200 ? 0 : backend.failures + 1;
    this.probes.push({ kind: 'probe', at, node: backend.name, status, degraded });
  }

  async #pass(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    } catch {
      return;
    }
    const used = this.#backends.filter(isUsed);
    const first = this.#next++;
    for (const offset of used.keys()) {
      const backend = used[(first + offset) % used.length]!;
      if ((await this.#forward(backend, request, Buffer.concat(chunks), response)) === 'handled') return;
    }
    response.writeHead(502).end('no backend accepts connections');
  }

  #forward(
    backend: Backend,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): Promise<'handled' | 'not connected'> {
    return new Promise((resolve) => {
      const { method, headers, url } = request;
      const onward = send(backend.url + url, { method: method!, headers, agent: this.#agent }, (answer) => {
        // The header concerns the connection between node and balancer; the client keeps its own.
        const { connection: _, ...passed } = answer.headers;
        response.writeHead(answer.statusCode!, passed);
        answer.pipe(response);
        answer.on('end', () => {
          if (answer.statusCode === 200) backend.firstSuccessAt ??= Date.now();
        });
        answer.on('error', () => response.destroy());
        resolve('handled');
      });
      let connected = false;
      const timer = setTimeout(() => !connected && onward.destroy(new Error('connect timeout')), CONNECT_TIMEOUT_MS);
      onward.on('socket', (socket) => {
        if (!socket.connecting) connected = true;
        else socket.once('connect', () => (connected = true));
      });
      onward.on('error', () => {
        clearTimeout(timer);
        if (!connected) return resolve('not connected');
        if (response.headersSent) response.destroy();
        else response.writeHead(502).end('the backend closed the connection');
        resolve('handled');
      });
      onward.on('response', () => clearTimeout(timer));
      onward.end(body);
    });
  }
}

function isUsed({ failures }: Backend): boolean {
  return failures < FAILURES_TO_REMOVE;
}
