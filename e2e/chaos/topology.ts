import { hash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type MariaDbServer, startMariaDb } from '../../packages/platform/test/mariadb-server.ts';
import type { Child } from '../support/child.ts';
import { MAIN } from '../support/program.ts';
import { until } from '../support/until.ts';
import { type SimulatedComponent, WeChat } from '../support/wechat.ts';
import { ChaosBalancer } from './balancer.ts';
import { BusinessEndpoint } from './business-endpoint.ts';
import { childOn } from './child-on.ts';
import { type Hosts, NODE_HOSTS, type NodeHost } from './hosts.ts';
import { ClusterHosts, type RedisHosts, SentinelHosts, SingleRedis } from './redis-hosts.ts';

export const ACCOUNT = 'wx00000000000000a1';
export const SEND_PATH = '/cgi-bin/message/custom/send';

const NODE_PORT = 3000;
const WECHAT_PORT = 3900;
const BALANCER_PORT = 8080;
const ENDPOINT_PORT = 8081;
const DATABASE_PORT = 3306;
/** Longer than the balancer takes to notice: three checks of two seconds. */
const DRAIN_MS = 7_000;

export type TopologyKind = 'sentinel' | 'cluster' | 'single';

/** A whole deployment on five hosts, with an account that has authorized. */
export class Topology {
  readonly kind: TopologyKind;
  readonly hosts: Hosts;
  readonly redis: RedisHosts;
  readonly database: MariaDbServer;
  readonly wechat: WeChat;
  readonly balancer: ChaosBalancer;
  readonly endpoint: BusinessEndpoint;
  readonly component: SimulatedComponent;
  readonly apiKey = `key-${randomBytes(12).toString('hex')}`;
  readonly #dir: string;
  readonly #nodes = new Map<string, Child>();
  readonly #past: Child[] = [];
  readonly #env: Record<string, string>;
  openid = '';

