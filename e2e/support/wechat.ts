import { Child } from './child.ts';
import { SIMULATOR_MAIN } from './program.ts';

/** One component in the configuration of deployment and simulator. */
export interface SimulatedComponent {
  readonly appid: string;
  readonly appsecret: string;
  readonly token: string;
  readonly encodingAesKey: string;
}

export interface SimulatedAccount {
  readonly appid: string;
  readonly kind: 'official-account' | 'mini-program';
  readonly nickName: string;
  readonly followers?: number;
}

export interface Counters {
  readonly requests: Record<string, number>;
  readonly byAccount: Record<string, Record<string, number>>;
  readonly outcomes: Record<string, Record<string, number>>;
  readonly minted: Record<string, number>;
}

export interface Robot {
  readonly messages: readonly { readonly at: string; readonly text: string; readonly mentionsAll: boolean }[];
  readonly refused: readonly { readonly answer: unknown }[];
}

/** The simulator as a process, and its control API. */
export class WeChat {
  readonly url: string;
  readonly child: Child;

  constructor(
    port: number,
    settings: {
      readonly components: readonly (SimulatedComponent & { eventUrl: string; messageUrl: string | string[] })[];
      readonly accounts: readonly SimulatedAccount[];
      readonly timeScale?: number | undefined;
    },
    host = '127.0.0.1',
  ) {
    this.url = `http://${host}:${port}`;
    this.child = new Child('simulator', process.execPath, [SIMULATOR_MAIN], {
      SIMULATOR_SETTINGS: JSON.stringify({ port, host, seed: 1, ...settings }),
    });
  }

  async control<T = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/_control${path}`, {
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`control ${method} ${path}: ${response.status} ${text}`);
    return JSON.parse(text) as T;
  }

  counters(): Promise<Counters> {
    return this.control('GET', '/counters');
  }

  /** How often WeChat was asked, e.g. `POST /cgi-bin/component/api_component_token`. */
  async asked(what: string): Promise<number> {
    return (await this.counters()).requests[what] ?? 0;
  }

  /** What the group robots were sent, by their kind. */
  async robots(): Promise<Record<string, Robot>> {
    const { robots } = await this.control<{ robots: (Robot & { kind: string })[] }>('GET', '/robots');
    return Object.fromEntries(robots.map((robot) => [robot.kind, robot]));
  }

  /** The followers of an account, in WeChat's order. */
  async followers(appid: string): Promise<readonly string[]> {
    return (await this.control<{ openids: string[] }>('GET', `/followers?appid=${appid}&limit=1000`)).openids;
  }

  async messages(): Promise<{ appid: string; touser: string; content: unknown }[]> {
    const answer = await this.control<unknown>('GET', '/messages');
    return (Array.isArray(answer) ? answer : (answer as { messages: unknown }).messages) as never;
  }

  /** How often each text was sent to a customer. */
  async messageCounts(): Promise<Map<string, number>> {
    const counts = new Map<string, number>();
    for (const message of await this.messages()) {
      const { content } = message.content as { content: string };
      counts.set(content, (counts.get(content) ?? 0) + 1);
    }
    return counts;
  }
}
