import type { Authorizers } from '../authorizer/authorizers.ts';
import { type Page, type PageRequest, pageOf, readCursor, writeCursor } from '../paging.ts';
import type { Follower, FollowerFilter } from './follower.ts';
import type { FollowerCounts, FollowerStore, GrowthDay } from './follower-store.ts';

/** The gateway's side of reading an account's followers. */
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
    page: PageRequest,
  ): Promise<Page<Follower>> {
    const account = await this.#authorizers.find(appid, component);
    const [after = ''] = page.cursor === undefined ? [] : readCursor(page.cursor, /^([\x21-\x7e]{1,64})$/);
    const found = await this.#store.list(account, filter, after, page.limit + 1);
    return pageOf(found, page.limit, ({ openid }) => writeCursor(openid));
  }

  /** All followers in pages. An unknown account is refused before the first page is read. */
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
