import { EventEmitter } from 'node:events';
import { WxThirdparty } from '@wxthirdparty/sdk';
import { answer, type Callback, deliver } from './answer.ts';
import type { Client, ClientUser } from './client/client.ts';
import { createClient } from './client/create-client.ts';
import { type Condition, conditionOf } from './condition.ts';
import { ConditionWatch } from './condition-watch.ts';
import {
  type EnvelopeKeys,
  encryptOf,
  openEncrypt,
  type PushQuery,
  readEncodingAesKey,
  signPush,
  verifySignature,
} from './envelope.ts';
import { forwardPush } from './forward-push.ts';
import { type GatewayAddress, readGatewayAddress } from './gateway-address.ts';
import { thirdpartyErrorOf } from './gateway-failure.ts';
import { ThirdpartyError } from './thirdparty-error.ts';
import { type Account, cookieValueOf, type UserInfo, userInfoOf } from './user-info.ts';
import { VirtualWeChat } from './virtual-wechat.ts';

/** What `secrets` answers. All three are the gateway's, or good for one use. */
export interface Secrets {
  /** A placeholder: the gateway keeps WeChat's ticket, and its virtual component asks for none. */
  readonly ticket: string;
  /** A new one, for one consent page. */
  readonly preauthcode: string;
  /** A token of the gateway for the component's own APIs, good for calls through it. */
  readonly access_token: string;
}

export interface ThirdpartyServerEvents {
  /** The component can act, for the first time or again. */
  ready: [];
  /** No ticket or token has arrived, or the gateway does not run the component. */
  not_ready: [error: ThirdpartyError];
  /** The ticket or the token has expired. */
  outdated: [error: ThirdpartyError];
  /** The gateway does not answer, or refuses the API key. */
  db_error: [error: ThirdpartyError];
  /** `secrets` has answered. */
  end: [secrets: Secrets];
}

/** The interface of the library `wxthirdparty` of 2015, over the gateway of a running system. */
export class ThirdpartyServer extends EventEmitter<ThirdpartyServerEvents> {
  readonly component_appid: string;
  /** Changes nothing: every process may do everything. */
  readonly is_cluster: boolean;
  readonly #gateway: string;
  readonly #keys: EnvelopeKeys;
  readonly #system: WxThirdparty;
  readonly #wechat: VirtualWeChat;
  readonly #watch: ConditionWatch;
  /** Why the latest push was not forwarded. */
  #refused: string | undefined;

