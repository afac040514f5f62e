import { OutageCache, type OutageCheck } from '../database/outage-cache.ts';
import { type AccountName, type AccountReference, accountKey, nameless } from './account-name.ts';
import type { AuthorizerStore } from './authorizer-store.ts';

const MAX_REMEMBERED = 10_000;

/** Names of the accounts of a page, for answers that must not fail without the database. */
export class AccountNames {
  readonly #store: Pick<AuthorizerStore, 'names'>;
  /** Each page reads: a name may have changed. What is remembered is for outages. */
  readonly #remembered: OutageCache<AccountName>;

  constructor(store: Pick<AuthorizerStore, 'names'>, outage: OutageCheck) {
    this.#store = store;
    this.#remembered = new OutageCache({ max: MAX_REMEMBERED, ttlMs: 0, outage });
  }

  /** Reads all accounts together. An account that cannot be read has the names that it had before, or none. */
  async of(accounts: readonly AccountReference[]): Promise<(account: AccountReference) => AccountName> {
    const distinct = new Map(accounts.filter(({ appid }) => appid !== null).map((one) => [accountKey(one), one]));
    let reading: ReturnType<AuthorizerStore['names']> | undefined;
    const names = new Map<string, AccountName>();
    await Promise.all(
      [...distinct.keys()].map(async (key) => {
        const read = async () => {
          reading ??= this.#store.names([...distinct.values()]);
          return (await reading).get(key) ?? nameless;
        };
        const name = await this.#remembered.get(key, read, (found) => found !== nameless).catch(() => nameless);
        names.set(key, name);
      }),
    );
    return (account) => names.get(accountKey(account)) ?? nameless;
  }
}
