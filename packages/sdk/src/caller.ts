import { type AnswerOf, type EndpointName, type GivenTo, type Query, requestOf } from './endpoint.ts';
import type { Gateway, SubmittedCall } from './gateway.ts';
import type { Call, CallRequest } from './generated/api.ts';
import type { Aborting } from './requests.ts';

export interface CallOptions extends Aborting, Omit<CallRequest, 'method' | 'path' | 'query' | 'body'> {
  /** The query of a POST, or additional parameters of a GET. */
  readonly query?: Query | undefined;
  /**
   * With the same key the gateway makes one call for any number of requests, so the request can be repeated if the
   * connection breaks.
   */
  readonly idempotencyKey?: string | undefined;
}

export interface Sent extends Aborting {
  readonly body: CallRequest;
  readonly idempotencyKey: string | undefined;
}

/** Calls WeChat for an account or for the component itself. */
export abstract class Caller<Catalogued extends string> {
  readonly appid: string;
  protected readonly gateway: Gateway;

  constructor(gateway: Gateway, appid: string) {
    this.gateway = gateway;
    this.appid = appid;
  }

  /** Sends a call to the gateway. */
  protected abstract send(sent: Sent): Promise<Call>;

  /**
   * Calls WeChat and waits for its answer: `call('POST /cgi-bin/message/custom/send', message)`.
   * Throws WeChatError where WeChat refused, CallFailedError and OutcomeUnknownError where it did not answer,
   * AnswerNotKeptError where the answer of an earlier call under the same key has been displaced,
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
    return this.gateway.waitFor<Name>(call, { signal: options.signal });
  }

  /** Submits the call without waiting; `client.waitFor(call)` waits for its answer. */
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
    return this.send({ body: { ...requestOf(name, given, query), ...more }, signal, idempotencyKey });
  }
}
