import { randomBytes } from 'node:crypto';
import type { BulkStep, BulkWriter } from '../database/bulk.ts';
import { type CreatedPlace, createdBefore, createdPlaceOf, cursorOfCreated } from '../database/created-order.ts';
import { insertUnlessThere } from '../database/insert-unless-there.ts';
import type { Sql } from '../database/open.ts';
import type { FollowerSyncRow } from '../database/schema.ts';
import type { SqlValue } from '../database/statement.ts';
import { type Page, type PageRequest, pageFromWindows } from '../paging.ts';
import type { FollowerAccount } from './follower.ts';
import type { FollowerSync, FollowerSyncError, FollowerSyncPhase, FollowerSyncState } from './follower-sync.ts';
import { forgetListed } from './listed-openids.ts';

/** A sync as a run continues it; saved with each checkpoint. */
export interface SyncRun extends FollowerAccount {
  readonly id: string;
  readonly run: number;
  readonly details: boolean;
  phase: FollowerSyncPhase;
  total: number | null;
  listed: number;
  detailed: number;
  withoutDetails: number;
  /** Of the detailed users, those whose key range was compared with the table, so that `finishing` need not do it. */
  verified: number;
  /** Buckets whose key range has followers in the table who were not listed; `finishing` must compare these. */
  bucketsWithUnlisted: number[];
  /** Pages of the list that are stored. */
  pages: number;
  /** The openids after which the next page may start; the last is tried first. */
  nextOpenids: string[];
  /** When the first page was requested (ms). */
  listingFrom: number | null;
  /** The last openid of each bucket but the last (listed-openids.ts). */
  splits: string[];
  /** The bucket that `details` or `finishing` processes next. */
  bucket: number;
  /** The last openid of this bucket whose details are written; `''`: none. */
  afterOpenid: string;
  consecutiveErrors: number;
  failingSince: number | null;
}

export interface SyncListRequest extends PageRequest {
  readonly components: readonly string[];
  readonly state?: FollowerSyncState | undefined;
  /** Only of these; empty: of all. */
  readonly accounts: readonly string[];
}

/** Without the checkpoint, which can be long. */
const SHOWN_COLUMNS = [
  'id',
  'component',
  'appid',
  'state',
  'phase',
  'details',
  'listed',
  'detailed',
  'without_details',
  'total',
  'rate',
  'waiting_until',
  'created_at',
  'started_at',
  'finished_at',
  'error',
] as const satisfies readonly (keyof FollowerSyncRow)[];
type ShownRow = Pick<FollowerSyncRow, (typeof SHOWN_COLUMNS)[number]>;

/** The records of follower syncs. Only the latest run of a sync can write. */
export class FollowerSyncStore {
  readonly #sql: Sql;
  readonly #bulk: BulkWriter;

  constructor(sql: Sql, bulk: BulkWriter) {
    this.#sql = sql;
    this.#bulk = bulk;
  }

  /** The account's unfinished sync, or a new one. */
  async start(account: FollowerAccount, details: boolean): Promise<{ sync: FollowerSync; started: boolean }> {
    for (;;) {
      const active = await this.active(account);
      if (active) return { sync: active, started: false };
      // Of two processes that start one at the same time, the unique key permits one.
      const row = newRow(account, details, Date.now());
      const isInserted = await insertUnlessThere(this.#sql.insertInto('follower_syncs').values(row));
      if (isInserted) return { sync: toSync(row), started: true };
    }
  }

  async active(account: FollowerAccount): Promise<FollowerSync | undefined> {
    const row = await this.#sql
      .selectFrom('follower_syncs')
      .selectAll()
      .where('active_key', '=', activeKey(account))
      .executeTakeFirst();
    return row && toSync(row);
  }

  async find(id: string): Promise<FollowerSync | undefined> {
    const row = await this.#sql.selectFrom('follower_syncs').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toSync(row);
  }

  /** The newest first. */
  async list({ component, appid }: FollowerAccount, limit: number): Promise<FollowerSync[]> {
    const rows = await this.#sql
      .selectFrom('follower_syncs')
      .selectAll()
      .where('component', '=', component)
      .where('appid', '=', appid)
      .orderBy('created_at', 'desc')
      .limit(limit)
      .execute();
    return rows.map(toSync);
  }

  /** Of all accounts, the newest first. A page may hold fewer than `limit` although there is a next one. Throws Failure `invalid_request`. */
  async listAll({ components, state, accounts, limit, cursor }: SyncListRequest): Promise<Page<FollowerSync>> {
    const page = await pageFromWindows<CreatedPlace, ShownRow>({
      after: createdPlaceOf(cursor),
      limit,
      read: (after, count) => this.#before({ state, accounts }, after, count),
      passes: ({ component }) => components.includes(component),
      cursorOf: cursorOfCreated,
    });
    return { items: page.items.map(toSync), next: page.next };
  }

  #before(
    { state, accounts }: Pick<SyncListRequest, 'state' | 'accounts'>,
    after: CreatedPlace | undefined,
    count: number,
  ): Promise<ShownRow[]> {
    let query = this.#sql
      .selectFrom('follower_syncs')
      .select(SHOWN_COLUMNS)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(count);
    if (state) query = query.where('state', '=', state);
    if (accounts.length > 0) query = query.where('appid', 'in', accounts);
    if (after) query = query.where(createdBefore(after));
    return query.execute();
  }

