import type { Authorizer } from '../authorizer/authorizer.ts';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { BoundedCache } from '../bounded-cache.ts';

const MAX_ACCOUNTS = 50_000;
/** A new handle counts after this time at the latest. */
const MAX_AGE_MS = 30_000;
/** An account without a row may just be authorizing. */
const MAX_ABSENT_MS = 1_000;

/** What pushes are judged by. */
export type KnownAccount = Pick<Authorizer, 'kind' | 'userName' | 'handle'>;

interface Known {
  readonly account: KnownAccount | undefined;
  /** On the clock of `performance.now()`. */
  readonly readAt: number;
}

/** Kind, user name and handle of accounts, kept in memory: WeChat does not wait for SQL. */
export class KnownAccounts {
  readonly #store: Pick<AuthorizerStore, 'find'>;
  readonly #known = new BoundedCache<string, Known>(MAX_ACCOUNTS);
  readonly #reading = new Map<string, Promise<KnownAccount | undefined>>();

  constructor(store: Pick<AuthorizerStore, 'find'>) {
    this.#store = store;
  }

  /** What is known; what is not, or no longer, is read in the background. */
  get(component: string, appid: string): KnownAccount | undefined {
    const known = this.#known.get(keyOf(component, appid));
    if (!isFresh(known)) {
      this.#read(component, appid).catch(() => {});
    }
    return known?.account;
  }

  /** Throws what the database throws. */
  async read(component: string, appid: string): Promise<KnownAccount | undefined> {
    const known = this.#known.get(keyOf(component, appid));
    if (isFresh(known)) return known.account;
    return this.#read(component, appid);
  }

  #read(component: string, appid: string): Promise<KnownAccount | undefined> {
    const key = keyOf(component, appid);
    const started = this.#reading.get(key);
    if (started !== undefined) return started;
    const reading = this.#store
      .find(component, appid)
      .then((account) => {
        this.#known.set(key, { account, readAt: performance.now() });
        return account;
      })
      .finally(() => this.#reading.delete(key));
    this.#reading.set(key, reading);
    return reading;
  }
}

function keyOf(component: string, appid: string): string {
  return `${component}/${appid}`;
}

function isFresh(known: Known | undefined): known is Known {
  return known !== undefined && performance.now() - known.readAt <= (known.account ? MAX_AGE_MS : MAX_ABSENT_MS);
}
