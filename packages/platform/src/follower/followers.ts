import { Failure } from '@wxthirdparty/wechat';
import type { Authorizers } from '../authorizer/authorizers.ts';
import type { Follower, FollowerFilter } from './follower.ts';
import type { FollowerCounts, FollowerStore, GrowthDay } from './follower-store.ts';

export interface FollowerPage {
  readonly items: readonly Follower[];
  readonly next: string | null;
}

/** The gateway's side of reading who follows an account. */
export class Followers {
  readonly #authorizers: Authorizers;
  readonly #store: FollowerStore;

  constructor(authorizers: Authorizers, store: FollowerStore) {
    this.#authorizers = authorizers;
    this.#store = store;
  }

  async list(
    appid: string,
    component: string | undefined,
    filter: FollowerFilter,
    page: { readonly limit: number; readonly cursor?: string | undefined },
  ): Promise<FollowerPage> {
    const account = await this.#authorizers.find(appid, component);
    const after = page.cursor === undefined ? '' : readCursor(page.cursor);
    const found = await this.#store.list(account, filter, after, page.limit + 1);
    const items = found.slice(0, page.limit);
    return { items, next: found.length > page.limit ? writeCursor(items.at(-1)!.openid) : null };
  }

  /** All of them, a few hundred at a time; the account is looked up before the first is asked for. */
  async stream(
    appid: string,
    component: string | undefined,
    filter: FollowerFilter,
  ): Promise<AsyncGenerator<readonly Follower[]>> {
    return this.#store.stream(await this.#authorizers.find(appid, component), filter);
  }

  async counts(appid: string, component: string | undefined): Promise<FollowerCounts> {
    return this.#store.counts(await this.#authorizers.find(appid, component));
  }

  async growth(appid: string, component: string | undefined, from: number, to: number): Promise<GrowthDay[]> {
    return this.#store.growth(await this.#authorizers.find(appid, component), from, to);
  }
}

function writeCursor(openid: string): string {
  return Buffer.from(openid, 'utf8').toString('base64url');
}

function readCursor(cursor: string): string {
  const openid = Buffer.from(cursor, 'base64url').toString('utf8');
  if (/^[\x21-\x7e]{1,64}$/.test(openid)) return openid;
  throw new Failure('invalid_request', 'fix-request', 'The cursor must be the "next" of an earlier answer.');
}
