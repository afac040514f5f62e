import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Child } from './child.ts';
import { Description } from './description.ts';
import { freePort } from './free-port.ts';
import { freezeUnlocked } from './freeze.ts';
import { MAIN } from './program.ts';
import { RedisServer } from './redis.ts';
import { until } from './until.ts';
import { type SimulatedAccount, type SimulatedComponent, WeChat } from './wechat.ts';

export const SERVICE_ACCOUNT = 'wx00000000000000a1';
export const MINI_PROGRAM = 'wx00000000000000b2';

const PUSHED_AGAIN_AFTER_MS = 30_000;

export interface HouseSettings {
  readonly gateways?: number;
  /** Processes that are gateway and worker at once, instead of gateways and workers. */
  readonly nodes?: number;
  readonly workers?: number;
  /** One process is gateway and worker, as `start` runs them. */
  readonly together?: boolean;
  readonly accounts?: readonly SimulatedAccount[];
  readonly timeScale?: number;
  /** The address to which WeChat pushes, if not the first gateway. */
  readonly pushTo?: string;
  /** WeChat pushes messages to all gateways: redeliveries and copies of a push use them in rotation. */
  readonly pushToAll?: boolean;
  /** How many components the deployment runs: the first by its environment, the others by WX_COMPONENTS_FILE. */
  readonly components?: number;
  /** A Redis that the story has started, instead of one of the deployment. */
  readonly redisUrl?: string;
  /** Alarms are sent to the simulator's robots, and their times pass so many times as fast. */
  readonly alarmSpeed?: number;
  readonly env?: Record<string, string>;
  /** The entry file of another version's command line, for the first gateways and workers. */
  readonly main?: string;
}

/** All processes that a story needs, real ones on free ports; `close` stops them. */
export class Deployment {
  readonly dir: string;
  readonly #redis: RedisServer | undefined;
  readonly wechat: WeChat;
  /** The first component. */
  readonly component: SimulatedComponent;
  readonly components: readonly SimulatedComponent[];
  readonly apiKey = `key-${randomBytes(12).toString('hex')}`;
  readonly adminPassword = randomBytes(12).toString('hex');
  /** The database, unless a process was started with another one. */
  readonly databaseUrl: string;
  readonly gateways: Child[] = [];
  readonly workers: Child[] = [];
  readonly #gatewayPorts: readonly number[];
  readonly #env: Record<string, string>;
  #description: Description | undefined;

