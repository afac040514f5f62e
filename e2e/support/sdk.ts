import { createRequire } from 'node:module';

// biome-ignore lint/suspicious/noExplicitAny: neither SDK brings types; answers are looked into, member by member.
type Anything = any;

/** An SDK as its users see it. */
export type Sdk = Record<string, (...parameters: Anything[]) => Promise<Anything>>;

const require = createRequire(import.meta.url);

/** npm co-wechat-api as it comes, told nothing but where WeChat is and which secret it has. */
export function coWechatApi(base: string, appid: string, secret: string): Sdk {
  const Api = require('co-wechat-api') as new (appid: string, secret: string) => Record<string, unknown>;
  const api = new Api(appid, secret);
  for (const [name, value] of Object.entries(api)) {
    if (/prefix$/i.test(name)) api[name] = String(value).replace(/^https?:\/\/[^/]+/, base);
  }
  return api as Sdk;
}

/** npm wechat-api, the same; it answers by callbacks, with the body last but one. */
export function wechatApi(base: string, appid: string, secret: string): Sdk {
  const Api = require('wechat-api') as new (appid: string, secret: string) => Record<string, unknown>;
  const api = new Api(appid, secret);
  api.endpoint = base;
  return new Proxy(api as Sdk, {
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
