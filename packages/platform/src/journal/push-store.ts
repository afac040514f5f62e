import { setImmediate as breathe } from 'node:timers/promises';
import { sql as raw } from 'kysely';
import type { ReportingWriter } from '../database/bulk.ts';
import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import { type Page, type PageRequest, pageFromWindows, readCursor, writeCursor } from '../paging.ts';
import { SEALED_HEAD_BYTES, type Seals } from '../sealing/seals.ts';
import type { JournaledPush, Replied, SealedPush } from './journaled-push.ts';
import { markReplied, PUSH_COLUMNS, toJournaledPush, toSealedPush } from './push-row.ts';
import { pushPlace } from './stream-entry.ts';

const COUNTED_WINDOW = 2_000;
/** With more accounts, one walk over all pushes costs less than one over each account's. */
const MAX_WALKS = 20;
const SEQS_PER_MS = 1_000;
const CURSOR = /^(\d{1,16}) ([0-9a-v]{26})$/;

/** An account of one component. */
export interface PushAccount {
  readonly component: string;
  readonly appid: string;
}

export interface PushFilter {
  /** Only of these accounts; undefined: of all, and those without an account. */
  readonly accounts?: readonly PushAccount[] | undefined;
  /** Exact, or a prefix with `*` at its end. */
  readonly type?: string | undefined;
  /** By the time of acceptance; `until` is excluded. */
  readonly since?: Date | undefined;
  readonly until?: Date | undefined;
  /** HMACs of one person (Persons.hashes); one of them must be the row's. */
  readonly persons?: readonly string[] | undefined;
}

/** The place of a push in the order of acceptance. */
interface Place {
  readonly seq: number;
  readonly id: string;
}

interface ListedPush extends JournaledPush {
  readonly person: string | null;
}

/** The journal in SQL: every push and notice, sealed, as long as the retention. */
export class PushStore {
  readonly #sql: Sql;
  readonly #replica: Sql;
  readonly #writer: Pick<ReportingWriter, 'apply'>;
  readonly #seals: Seals;

  /** `replica` may lag behind: only lists are read from it. */
  constructor({
    sql,
    replica = sql,
    writer,
    seals,
  }: { sql: Sql; replica?: Sql; writer: Pick<ReportingWriter, 'apply'>; seals: Seals }) {
    this.#sql = sql;
    this.#replica = replica;
    this.#writer = writer;
    this.#seals = seals;
  }

  async find(component: string, id: string): Promise<SealedPush | undefined> {
    return this.findIn([component], id);
  }

  /** For a request that names only the push. */
  async findIn(components: readonly string[], id: string): Promise<SealedPush | undefined> {
    if (components.length === 0) return undefined;
    const row = await this.#sql
      .selectFrom('pushes')
      .select([...PUSH_COLUMNS, 'sealed'])
      .where('component', 'in', components)
      .where('id', '=', id)
      .executeTakeFirst();
    return row && toSealedPush(row);
  }

  /** Those of the ids that exist, in no order. */
  async findMany(component: string, ids: readonly string[]): Promise<SealedPush[]> {
    if (ids.length === 0) return [];
    const rows = await this.#sql
      .selectFrom('pushes')
      .select([...PUSH_COLUMNS, 'sealed'])
      .where('component', '=', component)
      .where('id', 'in', ids)
      .execute();
    return rows.map(toSealedPush);
  }

  /** The decrypted bytes of a push, or the JSON of a notice; undefined if no listed key opens it. */
  open({ component, id, sealed }: Pick<SealedPush, 'component' | 'id' | 'sealed'>): Buffer | undefined {
    return this.#seals.openBytesIfPossible(sealed, pushPlace(component, id));
  }

  /**
   * The newest first. Few rows of a large journal may pass the filter, so a page may hold fewer than `limit` although there
   * is a next one.
   */
  async list(filter: PushFilter, { limit, cursor }: PageRequest): Promise<Page<JournaledPush>> {
    const [seq, id] = cursor === undefined ? [] : readCursor(cursor, CURSOR);
    const after = seq === undefined || id === undefined ? undefined : { seq: Number(seq), id };
    return pageFromWindows<Place, ListedPush>({
      after,
      limit,
      read: (before, count) => this.#before(filter, before, count),
      passes: passing(filter),
      cursorOf,
    });
  }

