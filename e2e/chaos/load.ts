import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Child } from '../support/child.ts';
import { until } from '../support/until.ts';
import type { CallerSettings } from './caller.ts';
import { childOn } from './child-on.ts';
import { type CallLine, readLines, type SettledLine } from './history.ts';
import { NODE_HOSTS, type NodeHost } from './hosts.ts';
import { ACCOUNT, type Topology } from './topology.ts';

const CALLER_MAIN = fileURLToPath(new URL('caller.ts', import.meta.url));
/** Four a second for each host, as every other stream. */
const PUSH_INTERVAL_MS = 250 / NODE_HOSTS.length;
const PUSHES_DRAIN_TIMEOUT_MS = 45_000;

export interface LoadSettings {
  /** Callers use their own host's node, or the balancer. */
  readonly through: 'own node' | 'balancer';
  readonly seed: number;
  /** Where the callers' logs are written. */
  readonly folder: string;
}

/** Business programs on three hosts, and users who write to the account. */
export class ChaosLoad {
  readonly #topology: Topology;
  readonly #callers: ReadonlyMap<NodeHost, { readonly child: Child; readonly log: string }>;
  readonly #pushing: Promise<void>;
  readonly #pushed: Promise<unknown>[] = [];
  readonly #firstDelivery: number;
  #stopped = false;

  private constructor(topology: Topology, settings: LoadSettings) {
    this.#topology = topology;
    this.#firstDelivery = topology.endpoint.received.length;
    const readers = NODE_HOSTS.map((host) => topology.nodeUrl(host));
    this.#callers = new Map(
      NODE_HOSTS.map((host, index) => {
        const log = join(settings.folder, `callers-${host}.ndjson`);
        const caller: CallerSettings = {
          host,
          target: settings.through === 'balancer' ? topology.balancerUrl : topology.nodeUrl(host),
          readers,
          apiKey: topology.apiKey,
          appid: ACCOUNT,
          openid: topology.openid,
          seed: settings.seed * NODE_HOSTS.length + index,
          log,
        };
        const env = { CALLER: JSON.stringify(caller) };
        return [host, { child: childOn(topology.hosts, host, 'callers', process.execPath, [CALLER_MAIN], env), log }];
      }),
    );
    this.#pushing = this.#push(settings.seed);
  }

  /** Returns when calls of every stream and pushes succeed. */
  static async start(topology: Topology, settings: LoadSettings): Promise<ChaosLoad> {
    const load = new ChaosLoad(topology, settings);
    await Promise.all([...load.#callers.values()].map(({ child }) => child.says('callers started')));
    return load;
  }

  /** Fifty calls at once from the callers of one host. */
  burst(host: NodeHost): void {
    this.#callers.get(host)!.child.signal('SIGUSR2');
  }

  /** Submits nothing more, waits for the outcome of everything accepted, and returns the callers' logs. */
  async stop(): Promise<(CallLine | SettledLine)[]> {
    this.#stopped = true;
    await this.#pushing;
    const codes = await Promise.all([...this.#callers.values()].map(({ child }) => child.shutDown()));
    if (codes.some((code) => code !== 0)) {
      const outputs = [...this.#callers.values()].map(({ child }) => child.output).join('\n');
      throw new Error(`the callers ended with ${codes.join(', ')}: ${outputs}`);
    }
    await Promise.all(this.#pushed);
    const lines = await Promise.all(
      [...this.#callers.values()].map(({ log }) => readLines<CallLine | SettledLine>(log)),
    );
    return lines.flat();
  }

  /** Waits until the business program has received these pushes; what it has not in time is the checker's to find. */
  async drained(msgIds: readonly string[]): Promise<void> {
    const complete = () => {
      const received = new Set(this.#topology.endpoint.received.slice(this.#firstDelivery).map(({ msgId }) => msgId));
      return msgIds.every((msgId) => received.has(msgId));
    };
    await until('the pushes are delivered', complete, PUSHES_DRAIN_TIMEOUT_MS).catch(() => {});
  }

  kill(): void {
    this.#stopped = true;
    for (const { child } of this.#callers.values()) child.signal('SIGKILL');
  }

  async #push(seed: number): Promise<void> {
    const startedAt = performance.now();
    for (let round = 0; !this.#stopped; round++) {
      const push = { url: 'messages', appid: ACCOUNT, fields: { MsgType: 'text', Content: `${seed}-${round}` } };
      // WeChat's own log has the result.
      this.#pushed.push(this.#topology.wechat.control('POST', '/push', push).catch(() => {}));
      await pause(Math.max(0, startedAt + (round + 1) * PUSH_INTERVAL_MS - performance.now()));
    }
  }
}
