import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from '../support/child.ts';
import { freePort } from '../support/free-port.ts';
import { MAIN } from '../support/program.ts';
import { until } from '../support/until.ts';
import type { SimulatedComponent } from '../support/wechat.ts';
import type { Visited } from './visitor.ts';

interface DemoFile {
  readonly component: SimulatedComponent;
  readonly accounts: readonly { readonly appid: string }[];
  readonly apiKey: string;
  readonly adminPassword: string;
}

/** What `npm start` is without settings: a simulated WeChat, accounts, and traffic, so that every screen has something to show. */
export class Demo implements Visited {
  readonly #child: Child;
  readonly #dir: string;
  readonly #url: string;
  readonly #simulator: string;
  readonly #file: DemoFile;

  private constructor(child: Child, dir: string, url: string, simulator: string, file: DemoFile) {
    this.#child = child;
    this.#dir = dir;
    this.#url = url;
    this.#simulator = simulator;
    this.#file = file;
  }

  static async start(): Promise<Demo> {
    const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-demo-'));
    const port = await freePort();
    const child = new Child('demo', process.execPath, [MAIN, 'start'], {
      HOST: '127.0.0.1',
      PORT: String(port),
      DATA_DIR: dir,
      NODE_OPTIONS: '--max-semi-space-size=16',
    });
    try {
      await child.says(/^curl /m);
      const simulator = /simulated at (http:\S+),/.exec(child.output)?.[1];
      if (simulator === undefined) throw new Error(`no simulator: ${child.output}`);
      const file = JSON.parse(await readFile(join(dir, 'demo.json'), 'utf8')) as DemoFile;
      const demo = new Demo(child, dir, `http://127.0.0.1:${port}`, simulator, file);
      await demo.#hasTraffic();
      return demo;
    } catch (error) {
      if (child.running) await child.shutDown();
      throw error;
    }
  }

  get adminPassword(): string {
    return this.#file.adminPassword;
  }

  get component(): SimulatedComponent {
    return this.#file.component;
  }

  /** The official account with followers. */
  get account(): string {
    return this.#file.accounts[0]!.appid;
  }

  gatewayUrl(): string {
    return this.#url;
  }

  async api<T>(path: string, method = 'GET', body?: unknown): Promise<T> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#file.apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async secrets(): Promise<Record<string, string[]>> {
    const response = await fetch(`${this.#simulator}/_control/secrets`);
    return (await response.json()) as Record<string, string[]>;
  }

  /** Some calls have failed, and some pushes were delivered. */
  async #hasTraffic(): Promise<void> {
    await until('the demo has failed calls', async () => {
      const query = `component=${this.component.appid}&failed=true`;
      return (await this.api<{ items: unknown[] }>(`/v1/calls?${query}`)).items.length > 0;
    });
    await until('the demo has deliveries', async () => {
      const { items } = await this.api<{ items: { id: string }[] }>('/v1/subscriptions');
      const deliveries = `/v1/deliveries?subscription=${items[0]!.id}`;
      return (await this.api<{ items: unknown[] }>(deliveries)).items.length > 0;
    });
  }

  async close(): Promise<void> {
    if (this.#child.running) await this.#child.shutDown();
    await rm(this.#dir, { recursive: true, force: true });
  }
}