  /** Ids of the active syncs without progress for `idleMs`. */
  async idle(component: string, idleMs: number): Promise<string[]> {
    const rows = await this.#sql
      .selectFrom('follower_syncs')
      .select('id')
      .where('component', '=', component)
      .where('active_key', 'is not', null)
      .where('state', 'in', ['queued', 'running'])
      .where('updated_at', '<', Date.now() - idleMs)
      .limit(500)
      .execute();
    return rows.map((row) => row.id);
  }

  /** Takes the sync for a new run; its former run can write no more. Undefined if there is nothing to do. */
  async takeRun(id: string): Promise<SyncRun | undefined> {
    const now = Date.now();
    const found = await this.#sql.selectFrom('follower_syncs').selectAll().where('id', '=', id).executeTakeFirst();
    if (!found || (found.state !== 'queued' && found.state !== 'running')) return undefined;
    const run = Number(found.run) + 1;
    const { numUpdatedRows } = await this.#sql
      .updateTable('follower_syncs')
      .set({ run, state: 'running', started_at: found.started_at ?? now, updated_at: now })
      .where('id', '=', id)
      .where('run', '=', found.run)
      .where('state', 'in', ['queued', 'running'])
      .executeTakeFirst();
    if (Number(numUpdatedRows) !== 1) return undefined;
    // The former run may have written until now; from now on it writes nothing.
    const taken = await this.#sql.selectFrom('follower_syncs').selectAll().where('id', '=', id).executeTakeFirst();
    return taken && Number(taken.run) === run ? toRun(taken) : undefined;
  }

  /**
   * Writes a page's rows and the progress in one transaction. `undone`: another run has taken over, or the sync was paused
   * or cancelled; then nothing was written.
   */
  checkpoint(sync: SyncRun, steps: readonly BulkStep[], rate?: number): Promise<'done' | 'undone'> {
    return this.#bulk.write([this.checkpointOf(sync, rate), ...steps]);
  }

  checkpointOf(sync: SyncRun, rate?: number): BulkStep {
    return change(sync, {
      phase: sync.phase,
      total: sync.total,
      listed: sync.listed,
      detailed: sync.detailed,
      without_details: sync.withoutDetails,
      looked: sync.verified,
      pages: sync.pages,
      next_openids: JSON.stringify(sync.nextOpenids),
      listing_from: sync.listingFrom,
      // Only the first page chooses them.
      ...(sync.pages <= 1 ? { splits: JSON.stringify(sync.splits) } : {}),
      bucket: sync.bucket,
      after_openid: sync.afterOpenid,
      error: null,
      waiting_until: null,
      troubles: 0,
      trouble_since: null,
      ...(rate === undefined ? {} : { rate }),
    });
  }

  /** Notes that `finishing` has to compare this bucket. */
  noteUnlisted(sync: SyncRun, bucket: number): BulkStep {
    return change(sync, { unlisted: JSON.stringify([...new Set([...sync.bucketsWithUnlisted, bucket])]) });
  }

