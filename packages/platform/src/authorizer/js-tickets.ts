import { randomBytes } from 'node:crypto';
import { ERRCODE, endpointOf, Failure, JS_TICKET_PATH, type JsTicketType, jsSignature } from '@wxthirdparty/wechat';
import { refuseUnlessReady } from '../component/status.ts';
import type { Ledger } from '../quota/ledger.ts';
import { QuotaClosedFailure } from '../quota/quota-closed-failure.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import type { Token, TokenOwner } from '../token/token.ts';
import type { Tokens } from '../token/tokens.ts';
import { authorizerOwner } from './authorizer-token.ts';
import type { Authorizers } from './authorizers.ts';
import { jsTicketOwner } from './js-ticket-owner.ts';

const TICKET_WAIT_MS = 10_000;

export interface JsAccount {
  readonly appid: string;
  /** Undefined if only the account was named. */
  readonly component?: string | undefined;
}

/** What a page passes to `wx.config`. */
export interface JsConfig {
  readonly appId: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly nonceStr: string;
  readonly signature: string;
}

export interface JsTicketsOptions {
  readonly redis: RedisClient;
  readonly authorizers: Pick<Authorizers, 'findActive'>;
  readonly tokens: Tokens;
  readonly ledger: Ledger;
  readonly refreshAhead: RefreshAhead;
}

/** The tickets with which an account's web pages are signed, and the signatures. */
export class JsTickets {
  readonly #deps: JsTicketsOptions;

  constructor(options: JsTicketsOptions) {
    this.#deps = options;
  }

  /** `url`: of the page, as its `location.href` reads. Throws what `get` throws. */
  async sign(account: JsAccount, url: string, signal?: AbortSignal): Promise<JsConfig> {
    const ticket = await this.get(account, 'jsapi', signal);
    const timestamp = Math.floor(Date.now() / 1000);
    const nonceStr = randomBytes(12).toString('hex');
    const signature = jsSignature({ ticket: ticket.value, nonceStr, timestamp, url });
    return { appId: ticket.owner.appid, timestamp, nonceStr, signature };
  }

  /**
   * The account's current ticket; fetched if there is none. Throws what `Authorizers.findActive` throws, NotReadyFailure,
   * QuotaClosedFailure, WeChat's refusal, and `token_not_ready` after ten seconds.
   */
  async get({ appid, component }: JsAccount, type: JsTicketType, signal?: AbortSignal): Promise<Token> {
    const { authorizers, tokens, refreshAhead } = this.#deps;
    if (appid === component) {
      throw new Failure(
        'invalid_request',
        'fix-request',
        'Tickets are fetched for an account, not for the component.',
        {
          errcode: ERRCODE.accountApiOnly,
        },
      );
    }
    const account = await authorizers.findActive(appid, component);
    const owner = jsTicketOwner(type, account.component, appid);
    await this.#refuseUnlessFetchable(owner);
    const ticket = await tokens
      .get(owner, TICKET_WAIT_MS, signal)
      .catch((error: unknown) => this.#explain(owner, error));
    // A missing mark costs a later caller some waiting.
    await refreshAhead.markUsed(owner).catch(() => {});
    return ticket;
  }

  /** A ticket, or the token with which it is fetched, is there while the component is not ready. */
  async #refuseUnlessFetchable(owner: TokenOwner): Promise<void> {
    const { tokens, redis } = this.#deps;
    if (await tokens.has(owner)) return;
    if (await tokens.has(authorizerOwner(owner.component, owner.appid))) return;
    await refuseUnlessReady(redis, owner.component);
  }

  /** A recorded failure does not say until when the quota is closed. */
  async #explain({ component, appid }: TokenOwner, error: unknown): Promise<never> {
    if (!(error instanceof Failure) || error.remedy !== 'slow-down') throw error;
    const pair = { component, appid, path: JS_TICKET_PATH };
    const { closedUntil } = await this.#deps.ledger.usage(pair, endpointOf('GET', JS_TICKET_PATH));
    throw closedUntil === undefined ? error : new QuotaClosedFailure(JS_TICKET_PATH, closedUntil);
  }
}
