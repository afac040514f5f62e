import { Deployment, SERVICE_ACCOUNT } from '../support/deployment.ts';
import { BareServer } from './bare-server.ts';
import { Load } from './load.ts';
import { MAX_CONNECTIONS, type Order } from './load-talk.ts';
import { processorSeconds } from './process-cost.ts';

const ANSWERED = '"subscribe":1';

/** `within`: gateway and worker are one process, as `start` runs them. `apart`: each is one. */
export type Where = 'within' | 'apart';

/** `deployment`: a program calls by the virtual WeChat. `proxy`: a bare proxy with a cached token. `direct`: WeChat itself. */
export type Way = 'deployment' | 'proxy' | 'direct';

const WARM_CALLERS = 16;
const WARM_SECONDS = 16;

/** Three ways to one WeChat that answers at once. */
export class Crossing {
  readonly deployment: Deployment;
  readonly load = new Load();
  readonly #wechat: BareServer;
  readonly #proxy: BareServer;
  readonly #token: string;

  private constructor(deployment: Deployment, wechat: BareServer, proxy: BareServer, token: string) {
    this.deployment = deployment;
    this.#wechat = wechat;
    this.#proxy = proxy;
    this.#token = token;
  }

  static async open(where: Where, env: Record<string, string> = {}): Promise<Crossing> {
    const wechat = await BareServer.start('wechat');
    const proxy = await BareServer.start('proxy');
    proxy.forwardTo(wechat.port);
    const deployment = await Deployment.open({
      together: where === 'within',
      env: {
        LOG_LEVEL: 'info',
        WECHAT_API_BASE: `http://127.0.0.1:${wechat.port}`,
        // A quarter is one account's: on a busy machine calls take longer, and are not refused.
        INLINE_CONCURRENCY: String(4 * MAX_CONNECTIONS),
        ...env,
      },
    });
    wechat.forwardTo(deployment.wechat.url);
    await deployment.authorized(SERVICE_ACCOUNT);
    const crossing = new Crossing(deployment, wechat, proxy, await tokenOf(deployment, SERVICE_ACCOUNT));
    for (const way of ['deployment', 'proxy', 'direct'] as const) await crossing.ask(way, { callers: 32, seconds: 3 });
    return crossing;
  }

  ask(way: Way, pace: Order['pace']): ReturnType<Load['serve']> {
    if (way === 'deployment') return this.askFor([this.#token], pace);
    const { port } = way === 'proxy' ? this.#proxy : this.#wechat;
    return this.load.serve({ port, requests: [requestWith(this.#token)], expect: ANSWERED, pace });
  }

  /** Through the deployment, for the accounts of these tokens one after the other. */
  askFor(tokens: readonly string[], pace: Order['pace']): ReturnType<Load['serve']> {
    return this.load.serve({ port: this.gatewayPort, requests: tokens.map(requestWith), expect: ANSWERED, pace });
  }

  get gatewayPort(): number {
    return Number(new URL(this.deployment.gatewayUrl()).port);
  }

  /** A process that has just started runs code that V8 has not optimized yet, several times slower. */
  async warmUp(): Promise<void> {
    await this.ask('proxy', { callers: WARM_CALLERS, seconds: WARM_SECONDS / 4 });
    await this.ask('deployment', { callers: WARM_CALLERS, seconds: WARM_SECONDS });
  }

  /** Processor time of all processes except callers and WeChat, in seconds. */
  processorSeconds(): { readonly deployment: number; readonly redis: number; readonly proxy: number } {
    const parts = [...this.deployment.gateways, ...this.deployment.workers];
    return {
      deployment: parts.reduce((sum, { pid }) => sum + processorSeconds(pid), 0),
      redis: processorSeconds(this.deployment.redis.pid),
      proxy: processorSeconds(this.#proxy.pid),
    };
  }

  async close(): Promise<void> {
    this.load.stop();
    await this.deployment.close();
    this.#proxy.stop();
    this.#wechat.stop();
  }
}

function requestWith(token: string): string {
  const query = `access_token=${token}&openid=o6_bmjrPTlm6_2sgVt7hMZOPfL2M&lang=zh_CN`;
  return `GET /cgi-bin/user/info?${query} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`;
}

/** Requests the token as an SDK does. */
export async function tokenOf(deployment: Deployment, appid: string): Promise<string> {
  const query = `grant_type=client_credential&appid=${appid}&secret=${deployment.apiKey}`;
  const answer = await (await fetch(`${deployment.gatewayUrl()}/cgi-bin/token?${query}`)).json();
  const { access_token: token } = answer as { access_token?: string };
  if (token === undefined) throw new Error(`no token: ${JSON.stringify(answer)}`);
  return token;
}
