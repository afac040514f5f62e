import { Failure } from '@wxthirdparty/wechat';
import { announceHandle } from '../authorizer/announce-handle.ts';
import type { Authorizer } from '../authorizer/authorizer.ts';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { handleTaken } from '../authorizer/handle-taken.ts';
import type { Components } from '../component/components.ts';
import type { Events } from '../events.ts';
import type { Page } from '../paging.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { AuthorizationLink, ConsentOptions, LinkOptions } from './authorization-link.ts';
import type { AuthorizationOutcome } from './code-intake.ts';
import type { CodeTies } from './code-ties.ts';
import type { LinkListRequest, LinkStore } from './link-store.ts';

const HOUR_MS = 60 * 60_000;
const REAUTHORIZATION_LINK_TTL_MS = 24 * HOUR_MS;
/** A refused caller gets the same link for a while, and never one that is about to expire. */
const WAY_BACK_GIVEN_MS = 12 * HOUR_MS;

/** Links for merchants: creates and finds them, and settles them by the outcomes of their codes. */
export class AuthorizationLinks {
  readonly #redis: RedisClient;
  readonly #components: Components;
  readonly #store: LinkStore;
  readonly #ties: CodeTies;
  readonly #authorizers: AuthorizerStore;
  readonly #events: Events;

  constructor(options: {
    redis: RedisClient;
    components: Components;
    store: LinkStore;
    ties: CodeTies;
    authorizers: AuthorizerStore;
    events: Events;
  }) {
    this.#redis = options.redis;
    this.#components = options.components;
    this.#store = options.store;
    this.#ties = options.ties;
    this.#authorizers = options.authorizers;
    this.#events = options.events;
  }

  /** Throws Failure `unknown_component`, `handle_taken`. */
  async create(componentAppid: string, options: LinkOptions, expiresInMs: number): Promise<AuthorizationLink> {
    const component = this.#components.get(componentAppid).appid;
    const { handle, bizAppid } = options;
    // It may still be taken before the consent.
    if (handle !== null && (await this.#authorizers.handles.isTaken(component, handle, bizAppid))) {
      throw handleTaken(handle);
    }
    return this.#store.create(component, options, expiresInMs);
  }

  /** Throws Failure `unknown_link`. */
  async find(id: string): Promise<AuthorizationLink> {
    const link = await this.#store.find(id);
    if (!link || !this.#components.has(link.component)) {
      throw new Failure('unknown_link', 'fix-request', 'There is no such authorization link.');
    }
    return link;
  }

  /** The newest first. Throws Failure `unknown_component`, `invalid_request`. */
  list({
    component,
    ...page
  }: Omit<LinkListRequest, 'components'> & { component?: string | undefined }): Promise<Page<AuthorizationLink>> {
    return this.#store.list({ ...page, components: this.#components.named(component) });
  }

  /** For the caller that was refused because this account must authorize again: its id, and no new one each time. */
  async reauthorizationLink(component: string, appid: string): Promise<string> {
    const key = this.#redis.keyspace.reauthorizationLink(component, appid);
    const given = await this.#redis.get(key);
    const link = given === null ? undefined : await this.#store.find(given);
    if (link && link.state !== 'authorized' && link.state !== 'expired') return link.id;
    const options: ConsentOptions = { style: null, authType: 3, bizAppid: appid, categoryIdList: null, returnTo: null };
    // The account keeps its handle.
    const fresh = await this.#store.create(component, { ...options, handle: null }, REAUTHORIZATION_LINK_TTL_MS);
    await this.#redis.set(key, fresh.id, 'PX', WAY_BACK_GIVEN_MS);
    return fresh.id;
  }

  /** Called when both the link and the account of a code are known. Idempotent. */
  async settle(component: string, codeHash: string, outcome: AuthorizationOutcome): Promise<void> {
    const { linkId } = await this.#ties.read(component, codeHash);
    const link = linkId === undefined ? undefined : await this.#store.find(linkId);
    if (!link || link.component !== component) return;
    if (outcome.outcome === 'failed') {
      await this.#store.failed(link.id, { code: outcome.code, message: outcome.message });
      return;
    }
    const wrong = mismatch(link, outcome.appid, await this.#authorizers.find(component, outcome.appid));
    if (wrong) {
      await this.#store.failed(link.id, wrong);
      return;
    }
    const handle = await this.#store.authorized(link.id, outcome.appid);
    if (handle === undefined) return;
    if (handle === 'given') await announceHandle(this.#redis, component, outcome.appid);
    this.#events.publish('handle', { component, appid: outcome.appid, outcome: handle });
  }
}

/** Whether another account consented than the link is for. WeChat's page prevents it, but its address can be edited. */
export function mismatch(
  options: Pick<ConsentOptions, 'authType' | 'bizAppid'>,
  appid: string,
  authorizer: Pick<Authorizer, 'kind'> | undefined,
): { readonly code: string; readonly message: string } | undefined {
  if (options.bizAppid !== null) {
    if (options.bizAppid === appid) return undefined;
    return { code: 'wrong_account', message: `Account ${appid} consented; the link is for ${options.bizAppid}.` };
  }
  const requested = options.authType === 1 ? 'official-account' : options.authType === 2 ? 'mini-program' : undefined;
  const kind = authorizer?.kind ?? undefined;
  if (requested === undefined || kind === undefined || kind === requested) return undefined;
  return { code: 'wrong_account_type', message: `Account ${appid} is a ${kind}; the link is for a ${requested}.` };
}
