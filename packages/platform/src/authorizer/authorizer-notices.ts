import { isTestAccount } from '@wxthirdparty/wechat';
import { appendNotice } from '../journal/append-notice.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Seals } from '../sealing/seals.ts';
import type { GrantEvent } from './authorizer.ts';
import type { GrantStore } from './grant-store.ts';

/** A consent and what may have followed from it at once. */
const MAX_EVENTS = 20;

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
  /** By the push that brought the code; undefined: it has not arrived. */
  readonly isUpdate: boolean | undefined;
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
  async granted(component: string, appid: string, { linkId, preAuthCode, isUpdate }: ConsentContext): Promise<void> {
    const events = await this.#options.grants.latestEvents(component, appid, MAX_EVENTS);
    const at = consentIn(events);
    const type = (isUpdate ?? isRepeated(events, at)) ? 'authorizer.updated' : 'authorizer.authorized';
    await this.#append(component, appid, type, events, at, { linkId: linkId ?? null, preAuthCode: preAuthCode ?? '' });
  }

  /** `authorizer.unauthorized`. */
  async revoked(component: string, appid: string): Promise<void> {
    const events = await this.#options.grants.latestEvents(component, appid, MAX_EVENTS);
    const at = events.findIndex(({ event }) => event === 'revoked');
    await this.#append(component, appid, 'authorizer.unauthorized', events, at, { linkId: null });
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
    const idType = type === 'authorizer.updated' ? 'authorizer.authorized' : type;
    await appendNotice(redis, seals, { component, appid, type, idType, at, unique: String(version), data });
  }
}

/** Whether the account had given a consent before that has not ended. */
function isRepeated(events: readonly GrantEvent[], at: number): boolean {
  const former = events.slice(at + 1);
  const ended = former.findIndex(({ event }) => event === 'revoked');
  return (ended < 0 ? former : former.slice(0, ended)).some(isGiven);
}

function isGiven({ event }: GrantEvent): boolean {
  return event === 'authorized' || event === 'reauthorized';
}

/** The place of the present consent; -1: there is none. `restored` is one only where its own answer from WeChat was lost. */
function consentIn(events: readonly GrantEvent[]): number {
  const ended = events.findIndex(({ event }) => event === 'revoked');
  const present = ended < 0 ? events : events.slice(0, ended);
  const given = present.findIndex(isGiven);
  return given < 0 ? present.findLastIndex(({ event }) => event === 'restored') : given;
}