  /** When each account's newest push was accepted, by `component/appid`; only of accounts that have one. */
  async lastReceived(accounts: readonly PushAccount[]): Promise<Map<string, Date>> {
    if (accounts.length === 0) return new Map();
    const appids = accounts.map(({ appid }) => appid);
    // One step in the index for each account; a `max` with groups would read all their pushes.
    const rows = await this.#replica
      .selectFrom('authorizers as account')
      .select(['account.component', 'account.appid'])
      .select((eb) =>
        eb
          .selectFrom('pushes')
          .select('seq')
          .whereRef('pushes.component', '=', 'account.component')
          .whereRef('pushes.appid', '=', 'account.appid')
          .orderBy('seq', 'desc')
          .limit(1)
          .as('seq'),
      )
      .where('account.appid', 'in', appids)
      .execute();
    return new Map(
      rows.flatMap(({ component, appid, seq }) =>
        seq === null ? [] : [[`${component}/${appid}`, new Date(Math.floor(Number(seq) / SEQS_PER_MS))]],
      ),
    );
  }

  /** Whether this call was the one that noted it: a push has one reply at most. */
  async markReplied(
    component: string,
    id: string,
    replied: Replied,
  ): Promise<'marked' | 'already_replied' | 'unknown'> {
    const { changes } = await repeat(() => this.#writer.apply([markReplied([{ component, id, replied }])]));
    if (changes[0]?.[0]) return 'marked';
    const row = await this.#sql
      .selectFrom('pushes')
      .select('replied')
      .where('component', '=', component)
      .where('id', '=', id)
      .executeTakeFirst();
    return row ? 'already_replied' : 'unknown';
  }

  /** Pushes whose content, and person, need another key than the first one, until they expire. */
  async countUnderOlderKeys(signal?: AbortSignal): Promise<number> {
    let count = 0;
    for (let after: Place = { seq: 0, id: '' }; ; ) {
      signal?.throwIfAborted();
      const { seq, id } = after;
      const rows = await this.#sql
        .selectFrom('pushes')
        .select(['seq', 'id', raw<Uint8Array>`substr(sealed, 1, ${raw.lit(SEALED_HEAD_BYTES)})`.as('head')])
        .where('seq', '>=', seq)
        .where((eb) => eb.or([eb('seq', '>', seq), eb('id', '>', id)]))
        .orderBy('seq')
        .orderBy('id')
        .limit(COUNTED_WINDOW)
        .execute();
      count += rows.filter(({ head }) => !this.#seals.isFresh(Buffer.from(head))).length;
      const last = rows.at(-1);
      if (rows.length < COUNTED_WINDOW || !last) return count;
      after = { seq: Number(last.seq), id: last.id };
      await breathe();
    }
  }

  /** The next window of what the filter's index can exclude. */
  async #before(filter: PushFilter, before: Place | undefined, count: number): Promise<ListedPush[]> {
    const { accounts } = filter;
    if (!accounts || accounts.length > MAX_WALKS) return this.#walk(filter, { before, count });
    const walks = await Promise.all(accounts.map((account) => this.#walk(filter, { before, count, account })));
    // Each walk has the newest of its account, so the newest of all of them are complete.
    return walks.flat().sort(newestFirst).slice(0, count);
  }

  async #walk(
    { since, until }: PushFilter,
    { before, count, account }: { before: Place | undefined; count: number; account?: PushAccount },
  ): Promise<ListedPush[]> {
    let query = this.#replica
      .selectFrom('pushes')
      .select([...PUSH_COLUMNS, 'person'])
      .orderBy('seq', 'desc')
      .orderBy('id', 'desc')
      .limit(count);
    if (account) query = query.where('component', '=', account.component).where('appid', '=', account.appid);
    if (since) query = query.where('seq', '>=', since.getTime() * SEQS_PER_MS);
    if (until) query = query.where('seq', '<', until.getTime() * SEQS_PER_MS);
    if (before) {
      // Written so that a database finds the place by its index, instead of reading all rows before it.
      query = query
        .where('seq', '<=', before.seq)
        .where((eb) => eb.or([eb('seq', '<', before.seq), eb('id', '<', before.id)]));
    }
    return (await query.execute()).map((row) => ({ ...toJournaledPush(row), person: row.person }));
  }
}

function passing({ accounts, type, persons }: PushFilter): (push: ListedPush) => boolean {
  const named = accounts && new Set(accounts.map(({ component, appid }) => `${component}/${appid}`));
  const prefix = type?.endsWith('*') ? type.slice(0, -1) : undefined;
  return (push) => {
    if (named && !named.has(`${push.component}/${push.appid}`)) return false;
    if (persons && !persons.includes(push.person ?? '')) return false;
    if (prefix !== undefined) return push.type.startsWith(prefix);
    return type === undefined || push.type === type;
  };
}

function newestFirst(a: Place, b: Place): number {
  if (a.seq !== b.seq) return b.seq - a.seq;
  if (a.id === b.id) return 0;
  return a.id < b.id ? 1 : -1;
}

function cursorOf({ seq, id }: Place): string {
  return writeCursor(seq, id);
}
