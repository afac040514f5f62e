import { createRequire } from 'node:module';

// biome-ignore lint/suspicious/noExplicitAny: neither SDK brings types; answers are checked member by member.
type Anything = any;

/** The methods of an SDK. */
export type Sdk = Record<string, (...parameters: Anything[]) => Promise<Anything>>;

const require = createRequire(import.meta.url);

/** By themselves they give up after 3 or 5 seconds, in which a busy machine may not answer. */
export const SDK_OPTIONS = { timeout: 240_000 };

/** npm co-wechat-api unmodified; only WeChat's base URLs, the secret and its timeout are configured. */
export function coWechatApi(base: string, appid: string, secret: string): Sdk {
  const Api = require('co-wechat-api') as new (appid: string, secret: string) => Record<string, unknown>;
  const api = new Api(appid, secret);
  for (const [name, value] of Object.entries(api)) {
    if (/prefix$/i.test(name)) api[name] = String(value).replace(/^https?:\/\/[^/]+/, base);
  }
  api.defaults = SDK_OPTIONS;
  return api as Sdk;
}

/** npm wechat-api, likewise. */
export function wechatApi(base: string, appid: string, secret: string): Sdk {
  const Api = require('wechat-api') as new (appid: string, secret: string) => Record<string, unknown>;
  const api = new Api(appid, secret);
  api.endpoint = base;
  api.defaults = SDK_OPTIONS;
  return withPromises(api);
}

/** For an SDK that returns answers by callbacks, with the body as the last argument but one. */
export function withPromises(sdk: Record<string, unknown>): Sdk {
  return new Proxy(sdk as Sdk, {
    get(target, name) {
      const method = target[String(name)];
      if (typeof method !== 'function') return method;
      return (...parameters: unknown[]) =>
        new Promise((resolve, reject) => {
          const done = (error: Error | null, answer: unknown) => (error ? reject(error) : resolve(answer));
          (method as (...all: unknown[]) => void).apply(target, [...parameters, done]);
        });
    },
  });
}
