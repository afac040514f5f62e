import { Failure } from '@wxthirdparty/wechat';
import type { Components } from '../component/components.ts';
import { refuseUnlessReady } from '../component/status.ts';
import { OutageCache, type OutageCheck } from '../database/outage-cache.ts';
import { invalidCursor, type Page, type PageRequest, pageOf } from '../paging.ts';
import type { RedisClient } from '../redis/connect.ts';
import { announceHandle } from './announce-handle.ts';
import type { Authorizer, GrantEvent } from './authorizer.ts';
import type { AuthorizerListRequest } from './authorizer-list.ts';
import type { AuthorizerStore } from './authorizer-store.ts';
import type { AuthorizerTotals } from './authorizer-totals.ts';
import { handleTaken } from './handle-taken.ts';
import { ReauthorizeFailure } from './reauthorize-failure.ts';
import { unknownAuthorizer } from './unknown-authorizer.ts';

const CACHE_TTL_MS = 1_000;
const MAX_CACHED = 100_000;

/** Gives the merchant of an account that is not active a link for authorizing again. */
export interface ReauthorizationLinks {
  /** The link's id. */
  reauthorizationLink(component: string, appid: string): Promise<string | undefined>;
}

/** `cached`: at most a second old, or the last one that this process has read if the database is unreachable. */
type Age = 'cached' | 'fresh';

export interface AuthorizersParts {
  readonly store: AuthorizerStore;
  readonly components: Components;
  readonly redis: RedisClient;
  readonly links: ReauthorizationLinks;
  readonly outage: OutageCheck;
}

/** The accounts that have authorized a component of this deployment. */
export class Authorizers {
  readonly #store: AuthorizerStore;
  readonly #components: Components;
  readonly #redis: RedisClient;
  readonly #links: ReauthorizationLinks;
  /** For the hot path of calls; an unknown account is not cached, since it may authorize at any moment. */
  readonly #cached: OutageCache<Authorizer>;

  constructor({ store, components, redis, links, outage }: AuthorizersParts) {
    this.#store = store;
    this.#components = components;
    this.#redis = redis;
    this.#links = links;
    this.#cached = new OutageCache({ max: MAX_CACHED, ttlMs: CACHE_TTL_MS, outage });
  }

  /**
   * Throws Failure `unknown_component`, `ambiguous_component`, `unknown_authorizer`; `not_ready` instead of unknown while
   * a component that it might belong to is not ready, since its push may still arrive; `unavailable` while the database is
   * unreachable, unless this process has read the account before. A stale active account is harmless: WeChat refuses calls for
   * one that has ended its consent.
   */
  async find(appid: string, component?: string, age: Age = 'cached'): Promise<Authorizer> {
    if (age === 'fresh') return this.#read(appid, component);
    const authorizer = await this.#cached.get(
      `${component ?? ''}/${appid}`,
      () => this.#read(appid, component),
      isActive,
    );
    // One that is not active is read each time: it may have authorized again a moment ago. Callers that name it with or
    // without its component must both see it.
    if (!isActive(authorizer)) {
      for (const named of ['', authorizer.component]) this.#cached.delete(`${named}/${appid}`);
    }
    return authorizer;
  }

  /** For callers that act for the account. Throws also ReauthorizeFailure, with a link for the merchant. */
  async findActive(appid: string, component?: string, age?: Age): Promise<Authorizer> {
    const authorizer = await this.find(appid, component, age);
    if (isActive(authorizer)) return authorizer;
    // The refusal is thrown without a link, too.
    const linkId = await this.#links.reauthorizationLink(authorizer.component, appid).catch(() => undefined);
    throw new ReauthorizeFailure(authorizer.component, appid, authorizer.state, linkId);
  }

  /** Ordered by appid. A page may hold fewer than `limit` although there is a next one. Throws Failure `unknown_component`, `invalid_request`. */
  async list(request: AuthorizerListRequest): Promise<Page<Authorizer>> {
    if (request.component !== undefined) this.#components.get(request.component);
    return this.#store.lists.page(request);
  }

  /** `accounts`: only these; empty: all. Throws Failure `unknown_component`. */
  async totals(component: string | undefined, accounts: readonly string[]): Promise<AuthorizerTotals> {
    if (component !== undefined) this.#components.get(component);
    return this.#store.counter.totals({ component, accounts });
  }

  /** Those of these accounts whose consent has not ended, by appid. */
  async consenting(component: string, accounts: readonly string[]): Promise<Authorizer[]> {
    return this.#store.consenting(this.#components.get(component).appid, accounts);
  }

  /** Active accounts of this deployment's components, without WeChat's test accounts. A read replica may lag behind. */
  countActive(): Promise<number> {
    return this.#store.countActive(this.#components.all().map(({ appid }) => appid));
  }

  /** The accounts with this handle, one of each component at most. Throws Failure `unknown_component`. */
  async findByHandle(handle: string, component?: string): Promise<Authorizer[]> {
    if (component !== undefined) this.#components.get(component);
    const found = await this.#store.findByHandle(handle);
    return found.filter((one) =>
      component === undefined ? this.#components.has(one.component) : one.component === component,
    );
  }

  /**
   * Gives the account a handle. Idempotent. Other processes show it within a second. Throws what `find` throws, and Failure
   * `handle_taken`.
   */
  async setHandle(appid: string, component: string | undefined, handle: string): Promise<Authorizer> {
    const authorizer = await this.find(appid, component, 'fresh');
    if ((await this.#store.handles.choose(authorizer.component, appid, handle)) === 'taken') throw handleTaken(handle);
    for (const named of ['', authorizer.component]) this.#cached.delete(`${named}/${appid}`);
    await announceHandle(this.#redis, authorizer.component, appid);
    return { ...authorizer, handle };
  }

  /** The events of the account's consent, newest first. Throws what `find` throws. */
  async history(appid: string, component: string | undefined, page: PageRequest): Promise<Page<GrantEvent>> {
    const authorizer = await this.find(appid, component);
    const before = page.cursor === undefined ? undefined : Number(page.cursor);
    if (before !== undefined && !(before > 0)) throw invalidCursor();
    const found = await this.#store.grants.history(authorizer.component, appid, { limit: page.limit + 1, before });
    return pageOf(found, page.limit, (last) => String(last.version));
  }

  async #read(appid: string, component: string | undefined): Promise<Authorizer> {
    if (component !== undefined) this.#components.get(component);
    const found = (await this.#store.findEverywhere(appid)).filter((a) =>
      component === undefined ? this.#components.has(a.component) : a.component === component,
    );
    if (found.length > 1) {
      const among = found.map((a) => a.component).join(', ');
      throw new Failure(
        'ambiguous_component',
        'fix-request',
        `Account ${appid} has authorized several components; choose one with ?component= (one of ${among}).`,
      );
    }
    if (found[0]) return found[0];
    const candidates = component === undefined ? this.#components.all().map((c) => c.appid) : [component];
    for (const candidate of candidates) await refuseUnlessReady(this.#redis, candidate);
    throw unknownAuthorizer(appid);
  }
}

function isActive({ state }: Authorizer): boolean {
  return state === 'active';
}
