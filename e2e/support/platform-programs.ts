import { createRequire } from 'node:module';
import { SDK_OPTIONS, type Sdk, withPromises } from './sdk.ts';
import { type Answers, type Anything, start, type WeChatProgram } from './wechat-programs.ts';

const require = createRequire(import.meta.url);

let componentModule: Anything;

/**
 * It changes methods of npm `wechat-api` for the whole process, in which the stories of that SDK may run next: it gets an instance
 * of its own.
 */
function wechatComponentModule(): Anything {
  if (componentModule) return componentModule;
  const isWechatApi = (path: string) => /[\\/]node_modules[\\/]wechat-api[\\/]/.test(path);
  const loaded = Object.entries(require.cache).filter(([path]) => isWechatApi(path));
  const unload = () => {
    for (const path of Object.keys(require.cache)) if (isWechatApi(path)) delete require.cache[path];
  };
  unload();
  componentModule = require('wechat-component');
  unload();
  for (const [path, module] of loaded) require.cache[path] = module;
  return componentModule;
}

/** What a third-party platform is configured with for what WeChat pushes. */
export interface PlatformConfig {
  readonly component: string;
  readonly token: string;
  readonly encodingAesKey: string;
}

/** Where its requests go: to WeChat with the component's secret, or to a gateway with an API key. */
export interface PlatformAccess {
  readonly baseUrl: string;
  readonly secret: string;
}

export interface PlatformProgram extends WeChatProgram {
  readonly eventUrl: string;
  readonly messageUrl: string;
  /** The newest ticket that it holds; undefined: none has arrived. */
  ticket(): Promise<string | undefined>;
  /** The module's own object. */
  at(access: PlatformAccess): Anything;
  /** Empties the cache of tokens; the ticket stays. */
  forgetTokens(): void;
}

/** npm `node-easywechat`, its OpenPlatform: a program for third-party platforms. */
export async function startEasyWeChat(config: PlatformConfig, answers: Answers): Promise<PlatformProgram> {
  const { OpenPlatform, ServerRequest } = require('node-easywechat') as Anything;
  const cached = new Map<string, unknown>();
  const cache = {
    get: async (key: string) => cached.get(key),
    has: async (key: string) => cached.has(key),
    set: async (key: string, value: unknown) => cached.set(key, value),
    delete: async (key: string) => cached.delete(key),
  };
  // A server of this module serves one request.
  const platformOf = (access?: PlatformAccess) => {
    const { component, token, encodingAesKey } = config;
    const http = access === undefined ? {} : { baseURL: access.baseUrl };
    const platform = new OpenPlatform({
      app_id: component,
      secret: access?.secret,
      token,
      aes_key: encodingAesKey,
      http,
    });
    platform.setCache(cache);
    return platform;
  };
  const program = await start((received) => (request, response) => {
    const serve = async () => {
      const platform = platformOf();
      const appid = /\/messages\/(wx\w+)\?/.exec(request.url!)?.[1];
      const app = appid === undefined ? platform : await platform.getOfficialAccountWithAccessToken(appid, 'unused');
      app.setRequest(await ServerRequest.createFromIncomingMessage(request));
      const server = app.getServer();
      server.with((message: Anything, next: Anything) => {
        const attributes = message.toObject();
        received.push(attributes);
        return answers(attributes) ?? next(message);
      });
      const served = await server.serve();
      response.writeHead(served.getStatusCode(), served.getHeaders()).end(served.getBody());
    };
    serve().catch(() => response.writeHead(500).end());
  });
  const base = new URL(program.url).origin;
  return {
    ...program,
    eventUrl: `${base}/events`,
    messageUrl: `${base}/messages/$APPID$`,
    ticket: () =>
      platformOf()
        .getVerifyTicket()
        .getTicket()
        .catch(() => undefined),
    at: platformOf,
    forgetTokens() {
      for (const key of cached.keys()) if (key.includes('access_token')) cached.delete(key);
    },
  };
}

/** The token of an account as npm `wechat-component` keeps it; `expireTime` in milliseconds. */
export interface KeptToken {
  accessToken: string;
  expireTime: number;
  refreshToken: string;
}

export interface WeChatComponent {
  readonly component: Sdk;
  /** The API of an account; the module reads its token from here and writes it here. */
  account(appid: string, kept: KeptToken): Sdk;
}

/** npm `wechat-component`; a program stores the ticket itself. */
export function wechatComponent(
  appid: string,
  { baseUrl, secret }: PlatformAccess,
  ticket: () => Promise<string | undefined>,
): WeChatComponent {
  const Component = wechatComponentModule();
  const component = new Component(appid, secret, (callback: Anything) =>
    ticket().then((value) => callback(null, value), callback),
  );
  component.prefix = `${baseUrl}/cgi-bin/component/`;
  component.defaults = SDK_OPTIONS;
  return {
    component: withPromises(component),
    account(account, kept) {
      const api = component.getAPI(
        account,
        (callback: Anything) => callback(null, kept),
        (token: KeptToken, callback: Anything) => {
          Object.assign(kept, token);
          callback(null);
        },
      );
      api.endpoint = baseUrl;
      api.setOpts(SDK_OPTIONS);
      return withPromises(api);
    },
  };
}
