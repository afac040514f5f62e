import { type ComponentApi, ERRCODE, Failure, UnreadableAnswer } from '@wxthirdparty/wechat';
import type { Events } from '../events.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import type { Tokens } from '../token/tokens.ts';
import type { AuthorizerNotices } from './authorizer-notices.ts';
import type { AuthorizerStore } from './authorizer-store.ts';
import { authorizerOwner } from './authorizer-token.ts';
import { eraseJsTickets } from './erase-js-tickets.ts';
import type { ProfilePayload } from './profile-job.ts';

const HOUR_MS = 60 * 60_000;
/** About daily; with jitter, so that accounts that were added together are not read together. */
const AGAIN_MS = 22 * HOUR_MS;
const SPREAD_MS = 4 * HOUR_MS;
/** An unreadable answer is likely to be unreadable again: it is requested only a few times a day. */
const UNREADABLE_RETRY_MS = 4 * HOUR_MS;
const MAX_TRIES = 3;

export type ProfileOutcome = 'saved' | 'revoked' | 'superseded' | 'unknown';

/** Reads the profiles of accounts from WeChat, and whether they still authorize the component. */
export class Profiles {
  readonly #api: ComponentApi;
  readonly #tokens: Tokens;
  readonly #store: AuthorizerStore;
  readonly #refreshAhead: RefreshAhead;
  readonly #notices: Pick<AuthorizerNotices, 'revoked'>;
  readonly #events: Events;

  constructor(options: {
    api: ComponentApi;
    tokens: Tokens;
    store: AuthorizerStore;
    refreshAhead: RefreshAhead;
    notices: Pick<AuthorizerNotices, 'revoked'>;
    events: Events;
  }) {
    this.#api = options.api;
    this.#tokens = options.tokens;
    this.#store = options.store;
    this.#refreshAhead = options.refreshAhead;
    this.#notices = options.notices;
    this.#events = options.events;
  }

  /** The work of ProfileJob. */
  async work({ component, appid }: ProfilePayload): Promise<void> {
    const outcome = await this.read(component, appid);
    this.#events.publish('profile', { component, appid, outcome });
  }

  /**
   * Asks WeChat. Only 61003 revokes: an `unauthorized` push is a hint that may be late or out of order, and an account
   * that is missing from WeChat's list may only have moved while the list was paged.
   */
  async read(component: string, appid: string): Promise<ProfileOutcome> {
    for (let tries = 1; ; tries++) {
      const outcome = await this.#ask(component, appid);
      // Only the former grant may have ended, or the new one, too. The push that reported it is not sent again.
      if (outcome !== 'superseded' || tries === MAX_TRIES) return outcome;
    }
  }

  async #ask(component: string, appid: string): Promise<ProfileOutcome> {
    const before = await this.#store.grants.find(component, appid);
    if (!before) return 'unknown';
    try {
      const info = await this.#api.getAuthorizerInfo({ appid: component, authorizer: appid });
      await this.#store.profiles.save(
        component,
        { ...info, appid },
        before.version,
        AGAIN_MS + Math.random() * SPREAD_MS,
      );
      return 'saved';
    } catch (error) {
      if (error instanceof UnreadableAnswer) {
        await this.#store.profiles.postpone(component, appid, UNREADABLE_RETRY_MS + Math.random() * HOUR_MS);
      }
      if (!(error instanceof Failure) || error.errcode !== ERRCODE.notAuthorized) throw error;
      if (before.state === 'revoked') return 'revoked';
      const saved = await this.#store.grants.change(component, appid, before.version, { state: 'revoked' });
      if (saved === 'superseded') return 'superseded';
      await this.#refreshAhead.drop(authorizerOwner(component, appid));
      const token = await this.#tokens.store.read(authorizerOwner(component, appid));
      await this.#tokens.store.void(authorizerOwner(component, appid), token.version);
      await eraseJsTickets(component, appid, { tokenStore: this.#tokens.store, refreshAhead: this.#refreshAhead });
      await this.#notices.revoked(component, appid);
      return 'revoked';
    }
  }
}