  /** Postpones the sync. `transientError` is false if it is no error, such as a closed quota. */
  wait(sync: SyncRun, until: Date, error: FollowerSyncError, transientError: boolean): Promise<'done' | 'undone'> {
    return this.#bulk.write([
      change(sync, {
        waiting_until: until.getTime(),
        error: JSON.stringify(error),
        ...(transientError
          ? { troubles: sync.consecutiveErrors + 1, trouble_since: sync.failingSince ?? Date.now() }
          : {}),
      }),
    ]);
  }

  finish(sync: SyncRun, error?: FollowerSyncError): Promise<'done' | 'undone'> {
    const now = Date.now();
    return this.#bulk.write([
      change(sync, {
        state: error ? 'failed' : 'completed',
        error: error ? JSON.stringify(error) : null,
        active_key: null,
        waiting_until: null,
        finished_at: now,
      }),
      forgetListed(sync.id),
    ]);
  }

  /** False if its state does not permit it. */
  async steer(id: string, to: 'paused' | 'queued' | 'cancelled', from: readonly FollowerSyncState[]): Promise<boolean> {
    const isOver = to === 'cancelled';
    const now = Date.now();
    const { numUpdatedRows } = await this.#sql
      .updateTable('follower_syncs')
      .set((eb) => ({
        state: to,
        run: eb('run', '+', 1),
        waiting_until: null,
        updated_at: now,
        ...(isOver ? { active_key: null, finished_at: now } : {}),
        ...(to === 'queued' ? { error: null, troubles: 0, trouble_since: null } : {}),
      }))
      .where('id', '=', id)
      .where('state', 'in', [...from])
      .executeTakeFirst();
    if (Number(numUpdatedRows) === 0) return false;
    if (isOver) await this.#sql.deleteFrom('follower_sync_lists').where('sync_id', '=', id).execute();
    return true;
  }
}

function change(sync: SyncRun, set: Readonly<Record<string, SqlValue>>): BulkStep {
  const all = { ...set, updated_at: Date.now() };
  return {
    text: `update follower_syncs set ${Object.keys(all)
      .map((column) => `${column} = ?`)
      .join(', ')} where id = ? and run = ? and state = 'running'`,
    parameters: [...Object.values(all), sync.id, sync.run],
    orUndo: true,
  };
}

export function activeKey({ component, appid }: FollowerAccount): string {
  return `${component}/${appid}`;
}

export function newRow(account: FollowerAccount, details: boolean, now: number): FollowerSyncRow {
  return {
    id: randomBytes(16).toString('base64url'),
    component: account.component,
    appid: account.appid,
    active_key: activeKey(account),
    details: details ? 1 : 0,
    state: 'queued',
    phase: 'listing',
    run: 0,
    total: null,
    listed: 0,
    detailed: 0,
    without_details: 0,
    looked: 0,
    unlisted: '[]',
    pages: 0,
    next_openids: '[]',
    listing_from: null,
    splits: '[]',
    bucket: 0,
    after_openid: '',
    rate: null,
    error: null,
    troubles: 0,
    trouble_since: null,
    waiting_until: null,
    created_at: now,
    started_at: null,
    finished_at: null,
    updated_at: now,
  };
}

function toRun(row: FollowerSyncRow): SyncRun {
  return {
    id: row.id,
    component: row.component,
    appid: row.appid,
    run: Number(row.run),
    details: Number(row.details) === 1,
    phase: row.phase as FollowerSyncPhase,
    total: row.total === null ? null : Number(row.total),
    listed: Number(row.listed),
    detailed: Number(row.detailed),
    withoutDetails: Number(row.without_details ?? 0),
    verified: Number(row.looked ?? 0),
    bucketsWithUnlisted: JSON.parse(row.unlisted ?? '[]') as number[],
    pages: Number(row.pages),
    nextOpenids: JSON.parse(row.next_openids) as string[],
    listingFrom: row.listing_from === null ? null : Number(row.listing_from),
    splits: JSON.parse(row.splits) as string[],
    bucket: Number(row.bucket),
    afterOpenid: row.after_openid,
    consecutiveErrors: Number(row.troubles),
    failingSince: row.trouble_since === null ? null : Number(row.trouble_since),
  };
}

function toSync(row: ShownRow): FollowerSync {
  const moves = row.state === 'running' && row.waiting_until === null && row.rate !== null;
  return {
    id: row.id,
    component: row.component,
    appid: row.appid,
    state: row.state as FollowerSyncState,
    phase: row.phase as FollowerSyncPhase,
    details: Number(row.details) === 1,
    listed: Number(row.listed),
    detailed: Number(row.detailed),
    withoutDetails: Number(row.without_details ?? 0),
    total: row.total === null ? null : Number(row.total),
    ratePerSecond: moves ? Number(row.rate) : null,
    waitingUntil: toDate(row.waiting_until),
    createdAt: new Date(Number(row.created_at)),
    startedAt: toDate(row.started_at),
    finishedAt: toDate(row.finished_at),
    error: row.error === null ? null : (JSON.parse(row.error) as FollowerSyncError),
  };
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(Number(ms));
}
