import WechatApi from 'wechat-api';
import { ThirdpartyError } from '../thirdparty-error.ts';
import type { Client, ClientUser } from './client.ts';
import type { DirectMethodName } from './client-methods.ts';
import { GatewayApi, type TokenSource } from './gateway-api.ts';
import { hooks } from './hooks.ts';
import { type Answered, runHooked } from './run-hooked.ts';

type Method = (...args: unknown[]) => unknown;

/** They ask nothing: no callback, no hooks; they return what the library returns. */
const DIRECT = {
  setEndpoint: true,
  setOpts: true,
  preRequest: true,
  showQRCodeURL: true,
  registerTicketHandle: true,
  getRedirectUrl: true,
  getShakehbConfig: true,
} as const satisfies Record<DirectMethodName, true>;

class WechatClient {
  readonly component: unknown;
  readonly user: ClientUser;
  readonly hooks = hooks;
  readonly api: Readonly<Record<string, Method>>;

  constructor(component: unknown, user: ClientUser, api: GatewayApi) {
    this.component = component;
    this.user = user;
    this.api = api as unknown as Readonly<Record<string, Method>>;
  }
}

for (const name of Object.keys(WechatApi.prototype)) {
  Object.defineProperty(WechatClient.prototype, name, { value: methodOf(name), writable: true, configurable: true });
}

/** @param component the ThirdpartyServer, for hooks */
export function createClient<Component>(
  component: Component,
  user: ClientUser,
  gateway: string,
  tokens: TokenSource,
): Client<Component> {
  const { appid } = (user ?? {}) as Partial<ClientUser>;
  if (typeof appid !== 'string' || appid === '') {
    const message = 'createClient needs the account that get_user_info or fetch_user_info returned, or { appid }.';
    throw new ThirdpartyError(message, { code: 'invalid_request', remedy: 'fix-request' });
  }
  return new WechatClient(component, user, new GatewayApi(gateway, appid, tokens)) as unknown as Client<Component>;
}

function methodOf(name: string): Method {
  if (name in DIRECT) {
    return function (this: WechatClient, ...args) {
      return this.api[name]!.apply(this.api, args);
    };
  }
  // `_getUser` expects that `getUser` has fetched a token.
  const prepared = name.replace(/^_/, '');
  return function (this: WechatClient, ...args) {
    const callback = typeof args.at(-1) === 'function' ? (args.pop() as Answered) : undefined;
    const send = (answered: Answered) => {
      this.api[prepared]!.apply(this.api, [...args, answered]);
    };
    const run = (answered: Answered) => runHooked(this as unknown as Client, this.hooks[name], args, send, answered);
    if (callback !== undefined) return run(callback);
    return new Promise((resolve, reject) => {
      run((error, data) => (error ? reject(error) : resolve(data)));
    });
  };
}
