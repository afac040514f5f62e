import { type ComponentApi, ERRCODE, Failure, UnreadableAnswer } from '@wxthirdparty/wechat';
import type { AuthorizerNotices } from '../authorizer/authorizer-notices.ts';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { authorizerOwner } from '../authorizer/authorizer-token.ts';
import { findInWeChatsList } from '../authorizer/find-in-wechat-list.ts';
import type { Profiles } from '../authorizer/profiles.ts';
import { componentOwner } from '../component/component-owner.ts';
import type { Events } from '../events.ts';
import type { RedisClient } from '../redis/connect.ts';
import { redisTimeMs } from '../redis/redis-time.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import { timesOf } from '../token/token-times.ts';
import type { Tokens } from '../token/tokens.ts';
import type { AuthorizationLinks } from './authorization-links.ts';
import type { AuthorizationPayload } from './authorize-job.ts';
import type { AuthorizationOutcome, CodeIntake } from './code-intake.ts';

export interface AuthorizationsOptions {
  readonly redis: RedisClient;
  readonly api: ComponentApi;
  readonly tokens: Tokens;
  readonly store: AuthorizerStore;
  readonly refreshAhead: RefreshAhead;
  readonly codes: CodeIntake;
  readonly profiles: Profiles;
  readonly links: AuthorizationLinks;
  readonly notices: Pick<AuthorizerNotices, 'granted'>;
  readonly events: Events;
}

/** Which run of the job this is. */
export interface AuthorizationRun {
  /** An earlier run has started, so an answer of WeChat's may have been lost. */
  readonly again: boolean;
  /** No run follows this one. */
  readonly last: boolean;
  /** When the code arrived. */
  readonly addedAt: Date;
}

/** How long WeChat accepts a code (protocol §3.5). */
const CODE_LIFE_MS = 60 * 60_000;

/** Exchanges authorization codes for grants. */
export class Authorizations {
  readonly #deps: AuthorizationsOptions;

  constructor(options: AuthorizationsOptions) {
    this.#deps = options;
  }

  /**
   * The work of AuthorizeJob. May run twice: the second run finds the outcome, or the account in WeChat's list. `no-token`: the
   * component cannot act at present, so WeChat was not asked; another run is needed.
   */
  async exchange(payload: AuthorizationPayload, run: AuthorizationRun): Promise<AuthorizationOutcome | 'no-token'> {
    const startedAt = performance.now();
    const outcome = await this.#exchange(payload, run);
    if (outcome === 'no-token') return outcome;
    const ms = Math.round(performance.now() - startedAt);
    this.#deps.events.publish('authorization', { component: payload.component, ...outcome, ms });
    return outcome;
  }

