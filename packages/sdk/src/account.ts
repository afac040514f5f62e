import { Caller, type Sent } from './caller.ts';
import { everyItem } from './every-item.ts';
import type { Gateway } from './gateway.ts';
import type { Authorizer, Call, Follower, GrantEvent, JsConfig, Operations } from './generated/api.ts';
import type { AuthorizerEndpoint } from './generated/endpoints.ts';
import type { Aborting } from './requests.ts';

type Listing<Route extends keyof Operations> = Omit<Operations[Route]['query'], 'cursor' | 'component'> & Aborting;

/** One account that authorized you, for which you call WeChat. */
export class Account extends Caller<AuthorizerEndpoint> {
  readonly #component: string | undefined;

  constructor(gateway: Gateway, appid: string, component: string | undefined) {
    super(gateway, appid);
    this.#component = component;
  }

  protected override send(sent: Sent): Promise<Call> {
    return this.gateway.request('POST /v1/authorizers/:appid/calls', { ...this.#place(), ...sent });
  }

  /** The account's data. */
  find(aborting: Aborting = {}): Promise<Authorizer> {
    return this.gateway.request('GET /v1/authorizers/:appid', { ...this.#place(), ...aborting });
  }

  /**
   * Gives the account your own name of it: 1 to 64 characters of `A-Za-z0-9_-`, unique in its component. Throws RefusedError
   * `handle_taken`.
   */
  setHandle(handle: string, aborting: Aborting = {}): Promise<Authorizer> {
    return this.gateway.request('PATCH /v1/authorizers/:appid', { ...this.#place(), body: { handle }, ...aborting });
  }

  /** Its followers and former followers, from the last follower sync and the pushes since. */
  followers({
    signal,
    ...query
  }: Listing<'GET /v1/authorizers/:appid/followers'> = {}): AsyncGenerator<Follower, void> {
    return everyItem((cursor) => {
      const { path, query: component } = this.#place();
      return this.gateway.request('GET /v1/authorizers/:appid/followers', {
        path,
        query: { ...query, ...component, cursor },
        signal,
      });
    });
  }

  /** The history of its consent, the newest first. */
  history({ signal, ...query }: Listing<'GET /v1/authorizers/:appid/history'> = {}): AsyncGenerator<GrantEvent, void> {
    return everyItem((cursor) => {
      const { path, query: component } = this.#place();
      return this.gateway.request('GET /v1/authorizers/:appid/history', {
        path,
        query: { ...query, ...component, cursor },
        signal,
      });
    });
  }

  /**
   * What a web page passes to `wx.config` of the JS-SDK. `url`: its `location.href`, unchanged. Sign only pages of your own.
   */
  jsConfig(url: string, aborting: Aborting = {}): Promise<JsConfig> {
    return this.gateway.request('POST /v1/authorizers/:appid/js-config', {
      ...this.#place(),
      body: { url },
      ...aborting,
    });
  }

  #place() {
    return { path: { appid: this.appid }, query: { component: this.#component } };
  }
}
