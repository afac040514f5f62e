import { type AnswerOf, type EndpointName, type GivenTo, type Query, requestOf } from './endpoint.ts';
import { everyItem } from './every-item.ts';
import type { Gateway, SubmittedCall } from './gateway.ts';
import type { Authorizer, CallRequest, Follower, GrantEvent, Operations } from './generated/api.ts';
import type { Aborting } from './requests.ts';

export interface CallOptions extends Aborting, Omit<CallRequest, 'method' | 'path' | 'query' | 'body'> {
  /** The query of a POST, or more of a GET's. */
  readonly query?: Query | undefined;
  /**
   * Under the same key the gateway makes one call, however often it is asked; so the request may be repeated when the
   * connection breaks.
   */
  readonly idempotencyKey?: string | undefined;
}

type Listing<Route extends keyof Operations> = Omit<Operations[Route]['query'], 'cursor' | 'component'> & Aborting;

/** One account, on whose behalf WeChat is called. */
export class Account<Catalogued extends string> {
  readonly appid: string;
  readonly #gateway: Gateway;
  readonly #component: string | undefined;

  constructor(gateway: Gateway, appid: string, component: string | undefined) {
    this.#gateway = gateway;
    this.appid = appid;
    this.#component = component;
  }

  /**
   * Calls WeChat and waits for its answer: `call('POST /cgi-bin/message/custom/send', message)`.
   * Throws WeChatError where WeChat refused, CallFailedError and OutcomeUnknownError where it did not answer,
   * RefusedError where the gateway refused, ConnectionError where it could not be reached.
   *
   * @param given the body of a POST, the query of a GET
   */
  async call<Name extends EndpointName<Catalogued>>(
    name: Name,
    given?: GivenTo<Name>,
    options: CallOptions = {},
  ): Promise<AnswerOf<Name>> {
    const call = await this.#send(name, given, options);
    return this.#gateway.waitFor<Name>(call, { signal: options.signal });
  }

  /** Hands the call in and waits for nothing; `client.waitFor(call)` waits for its answer. */
  submit<Name extends EndpointName<Catalogued>>(
    name: Name,
    given?: GivenTo<Name>,
    options: Omit<CallOptions, 'waitMs'> = {},
  ): Promise<SubmittedCall<Name>> {
    return this.#send(name, given, { ...options, waitMs: 0 });
  }

  async #send<Name extends string>(
    name: Name,
    given: object | undefined,
    { signal, query, idempotencyKey, ...more }: CallOptions,
  ): Promise<SubmittedCall<Name>> {
    return this.#gateway.request('POST /v1/authorizers/:appid/calls', {
      path: { appid: this.appid },
      query: { component: this.#component },
      body: { ...requestOf(name, given, query), ...more },
      signal,
      idempotencyKey,
    });
  }

  /** What is known of the account. */
  find(aborting: Aborting = {}): Promise<Authorizer> {
    return this.#gateway.request('GET /v1/authorizers/:appid', { ...this.#place(), ...aborting });
  }

  /** Who follows it, or did, as the last follower sync and the pushes since have told. */
  followers({
    signal,
    ...query
  }: Listing<'GET /v1/authorizers/:appid/followers'> = {}): AsyncGenerator<Follower, void> {
    return everyItem((cursor) => {
      const { path, query: component } = this.#place();
      return this.#gateway.request('GET /v1/authorizers/:appid/followers', {
        path,
        query: { ...query, ...component, cursor },
        signal,
      });
    });
  }

  /** What happened to its consent, the newest first. */
  history({ signal, ...query }: Listing<'GET /v1/authorizers/:appid/history'> = {}): AsyncGenerator<GrantEvent, void> {
    return everyItem((cursor) => {
      const { path, query: component } = this.#place();
      return this.#gateway.request('GET /v1/authorizers/:appid/history', {
        path,
        query: { ...query, ...component, cursor },
        signal,
      });
    });
  }

  #place() {
    return { path: { appid: this.appid }, query: { component: this.#component } };
  }
}