  private constructor(
    kind: TopologyKind,
    hosts: Hosts,
    dir: string,
    parts: {
      readonly redis: RedisHosts;
      readonly database: MariaDbServer;
      readonly balancer: ChaosBalancer;
      readonly endpoint: BusinessEndpoint;
    },
  ) {
    this.kind = kind;
    this.hosts = hosts;
    this.#dir = dir;
    this.redis = parts.redis;
    this.database = parts.database;
    this.balancer = parts.balancer;
    this.endpoint = parts.endpoint;
    this.component = newComponent();
    const { appid } = this.component;
    this.wechat = new WeChat(
      WECHAT_PORT,
      {
        components: [
          {
            ...this.component,
            eventUrl: `${this.balancerUrl}/wechat/${appid}/events`,
            messageUrl: `${this.balancerUrl}/wechat/${appid}/messages/$APPID$`,
          },
        ],
        accounts: [{ appid: ACCOUNT, kind: 'official-account', nickName: '演示服务号', followers: 25 }],
      },
      hosts.address('wx'),
    );
    this.#env = {
      NODE_OPTIONS: '--max-semi-space-size=16',
      REDIS_URL: this.redis.url,
      DATABASE_URL: this.database.url('wx'),
      WX_COMPONENT_APPID: appid,
      WX_COMPONENT_APPSECRET: this.component.appsecret,
      WX_TOKEN: this.component.token,
      WX_ENCODING_AES_KEY: this.component.encodingAesKey,
      PUBLIC_URL: this.balancerUrl,
      WECHAT_API_BASE: this.wechat.url,
      WECHAT_MP_BASE: this.wechat.url,
      WECHAT_OPEN_BASE: this.wechat.url,
      SECRETS_KEY: randomBytes(32).toString('base64'),
      DELIVERY_NETS: hosts.net,
      API_KEY: this.apiKey,
      DRAIN_MS: String(DRAIN_MS),
      LOG_LEVEL: 'info',
    };
  }

  /** This process is on the host `wx`. */
  static async open(kind: TopologyKind, hosts: Hosts): Promise<Topology> {
    const dir = await mkdtemp(join(tmpdir(), 'wxchaos-'));
    const redis = redisOf(kind, hosts, dir);
    const address = hosts.address('db');
    const [database, balancer, endpoint] = await Promise.all([
      startMariaDb({ address, port: DATABASE_PORT, within: hosts.within('db') }),
      ChaosBalancer.open(hosts.address('wx'), BALANCER_PORT),
      BusinessEndpoint.open(hosts.address('wx'), ENDPOINT_PORT),
      redis.start(),
    ]);
    const topology = new Topology(kind, hosts, dir, { redis, database, balancer, endpoint });
    try {
      await topology.#begin();
      return topology;
    } catch (error) {
      await topology.close();
      throw error;
    }
  }

  get balancerUrl(): string {
    return `http://${this.hosts.address('wx')}:${BALANCER_PORT}`;
  }

  nodeUrl(host: NodeHost, port = NODE_PORT): string {
    return `http://${this.hosts.address(host)}:${port}`;
  }

  /** `name` is the host's, or another for one more node on a host. */
  startNode(host: NodeHost, name: string = host, port = NODE_PORT): Child {
    const former = this.#nodes.get(name);
    if (former) this.#past.push(former);
    const node = childOn(this.hosts, host, 'node', process.execPath, [MAIN, 'node'], {
      ...this.#env,
      DATA_DIR: join(this.#dir, name),
      HOST: this.hosts.address(host),
      PORT: String(port),
    });
    this.#nodes.set(name, node);
    this.balancer.remove(name);
    this.balancer.add(name, this.nodeUrl(host, port));
    return node;
  }

  node(name: string): Child {
    const node = this.#nodes.get(name);
    if (!node) throw new Error(`there is no node ${name}`);
    return node;
  }

  async stopNode(name: string): Promise<void> {
    await this.node(name).shutDown();
    this.balancer.remove(name);
    this.#past.push(this.node(name));
    this.#nodes.delete(name);
  }

  /** Waits until Redis, database and all nodes work, as before the first fault. */
  async steady(): Promise<void> {
    await this.redis.steady();
    await until('every node is ready, without anything degraded', async () => {
      const answers = await Promise.all(NODE_HOSTS.map((host) => this.#readiness(host)));
      return answers.every((degraded) => degraded?.length === 0);
    });
    await until('the balancer uses every node', () => this.balancer.used.length === NODE_HOSTS.length);
  }

  async api<T>(method: string, path: string, body?: unknown): Promise<{ status: number; body: T }> {
    const response = await fetch(this.nodeUrl('h1') + path, {
      method,
      headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
      signal: AbortSignal.timeout(10_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as T };
  }

  /** NDJSON of WeChat's log after this entry. */
  async wechatLog(after: number): Promise<string> {
    const response = await fetch(`${this.wechat.url}/_control/log?after=${after}`);
    return response.text();
  }

  /** A key in the slot of the account, for finding its master. */
  get accountKey(): string {
    return `wx:{${this.component.appid}:${ACCOUNT}}:token:authorizer`;
  }

  /** The output of each node that ran, by a name for its file. */
  outputs(): [string, string][] {
    const nodes = [...this.#past, ...this.#nodes.values()];
    const named: [string, string][] = nodes.map((node, index) => [`${index}-${node.name}`, node.output]);
    const servers: [string, string][] = this.redis.servers.map((one) => [`redis-${one.host}-${one.port}`, one.output]);
    return [...named, ...servers];
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.running && node.kill()));
    await this.wechat.child.kill();
    await this.redis.close();
    await this.database.stop();
    await Promise.all([this.balancer.close(), this.endpoint.close()]);
    await rm(this.#dir, { recursive: true, force: true });
  }

  async #begin(): Promise<void> {
    await this.wechat.child.says('simulator listening');
    for (const host of NODE_HOSTS) {
      await mkdir(join(this.#dir, host));
      this.startNode(host);
    }
    await Promise.all(NODE_HOSTS.map((host) => this.node(host).says('gateway listening')));
    await until('ready', async () => (await this.api<{ ready: boolean }>('GET', '/v1/status')).body.ready);
    await this.wechat.control('POST', '/authorize', { appid: ACCOUNT });
    await until('the account is active', async () => {
      const { status, body } = await this.api<{ state: string }>('GET', `/v1/authorizers/${ACCOUNT}`);
      return status === 200 && body.state === 'active';
    });
    const { openids } = await this.wechat.control<{ openids: string[] }>('GET', `/followers?appid=${ACCOUNT}&limit=1`);
    this.openid = openids[0]!;
    const url = `http://${this.hosts.address('wx')}:${ENDPOINT_PORT}/pushes`;
    const { status, body } = await this.api('POST', '/v1/subscriptions', {
      name: 'chaos',
      url,
      filter: { types: ['message.text'] },
    });
    if (status !== 201) throw new Error(`the subscription was answered ${status} ${JSON.stringify(body)}`);
    await this.steady();
    // Every node has read account and key, as nodes in service have.
    await until('a call works on every node', async () => {
      const calls = await Promise.all(NODE_HOSTS.map((host) => this.#read(host)));
      return calls.every((state) => state === 'completed');
    });
  }

  async #read(host: NodeHost): Promise<string> {
    const response = await fetch(`${this.nodeUrl(host)}/v1/authorizers/${ACCOUNT}/calls`, {
      method: 'POST',
      headers: { authorization: `Bearer ${this.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ method: 'GET', path: '/cgi-bin/user/info', query: { openid: this.openid } }),
    });
    return ((await response.json()) as { state: string }).state;
  }

  /** What it lacks; undefined if it is not ready. */
  async #readiness(host: NodeHost): Promise<readonly string[] | undefined> {
    const response = await fetch(`${this.nodeUrl(host)}/readyz`, { signal: AbortSignal.timeout(3_000) });
    const { degraded } = (await response.json()) as { degraded: readonly string[] };
    return response.status === 200 ? degraded : undefined;
  }
}

function redisOf(kind: TopologyKind, hosts: Hosts, dir: string): RedisHosts {
  switch (kind) {
    case 'sentinel':
      return new SentinelHosts(hosts, dir);
    case 'cluster':
      return new ClusterHosts(hosts, dir);
    case 'single':
      return new SingleRedis(hosts, dir);
    default:
      return kind satisfies never;
  }
}

function newComponent(): SimulatedComponent {
  return {
    appid: `wx${randomBytes(8).toString('hex')}`,
    appsecret: randomBytes(16).toString('hex'),
    token: randomBytes(8).toString('hex'),
    encodingAesKey: hash('sha256', randomBytes(32)).slice(0, 43),
  };
}
