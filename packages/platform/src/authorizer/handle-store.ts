import { insertUnlessThere } from '../database/insert-unless-there.ts';
import type { Sql } from '../database/open.ts';

/** The names that businesses choose for their accounts, in SQL. */
export class HandleStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** The same store as part of a transaction. */
  within(transaction: Sql): HandleStore {
    return new HandleStore(transaction);
  }

  /** `taken`: another account of the component has it. Idempotent; the grant's version stays. */
  async choose(component: string, appid: string, handle: string): Promise<'chosen' | 'taken'> {
    if (await this.isTaken(component, handle, appid)) return 'taken';
    // Another process may have given it to another account since.
    const isWritten = await insertUnlessThere(
      this.#sql
        .updateTable('authorizers')
        .set({ chosen_handle: handle })
        .where('component', '=', component)
        .where('appid', '=', appid),
    );
    return isWritten ? 'chosen' : 'taken';
  }

  /**
   * Whether another account of the component than this one has the handle. The random one of an account counts, also after
   * another has been chosen for it: receivers may still know the account by that.
   */
  async isTaken(component: string, handle: string, exceptAppid: string | null): Promise<boolean> {
    let query = this.#sql
      .selectFrom('authorizers')
      .select('appid')
      .where('component', '=', component)
      .where((eb) => eb.or([eb('chosen_handle', '=', handle), eb('handle', '=', handle)]));
    if (exceptAppid !== null) query = query.where('appid', '!=', exceptAppid);
    return (await query.limit(1).executeTakeFirst()) !== undefined;
  }
}
