import { isTestAccount } from '@wxthirdparty/wechat';
import { appendNotice } from '../journal/append-notice.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Seals } from '../sealing/seals.ts';
import type { GrantEvent } from './authorizer.ts';
import type { GrantStore } from './grant-store.ts';

const GRANTED: readonly GrantEvent['event'][] = ['authorized', 'reauthorized', 'restored'];
/** A consent and what may have followed from it at once. */
const MAX_EVENTS = 10;

export interface AuthorizerNoticesOptions {
  readonly redis: RedisClient;
  readonly seals: Seals;
  readonly grants: Pick<GrantStore, 'latestEvents'>;
}

/** What is known about a consent beside the grant. */
export interface ConsentContext {
  /** The link whose page was used. */
  readonly linkId: string | undefined;
  readonly preAuthCode: string | undefined;
}

/**
 * Notices about consents, appended when the account can be called, or no longer can. Their ids depend on the grant's
 * version, so that repeated work makes the same notice. Accounts of the release check have none.
 */
export class AuthorizerNotices {
  readonly #options: AuthorizerNoticesOptions;

  constructor(options: AuthorizerNoticesOptions) {
    this.#options = options;
  }

  /** `authorizer.authorized`, or `authorizer.updated` where the account had authorized the component before. */
  async granted(component: string, appid: string, { linkId, preAuthCode }: ConsentContext): Promise<void> {
    const { events, at } = await this.#latest(component, appid, ({ event }) => GRANTED.includes(event));
    const former = events[at + 1];
    const type = former && former.state !== 'revoked' ? 'authorizer.updated' : 'authorizer.authorized';
    await this.#append(component, appid, type, events, at, { linkId: linkId ?? null, preAuthCode: preAuthCode ?? '' });
  }

  /** `authorizer.unauthorized`. */
  async revoked(component: string, appid: string): Promise<void> {
    const { events, at } = await this.#latest(component, appid, ({ state }) => state === 'revoked');
    await this.#append(component, appid, 'authorizer.unauthorized', events, at, { linkId: null });
  }

  async #latest(component: string, appid: string, isMeant: (event: GrantEvent) => boolean) {
    const events = await this.#options.grants.latestEvents(component, appid, MAX_EVENTS);
    return { events, at: events.findIndex(isMeant) };
  }

  async #append(
    component: string,
    appid: string,
    type: 'authorizer.authorized' | 'authorizer.updated' | 'authorizer.unauthorized',
    events: readonly GrantEvent[],
    index: number,
    context: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const [meant, current] = [events[index], events[0]];
    if (!meant || !current || isTestAccount(appid)) return;
    const { version, at } = meant;
    const data = { state: current.state, scopes: current.scopes, grantVersion: version, ...context };
    const { redis, seals } = this.#options;
    await appendNotice(redis, seals, { component, appid, type, at, unique: String(version), data });
  }
}
