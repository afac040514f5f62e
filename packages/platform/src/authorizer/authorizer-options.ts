import type { ComponentApi } from '@wxthirdparty/wechat';
import type { Authorizers } from './authorizers.ts';

/** An account's few settings at WeChat (protocol §3.9): `location_report`, `voice_recognize`, `customer_service`. */
export class AuthorizerOptions {
  readonly #api: ComponentApi;
  readonly #authorizers: Authorizers;

  constructor(options: { api: ComponentApi; authorizers: Authorizers }) {
    this.#api = options.api;
    this.#authorizers = options.authorizers;
  }

  /** Throws what finding the account throws, `reauthorize`, or WeChat's refusal (61012, 61013, 61025). */
  async get(appid: string, component: string | undefined, name: string): Promise<string> {
    const account = await this.#active(appid, component);
    return this.#api.getAuthorizerOption({ ...account, name });
  }

  async set(appid: string, component: string | undefined, name: string, value: string): Promise<void> {
    const account = await this.#active(appid, component);
    await this.#api.setAuthorizerOption({ ...account, name, value });
  }

  /** As the component API names them: `appid` is the component. */
  async #active(appid: string, asked: string | undefined): Promise<{ appid: string; authorizer: string }> {
    const { component } = await this.#authorizers.findActive(appid, asked);
    return { appid: component, authorizer: appid };
  }
}
