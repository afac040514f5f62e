import { accountHint as keyOf } from '../authorizer/announce-handle.ts';
import type { Authorizer } from '../authorizer/authorizer.ts';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { BoundedCache } from '../bounded-cache.ts';
import type { Hints } from '../redis/hints.ts';

const MAX_ACCOUNTS = 50_000;
/** A new handle counts at once, or after this time if its hint was lost. */
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

  /** Reads each account again whose handle has changed, until the returned function is called. */
  follow(hints: Hints): () => void {
    return hints.on(hints.channels.authorizers, (key) => {
      const known = this.#known.get(key);
      // For `get`, the former one is better than none.
      if (known) this.#known.set(key, { account: known.account, readAt: Number.NEGATIVE_INFINITY });
      // A reading that has started may lack the change.
      this.#reading.delete(key);
    });
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
        if (this.#reading.get(key) === reading) this.#known.set(key, { account, readAt: performance.now() });
        return account;
      })
      .finally(() => {
        if (this.#reading.get(key) === reading) this.#reading.delete(key);
      });
    this.#reading.set(key, reading);
    return reading;
  }
}

function isFresh(known: Known | undefined): known is Known {
  return known !== undefined && performance.now() - known.readAt <= (known.account ? MAX_AGE_MS : MAX_ABSENT_MS);
}