  private constructor(
    dir: string,
    redis: RedisServer | undefined,
    redisUrl: string,
    wechat: WeChat,
    components: readonly SimulatedComponent[],
    gatewayPorts: readonly number[],
    env: Record<string, string>,
  ) {
    this.dir = dir;
    this.#redis = redis;
    this.wechat = wechat;
    const component = components[0]!;
    this.component = component;
    this.components = components;
    this.#gatewayPorts = gatewayPorts;
    this.databaseUrl = env.DATABASE_URL ?? `sqlite:${join(dir, 'deployment.sqlite')}`;
    this.#env = {
      // The options with which the bootstrap and the Dockerfile start it.
      NODE_OPTIONS: '--max-semi-space-size=16',
      HOST: '127.0.0.1',
      DATA_DIR: dir,
      REDIS_URL: redisUrl,
      DATABASE_URL: this.databaseUrl,
      WX_COMPONENT_APPID: component.appid,
      WX_COMPONENT_APPSECRET: component.appsecret,
      WX_TOKEN: component.token,
      WX_ENCODING_AES_KEY: component.encodingAesKey,
      ...(components.length > 1 ? { WX_COMPONENTS_FILE: componentsFile(dir) } : {}),
      PUBLIC_URL: `http://127.0.0.1:${gatewayPorts[0]}`,
      WECHAT_API_BASE: wechat.url,
      WECHAT_MP_BASE: wechat.url,
      WECHAT_OPEN_BASE: wechat.url,
      SECRETS_KEY: randomBytes(32).toString('base64'),
      // Where the receivers of the stories are.
      DELIVERY_NETS: '127.0.0.0/8,::1/128',
      API_KEY: this.apiKey,
      ADMIN_PASSWORD: this.adminPassword,
      LOG_LEVEL: 'debug',
      ...env,
    };
  }

  /** Opens Redis, WeChat, gateways and workers, and waits until each answers. No account has authorized yet. */
  static async open(settings: HouseSettings = {}): Promise<Deployment> {
    const dir = await mkdtemp(join(tmpdir(), 'wxthirdparty-'));
    const redis = settings.redisUrl === undefined ? await RedisServer.start(dir) : undefined;
    const redisUrl = settings.redisUrl ?? redis!.url;
    const gatewayPorts = await Promise.all(Array.from({ length: settings.nodes ?? settings.gateways ?? 1 }, freePort));
    const components = Array.from({ length: settings.components ?? 1 }, newComponent);
    if (components.length > 1) await writeFile(componentsFile(dir), JSON.stringify(components.slice(1)));
    const pushTo = settings.pushTo ?? `http://127.0.0.1:${gatewayPorts[0]}`;
    const wechat = new WeChat(await freePort(), {
      components: components.map((component) => ({
        ...component,
        eventUrl: `${pushTo}/wechat/${component.appid}/events`,
        messageUrl: (settings.pushToAll ? gatewayPorts.map((port) => `http://127.0.0.1:${port}`) : [pushTo]).map(
          (gateway) => `${gateway}/wechat/${component.appid}/messages/$APPID$`,
        ),
      })),
      accounts: settings.accounts ?? [
        { appid: SERVICE_ACCOUNT, kind: 'official-account', nickName: '演示服务号', followers: 25 },
        { appid: MINI_PROGRAM, kind: 'mini-program', nickName: '演示小程序' },
      ],
      timeScale: settings.timeScale,
    });
    const deployment = new Deployment(dir, redis, redisUrl, wechat, components, gatewayPorts, {
      ...(settings.alarmSpeed === undefined ? {} : alarmSettings(wechat.url, settings.alarmSpeed)),
      ...settings.env,
    });
    try {
      await wechat.child.says('simulator listening');
      if (settings.together) deployment.startTogether();
      else if (settings.nodes) for (const index of gatewayPorts.keys()) deployment.startNode(index);
      else {
        for (const index of gatewayPorts.keys()) deployment.startGateway(index, {}, settings.main);
        for (let i = 0; i < (settings.workers ?? 1); i++) deployment.startWorker({}, settings.main);
      }
      await Promise.all([
        ...deployment.gateways.map((gateway) =>
          gateway.says(settings.together ? 'wxthirdparty runs' : 'gateway listening'),
        ),
        ...deployment.workers.map((worker) => worker.says('worker ready')),
      ]);
      // Another version has another description of its API.
      if (gatewayPorts.length > 0 && !settings.main)
        deployment.#description = await Description.of(deployment.gatewayUrl());
    } catch (error) {
      await deployment.close();
      throw error;
    }
    return deployment;
  }

  get redis(): RedisServer {
    if (!this.#redis) throw new Error('The story has started Redis itself.');
    return this.#redis;
  }

  startGateway(index: number, env: Record<string, string> = {}, main = MAIN): Child {
    const port = String(this.#gatewayPorts[index]);
    const gateway = new Child(`gateway ${index}`, process.execPath, [main, 'gateway'], {
      ...this.#env,
      PORT: port,
      ...env,
    });
    this.gateways[index] = gateway;
    return gateway;
  }

  /** `outputTo`: a file, instead of the story's memory. */
  startNode(index: number, env: Record<string, string> = {}, outputTo?: string): Child {
    const settings = { ...this.#env, PORT: String(this.#gatewayPorts[index]), ...env };
    const redirected = ['-c', 'exec "$0" "$@" > "$OUTPUT_TO"', process.execPath, MAIN, 'node'];
    const node = outputTo
      ? new Child('node', 'sh', redirected, { ...settings, OUTPUT_TO: outputTo })
      : new Child('node', process.execPath, [MAIN, 'node'], settings);
    this.gateways[index] = node;
    return node;
  }

  startTogether(): void {
    this.gateways[0] = this.command(['start'], { PORT: String(this.#gatewayPorts[0]) });
  }

  startWorker(env: Record<string, string> = {}, main = MAIN): Child {
    const worker = new Child(`worker ${this.workers.length}`, process.execPath, [main, 'worker'], {
      ...this.#env,
      ...env,
    });
    this.workers.push(worker);
    return worker;
  }

  /** One of the command line's other words, with the settings of the deployment. */
  command(args: readonly string[], env: Record<string, string> = {}): Child {
    return new Child(args[0]!, process.execPath, [MAIN, ...args], { ...this.#env, ...env });
  }

  /** Stops a process of the deployment where it is, as on a host that is frozen; it keeps no other process from the database. */
  freeze(child: Child): Promise<void> {
    return freezeUnlocked(child, this.databaseUrl);
  }

  gatewayUrl(index = 0): string {
    return `http://127.0.0.1:${this.#gatewayPorts[index % this.#gatewayPorts.length]}`;
  }

  async api<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    gateway = 0,
  ): Promise<{ status: number; headers: Headers; body: T }> {
    const response = await fetch(this.gatewayUrl(gateway) + path, {
      method,
      headers: {
        authorization: `Bearer ${this.apiKey}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as T;
    // So every story also shows that the answers are those that the gateway's description promises.
    this.#description?.hold(method, path, response.status, response.headers.get('content-type'), answer);
    return { status: response.status, headers: response.headers, body: answer };
  }

  /** Returns the settled call, or the API's other answer. Without `waitMs` it waits for as long as the call takes. */
  async call(
    appid: string,
    request: { method: string; path: string; query?: object; body?: unknown; waitMs?: number },
    gateway = 0,
  ): Promise<{ status: number; body: CallBody }> {
    const answer = await this.api<CallBody>('POST', `/v1/authorizers/${appid}/calls`, request, gateway);
    if (answer.status !== 202 || request.waitMs !== undefined) return answer;
    // On a busy machine a call may take longer than the API waits.
    const { id } = answer.body;
    const body = await until(`${id} settles`, async () => {
      const found = await this.api<CallBody>('GET', `/v1/calls/${id}`, undefined, gateway);
      return found.status === 200 && ['completed', 'failed', 'cancelled'].includes(found.body.state) && found.body;
    });
    return { status: 200, body };
  }

  async ready(): Promise<void> {
    await until('ready', async () => {
      const { body } = await this.api<{ ready: boolean }>('GET', '/v1/status');
      if (body.ready) return true;
      // The last one explains a wait that was in vain.
      throw new Error(JSON.stringify(body));
    });
  }

  /** The account consents, as its owner would, and the deployment has exchanged the code. */
  async authorized(appid = SERVICE_ACCOUNT, component = this.component.appid): Promise<void> {
    let askedAt = performance.now();
    // A deployment on a busy machine may be too late for WeChat's ticket, or for the push of the code, which it repeats twice only.
    const isLate = () => {
      if (performance.now() - askedAt < PUSHED_AGAIN_AFTER_MS) return false;
      askedAt = performance.now();
      return true;
    };
    await until('ready for consents', async () => {
      const { body } = await this.api<{ ready: boolean }>('GET', '/v1/status');
      if (body.ready) return true;
      const pushed = isLate() && (await this.wechat.control('POST', '/tick', { component }));
      throw new Error(JSON.stringify({ ...body, pushed }));
    });
    await this.wechat.control('POST', '/authorize', { appid, component });
    askedAt = performance.now();
    await until(`${appid} active`, async () => {
      if (isLate()) await this.wechat.control('POST', '/authorize', { appid, component, push: 'force' });
      const path = `/v1/authorizers/${appid}?component=${component}`;
      const { status, body } = await this.api<{ state: string }>('GET', path);
      return status === 200 && body.state === 'active';
    });
  }

  /** Every ticket, token and code that WeChat has issued, by kind. */
  secrets(): Promise<Record<string, string[]>> {
    return this.wechat.control('GET', '/secrets');
  }

  async close(): Promise<void> {
    await Promise.all([...this.gateways, ...this.workers].map((child) => child.running && child.shutDown()));
    await this.wechat.child.shutDown();
    await this.#redis?.stop();
    await rm(this.dir, { recursive: true, force: true });
  }
}

function newComponent(): SimulatedComponent {
  return {
    appid: `wx${randomBytes(8).toString('hex')}`,
    appsecret: randomBytes(16).toString('hex'),
    token: randomBytes(8).toString('hex'),
    encodingAesKey: randomBytes(33)
      .toString('base64')
      .replace(/[^A-Za-z0-9]/g, 'x')
      .slice(0, 43),
  };
}

/** One robot of each kind; `DEMO_SECRET` of the simulator signs. */
function alarmSettings(wechat: string, speed: number): Record<string, string> {
  const robots = [
    `wecom+${wechat}/_robots/wecom/cgi-bin/webhook/send?key=group`,
    `dingtalk+${wechat}/_robots/dingtalk/robot/send?access_token=group#SECdemo`,
    `feishu+${wechat}/_robots/feishu/open-apis/bot/v2/hook/group#SECdemo`,
  ];
  return { ALARM_WEBHOOKS: robots.join(), ALARM_SPEED: String(speed) };
}

function componentsFile(dir: string): string {
  return join(dir, 'components.json');
}

export interface CallBody {
  readonly id: string;
  readonly state: string;
  readonly attempts: number;
  readonly response: { readonly status: number; readonly body: Record<string, unknown> } | null;
  readonly failure: { readonly code: string; readonly remedy: string; readonly errcode?: number } | null;
  readonly quota: Record<string, unknown> | null;
  readonly timeline?: readonly { readonly event: string; readonly at: string }[] | null;
  readonly code?: string;
}