  async #exchange(payload: AuthorizationPayload, run: AuthorizationRun): Promise<AuthorizationOutcome | 'no-token'> {
    const { component, codeHash } = payload;
    const { codes, profiles, links } = this.#deps;
    let outcome = await codes.outcome(component, codeHash);
    if (!outcome) {
      const answered = await this.#exchangeOrLookUp(payload, run);
      if (answered === 'no-token') return answered;
      outcome = answered;
      await codes.settle(component, codeHash, outcome);
    }
    if (outcome.outcome !== 'authorized') {
      await links.settle(component, codeHash, outcome);
      return outcome;
    }
    if (outcome.profile === 'asked') return this.#settled(component, codeHash, outcome);
    // The consent is stored without the profile. A failure here makes the job run again, and only this is done again.
    const failure = await profiles.read(component, outcome.appid).then(
      () => undefined,
      (error: unknown) => error,
    );
    outcome = { ...outcome, profile: failure === undefined ? 'asked' : 'failed' };
    await codes.settle(component, codeHash, outcome);
    await this.#settled(component, codeHash, outcome);
    // After the last run the profile is read when it is due.
    if (failure !== undefined && !run.last) throw failure;
    return outcome;
  }

  /** A repetition changes nothing. */
  async #settled(
    component: string,
    codeHash: string,
    outcome: Extract<AuthorizationOutcome, { outcome: 'authorized' }>,
  ): Promise<AuthorizationOutcome> {
    const { codes, links, notices } = this.#deps;
    await links.settle(component, codeHash, outcome);
    await notices.granted(component, outcome.appid, await codes.contextOf(component, codeHash));
    return outcome;
  }

  async #exchangeOrLookUp(
    payload: AuthorizationPayload,
    run: AuthorizationRun,
  ): Promise<AuthorizationOutcome | 'no-token'> {
    const { component, codeHash } = payload;
    const { api, tokens, store, redis, codes } = this.#deps;
    const code = codes.open(payload);
    const before = payload.appid ? await store.grants.find(component, payload.appid) : undefined;
    // A fence for an owner that is not known yet: Redis' time before asking, which every later lease's fence exceeds. On the clock of the
    // account's server where the account is known, else of the component's.
    const fence = await redisTimeMs(redis, redis.keyspace.fence(component, payload.appid ?? component, 'authorizer'));
    const askedAt = performance.now();
    let hasToken = false;
    try {
      await tokens.ensure(componentOwner(component));
      hasToken = true;
      const exchanged = await api.queryAuth({ appid: component, code });
      const { appid } = exchanged;
      await store.grants.save(component, appid, {
        refreshToken: exchanged.refreshToken,
        scopes: exchanged.scopes,
        authorizedAt: new Date(),
      });
      const owner = authorizerOwner(component, appid);
      await tokens.store.forgiveAccount(component, appid);
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
        await this.#deps.refreshAhead.schedule(owner, times.refreshInMs - passedMs);
      }
      await this.#deps.refreshAhead.markUsed(owner);
      return { outcome: 'authorized', appid, profile: 'pending' };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.errcode === ERRCODE.codeUsed || error.errcode === ERRCODE.codeInvalid) {
        const appid = payload.appid ?? (await codes.ties.read(component, codeHash)).appid;
        if (appid) return this.#lookUp(component, appid, before?.version, error);
        // A lost answer may have contained the account's appid; the push that is still to arrive contains it, too.
        if (run.again && !run.last) throw error;
        return failed(error);
      }
      // A missing component token says nothing about the code, and must not use up its attempts: WeChat's next ticket may be minutes away.
      const lacksToken = !hasToken || !(await tokens.has(componentOwner(component)));
      if (lacksToken && Date.now() - run.addedAt.getTime() < CODE_LIFE_MS) return 'no-token';
      const final = !lacksToken && (error.remedy === 'fix-request' || error.remedy === 'reauthorize');
      if (!final && !run.last) throw error;
      return failed(error);
    }
  }

  /** The code is used and no outcome is stored: an answer was lost in a crash. WeChat's list contains the account. */
  async #lookUp(
    component: string,
    appid: string,
    version: number | undefined,
    refusal: Failure,
  ): Promise<AuthorizationOutcome> {
    const { api, tokens, store } = this.#deps;
    const known = version ?? (await store.grants.find(component, appid))?.version;
    const listed = await findInWeChatsList(api, component, appid);
    if (!listed?.refreshToken) return failed(refusal);
    // The list does not contain the granted permissions. An unreadable answer must not lose the consent.
    const scopes = await api.getAuthorizerInfo({ appid: component, authorizer: appid }).then(
      (info) => info.scopes,
      (error: unknown) => {
        if (error instanceof UnreadableAnswer) return undefined;
        throw error;
      },
    );
    await store.grants.change(component, appid, known, { refreshToken: listed.refreshToken, scopes, state: 'active' });
    const owner = authorizerOwner(component, appid);
    await tokens.store.forgiveAccount(component, appid);
    await tokens.askForRefresh(owner);
    return { outcome: 'authorized', appid, profile: 'pending' };
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