  /**
   * @param appsecret not used: the system has its own
   * @param token the Token of the platform, for `save_ticket`
   * @param key the EncodingAESKey of the platform, for `save_ticket`
   * @param db the gateway's address: `{ gateway, apiKey }` or `http://:API_KEY@HOST:PORT`
   */
  constructor(
    appid: string,
    appsecret: string,
    token: string,
    key: string,
    db: GatewayAddress | string,
    isCluster = false,
  ) {
    super();
    for (const [name, value] of Object.entries({ appid, appsecret, token, key })) {
      if (typeof value !== 'string' || value === '') throw missing(name);
    }
    const address = readGatewayAddress(db);
    this.component_appid = appid;
    this.is_cluster = isCluster === true;
    this.#gateway = address.gateway;
    this.#keys = { component: appid, token, aesKey: readEncodingAesKey(key) };
    this.#system = new WxThirdparty({ url: address.gateway, apiKey: address.apiKey });
    this.#wechat = new VirtualWeChat(address, appid);
    this.#watch = new ConditionWatch(
      (signal) => this.#readCondition(signal),
      (condition) => this.#announce(condition),
    );
  }

  /** Whether the component could act when this was last read. */
  get ready(): boolean {
    return this.#watch.ready;
  }

  /** There are no tables. */
  get models(): never {
    throw new ThirdpartyError(
      'models does not exist any more. Store in your own database, or read followers from the system: GET /v1/authorizers/:appid/followers.',
      { code: 'no_models', remedy: 'fix-request' },
    );
  }

  /** Reads the component's condition again and again, and emits its changes, until `stop`. Repeated starts change nothing. */
  start(): void {
    this.#watch.start();
  }

  /** Ends what `start` has started. */
  stop(): void {
    this.#watch.stop();
  }

  /** `start` does not keep the process alive any more. */
  unref(): this {
    this.#watch.unref();
    return this;
  }

  /** Whether the component can act, as far as is known; without `start` it is read in the background for the next call. */
  check_ready(): boolean {
    this.#watch.refresh();
    return this.#watch.ready;
  }

  /**
   * Passes a push for the event URL to the gateway: tickets, and authorizations likewise. `query` is the query of WeChat's
   * request; with it, WeChat's signature is verified, too.
   */
  save_ticket(rawXml: string | Uint8Array, callback?: Callback<void>): Promise<void> | undefined;
  save_ticket(rawXml: string | Uint8Array, query: PushQuery, callback?: Callback<void>): Promise<void> | undefined;
  save_ticket(
    rawXml: string | Uint8Array,
    second?: PushQuery | Callback<void>,
    third?: Callback<void>,
  ): Promise<void> | undefined {
    const query = typeof second === 'object' ? (second ?? undefined) : undefined;
    const callback = typeof second === 'function' ? second : third;
    const work = this.#forward(rawXml, query);
    // Programs of 2015 neither wait nor give a callback.
    work.then(
      () => {
        this.#refused = undefined;
      },
      (error: ThirdpartyError) => {
        // Once for a series: any sender can cause it.
        if (callback === undefined && this.#refused !== error.code) this.#warn('save_ticket', error);
        this.#refused = error.code;
      },
    );
    return answer(work, callback);
  }

  /** Exchanges the code of a consent page for the account's data. */
  fetch_user_info(authCode: string): Promise<UserInfo>;
  fetch_user_info(authCode: string, callback: Callback<UserInfo>): undefined;
  fetch_user_info(authCode: string, callback?: Callback<UserInfo>): Promise<UserInfo> | undefined {
    return answer(this.#exchange(authCode), callback);
  }

  /** The account's data by its `wx_token`, in any process. */
  get_user_info(wxToken: string): Promise<UserInfo>;
  get_user_info(wxToken: string, callback: Callback<UserInfo>): undefined;
  get_user_info(wxToken: string, callback?: Callback<UserInfo>): Promise<UserInfo> | undefined {
    return answer(this.#find(wxToken), callback);
  }

  /** Calls WeChat for an account, of which only the `appid` is needed. */
  createClient(user: ClientUser): Client<this> {
    return createClient(this, user, this.#gateway, this.#wechat);
  }

  /**
   * As in 2015, the callback has one argument: the secrets, or `not_ready`, `outdated` or the error. A promise rejects.
   */
  secrets(): Promise<Secrets>;
  secrets(callback: (secrets: Secrets | 'not_ready' | 'outdated' | ThirdpartyError) => void): this;
  secrets(callback?: (secrets: Secrets | 'not_ready' | 'outdated' | ThirdpartyError) => void): Promise<Secrets> | this {
    const reading = this.#readSecrets();
    const work = reading.then((read) => {
      if ('error' in read) throw read.error;
      return read;
    });
    if (typeof callback !== 'function') return work;
    deliver(
      reading,
      (read) => callback('error' in read ? (read.state === 'db_error' ? read.error : read.state) : read),
      (error) => callback(error as ThirdpartyError),
    );
    work.catch(() => {
      // The callback has it.
    });
    return this;
  }

  async #readCondition(signal?: AbortSignal): Promise<Condition> {
    try {
      const { components } = await this.#system.status({ signal });
      return conditionOf(components, this.component_appid);
    } catch (error) {
      return { state: 'db_error', error: thirdpartyErrorOf(error) };
    }
  }

  /** A program without a listener would never notice a wrong address. */
  #announce(condition: Condition): void {
    // Outside of promises, so that what a listener throws is an uncaught exception.
    process.nextTick(() => {
      if (condition.state === 'ready') this.emit('ready');
      else if (!this.emit(condition.state, condition.error)) this.#warn(condition.state, condition.error);
    });
  }

  async #readSecrets(): Promise<Secrets | Exclude<Condition, { state: 'ready' }>> {
    const condition = await this.#readCondition();
    if (condition.state !== 'ready') {
      process.nextTick(() => this.emit(condition.state, condition.error));
      return condition;
    }
    try {
      const preauthcode = await this.#wechat.preAuthCode();
      const { value } = await this.#wechat.token(this.component_appid);
      const secrets = { ticket: TICKET, preauthcode, access_token: value };
      process.nextTick(() => this.emit('end', secrets));
      return secrets;
    } catch (error) {
      throw thirdpartyErrorOf(error);
    }
  }

  async #forward(rawXml: unknown, query: PushQuery | undefined): Promise<void> {
    const encrypt = encryptOf(rawXml);
    if (query !== undefined) verifySignature(this.#keys, encrypt, query);
    openEncrypt(this.#keys, encrypt);
    const url = `${this.#gateway}/wechat/${encodeURIComponent(this.component_appid)}/events`;
    await forwardPush(url, () => signPush(this.#keys, encrypt, new Date()));
  }

  async #exchange(authCode: string): Promise<UserInfo> {
    try {
      const account = await this.#system.component(this.component_appid).authorize(authCode);
      return userInfoOf(account, await this.#wechat.token(account.appid));
    } catch (error) {
      throw thirdpartyErrorOf(error);
    }
  }

  async #find(wxToken: string): Promise<UserInfo> {
    const account = await this.#accountOf(wxToken);
    if (account === undefined) {
      const message = 'not exist: no account of this component has this wx_token';
      throw new ThirdpartyError(message, { code: 'unknown_authorizer', remedy: 'fix-request' });
    }
    try {
      return userInfoOf(account, await this.#wechat.token(account.appid));
    } catch (error) {
      throw thirdpartyErrorOf(error);
    }
  }

  async #accountOf(wxToken: unknown): Promise<Account | undefined> {
    // Without a cookie; as a filter it would match every account.
    if (typeof wxToken !== 'string' || wxToken === '') return undefined;
    try {
      for await (const account of this.#system.authorizers({ cookieValue: wxToken, test: 'true' })) {
        // An older gateway ignores the filter.
        if (cookieValueOf(account) === wxToken && account.component === this.component_appid) return account;
      }
      return undefined;
    } catch (error) {
      throw thirdpartyErrorOf(error);
    }
  }

  #warn(what: string, { code, remedy, message }: ThirdpartyError): void {
    console.warn(`wxthirdparty: ${what} (${code}, ${remedy}): ${message}`);
  }
}

const TICKET = 'ticket@@@kept-by-the-gateway';

function missing(name: string): ThirdpartyError {
  const message = `The argument ${name} is missing.`;
  return new ThirdpartyError(message, { code: 'invalid_request', remedy: 'fix-request' });
}
