import { createHash } from 'node:crypto';
import { type ComponentApi, Failure } from '@wxthirdparty/wechat';
import type { Redis } from 'ioredis';
import { askComponent } from '../component/ask-component.ts';
import type { OpenQueue } from '../queue/queues.ts';
import { keys } from '../redis/keys.ts';
import type { Seals } from '../redis/sealed.ts';
import { timesOf } from '../token/token-times.ts';
import type { Tokens } from '../token/tokens.ts';
import type { AuthorizationPayload } from './authorize-job.ts';
import type { AuthorizerStore } from './authorizer-store.ts';
import { authorizerOwner } from './authorizer-token.ts';
import type { DueSet } from './due-set.ts';
import { findInWeChatsList } from './reconcile.ts';

const CODE_UNKNOWN = 61009;
const CODE_SPENT = 61010;
const NOT_AUTHORIZED = 61003;
/** Longer than a code lives. */
const OUTCOME_KEPT_MS = 2 * 60 * 60_000;

export type AuthorizationOutcome =
  | { readonly outcome: 'authorized'; readonly appid: string }
  | { readonly outcome: 'failed'; readonly code: string; readonly message: string; readonly errcode?: number };

export interface AuthorizationsOptions {
  readonly redis: Redis;
  readonly api: ComponentApi;
  readonly tokens: Tokens;
  readonly store: AuthorizerStore;
  readonly dueSet: DueSet;
  readonly seals: Seals;
  readonly queue: OpenQueue<AuthorizationPayload>;
}

/** From an authorization code to a lasting grant. */
export class Authorizations {
  readonly #o: AuthorizationsOptions;

  constructor(options: AuthorizationsOptions) {
    this.#o = options;
  }

  async ask(component: string, code: string, appid: string | undefined): Promise<void> {
    const codeHash = createHash('sha256').update(`${component}/${code}`).digest('hex');
    const sealedCode = this.#o.seals.seal(code, codePlace(component, codeHash));
    await this.#o.queue.add({ component, codeHash, sealedCode, ...(appid ? { appid } : {}) });
  }

  /** What AuthorizeJob does. May run twice: the second finds the outcome, or finds the account in WeChat's list. */
  async exchange(payload: AuthorizationPayload): Promise<AuthorizationOutcome> {
    const { component, codeHash } = payload;
    const outcomeKey = keys.codeOutcome(component, codeHash);
    const known = await this.#o.redis.get(outcomeKey);
    const outcome = known ? (JSON.parse(known) as AuthorizationOutcome) : await this.#exchangeOrLookUp(payload);
    if (!known) await this.#o.redis.set(outcomeKey, JSON.stringify(outcome), 'PX', OUTCOME_KEPT_MS);
    // The consent stands without the profile. A failure here makes the job run again, and only this is done again.
    if (outcome.outcome === 'authorized') await this.readProfile(component, outcome.appid);
    return outcome;
  }

  /**
   * Asks WeChat who the account is and whether it still lets us act. Only 61003 revokes: an `unauthorized` push is a
   * hint that may be late or out of order.
   */
  async readProfile(component: string, appid: string): Promise<'saved' | 'revoked' | 'outrun' | 'unknown'> {
    const { api, tokens, store } = this.#o;
    const before = await store.grant(component, appid);
    try {
      const info = await askComponent(tokens, component, (componentToken) =>
        api.getAuthorizerInfo({ appid: component, componentToken, authorizer: appid }),
      );
      await store.saveProfile(component, info);
      return 'saved';
    } catch (error) {
      if (!(error instanceof Failure) || error.errcode !== NOT_AUTHORIZED) throw error;
      if (!before) return 'unknown';
      const saved = await store.changeGrant(component, appid, before.version, { state: 'revoked' });
      if (saved === 'outrun') return 'outrun';
      await this.#o.dueSet.drop(component, appid);
      const token = await tokens.store.read(authorizerOwner(component, appid));
      await tokens.store.distrust(authorizerOwner(component, appid), token.version);
      return 'revoked';
    }
  }

  async #exchangeOrLookUp(payload: AuthorizationPayload): Promise<AuthorizationOutcome> {
    const { component, codeHash } = payload;
    const { api, tokens, store, redis, seals } = this.#o;
    const code = seals.open(payload.sealedCode, codePlace(component, codeHash));
    const before = payload.appid ? await store.grant(component, payload.appid) : undefined;
    // A fence for an owner whom we do not know yet: Redis' time before asking, which every later lease's fence exceeds.
    const [seconds, micros] = await redis.time();
    const fence = Number(seconds) * 1000 + Math.floor(Number(micros) / 1000);
    const askedAt = performance.now();
    let refusal: unknown;
    try {
      const exchanged = await askComponent(tokens, component, (componentToken) =>
        api.queryAuth({ appid: component, componentToken, code }).catch((error: unknown) => {
          refusal = error;
          throw error;
        }),
      );
      const { appid } = exchanged;
      await store.saveGrant(component, appid, {
        refreshToken: exchanged.refreshToken,
        scopes: exchanged.scopes,
        authorizedAt: new Date(),
      });
      const owner = authorizerOwner(component, appid);
      await tokens.store.forgive(owner);
      if (exchanged.accessToken) {
        const times = timesOf(exchanged.expiresInMs);
        await tokens.store.publish(owner, fence, {
          value: exchanged.accessToken,
          refreshAt: fence + times.refreshInMs,
          trustedUntil: fence + times.trustForMs,
          expiresAt: fence + exchanged.expiresInMs,
          sentAt: fence,
        });
        const passedMs = performance.now() - askedAt;
        await this.#o.dueSet.schedule(component, appid, times.refreshInMs - passedMs);
      }
      await this.#o.dueSet.markUsed(component, appid);
      return { outcome: 'authorized', appid };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      const spent = error.errcode === CODE_SPENT || error.errcode === CODE_UNKNOWN;
      if (spent && payload.appid) return this.#lookUp(component, payload.appid, before?.version, error);
      // What stopped us before WeChat saw the code, such as a component token that is not to be had, says nothing of it.
      const final = error === refusal && (error.remedy === 'fix-request' || error.remedy === 'reauthorize');
      if (!final) throw error;
      return failed(error);
    }
  }

  /** The code is spent and no outcome is stored: an answer was lost in a crash. WeChat's list still knows the account. */
  async #lookUp(
    component: string,
    appid: string,
    version: number | undefined,
    refusal: Failure,
  ): Promise<AuthorizationOutcome> {
    const { api, tokens, store } = this.#o;
    const listed = await findInWeChatsList(api, tokens, component, appid);
    if (!listed?.refreshToken) return failed(refusal);
    // The list does not say what was granted.
    const { scopes } = await askComponent(tokens, component, (componentToken) =>
      api.getAuthorizerInfo({ appid: component, componentToken, authorizer: appid }),
    );
    await store.changeGrant(component, appid, version, { refreshToken: listed.refreshToken, scopes, state: 'active' });
    const owner = authorizerOwner(component, appid);
    await tokens.store.forgive(owner);
    await tokens.askForRefresh(owner);
    return { outcome: 'authorized', appid };
  }
}

function failed(error: Failure): AuthorizationOutcome {
  return {
    outcome: 'failed',
    code: error.code,
    message: error.message,
    ...(error.errcode === undefined ? {} : { errcode: error.errcode }),
  };
}

function codePlace(component: string, codeHash: string): string {
  return `${component}/${component}/code:${codeHash}`;
}
