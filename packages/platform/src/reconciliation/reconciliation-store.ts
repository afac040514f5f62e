import { randomBytes } from 'node:crypto';
import { type CreatedPlace, createdBefore, createdPlaceOf, cursorOfCreated } from '../database/created-order.ts';
import { insertUnlessThere } from '../database/insert-unless-there.ts';
import type { Sql } from '../database/open.ts';
import type { ReconciliationTable } from '../database/schema.ts';
import { type Page, type PageRequest, pageFromWindows } from '../paging.ts';

export type ReconcileReason = 'requested' | 'start' | 'nightly' | 'refused';

/** One comparison of our authorizers with WeChat's list. */
export interface Reconciliation {
  readonly id: string;
  readonly component: string;
  readonly reason: ReconcileReason;
  readonly state: 'queued' | 'running' | 'completed' | 'failed';
  /** First WeChat's list, then our authorizers that it did not contain. */
  readonly phase: 'listing' | 'missing';
  readonly listOffset: number;
  readonly missingAfter: string;
  /** As WeChat's list reports it. */
  readonly total: number | null;
  readonly seen: number;
  readonly added: number;
  readonly changed: number;
  readonly revoked: number;
  /** Why it cannot go on at the moment, or why it failed. */
  readonly error: string | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
}

export interface ReconciliationListRequest extends PageRequest {
  readonly components: readonly string[];
  readonly state?: Reconciliation['state'] | undefined;
}

export interface Step {
  readonly phase: Reconciliation['phase'];
  readonly listOffset: number;
  readonly missingAfter: string;
  readonly total?: number;
  readonly seen?: number;
  readonly added?: number;
  readonly changed?: number;
  readonly revoked?: number;
}

/** Reconciliation runs in SQL, with their checkpoints. */
export class ReconciliationStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** A new run, or the one in progress: each component has one at a time. */
  async begin(component: string, reason: ReconcileReason): Promise<{ readonly run: Reconciliation; isNew: boolean }> {
    for (;;) {
      const there = await this.#running(component);
      if (there) return { run: there, isNew: false };
      const now = Date.now();
      const row: ReconciliationTable = {
        id: randomBytes(12).toString('hex'),
        component,
        running_for: component,
        reason,
        state: 'queued',
        phase: 'listing',
        list_offset: 0,
        missing_after: '',
        total: null,
        seen: 0,
        added: 0,
        changed: 0,
        revoked: 0,
        error: null,
        created_at: now,
        started_at: null,
        updated_at: now,
        finished_at: null,
      };
      const first = await insertUnlessThere(this.#sql.insertInto('reconciliations').values(row));
      if (first) return { run: toReconciliation(row), isNew: true };
    }
  }

  async find(id: string): Promise<Reconciliation | undefined> {
    const row = await this.#sql.selectFrom('reconciliations').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toReconciliation(row);
  }

  /** The newest first. A page may hold fewer than `limit` although there is a next one. Throws Failure `invalid_request`. */
  async list({ components, state, limit, cursor }: ReconciliationListRequest): Promise<Page<Reconciliation>> {
    const page = await pageFromWindows<CreatedPlace, ReconciliationTable>({
      after: createdPlaceOf(cursor),
      limit,
      read: (after, count) => this.#before(after, count),
      passes: (row) => components.includes(row.component) && (state === undefined || row.state === state),
      cursorOf: cursorOfCreated,
    });
    return { items: page.items.map(toReconciliation), next: page.next };
  }

  async latest(component: string): Promise<Reconciliation | undefined> {
    const row = await this.#sql
      .selectFrom('reconciliations')
      .selectAll()
      .where('component', '=', component)
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(1)
      .executeTakeFirst();
    return row && toReconciliation(row);
  }

  #before(after: CreatedPlace | undefined, count: number): Promise<ReconciliationTable[]> {
    let query = this.#sql
      .selectFrom('reconciliations')
      .selectAll()
      .orderBy('created_at', 'desc')
      .orderBy('id', 'desc')
      .limit(count);
    if (after) query = query.where(createdBefore(after));
    return query.execute();
  }

  /** Its start is the time since which authorizers must be in WeChat's list. */
  async start(id: string): Promise<void> {
    const now = Date.now();
    await this.#sql
      .updateTable('reconciliations')
      .set({ state: 'running', started_at: now, updated_at: now })
      .where('id', '=', id)
      .where('state', '=', 'queued')
      .execute();
  }

  /** Moves the checkpoint from where it was read; false if another run of the job has moved it. */
  async step(run: Reconciliation, to: Step, sql: Sql = this.#sql): Promise<boolean> {
    const moved = await sql
      .updateTable('reconciliations')
      .set((eb) => ({
        phase: to.phase,
        list_offset: to.listOffset,
        missing_after: to.missingAfter,
        ...(to.total === undefined ? {} : { total: to.total }),
        seen: eb('seen', '+', to.seen ?? 0),
        added: eb('added', '+', to.added ?? 0),
        changed: eb('changed', '+', to.changed ?? 0),
        revoked: eb('revoked', '+', to.revoked ?? 0),
        error: null,
        updated_at: Date.now(),
      }))
      .where('id', '=', run.id)
      .where('state', '=', 'running')
      .where('phase', '=', run.phase)
      .where('list_offset', '=', run.listOffset)
      .where('missing_after', '=', run.missingAfter)
      .executeTakeFirst();
    return Number(moved.numUpdatedRows) > 0;
  }

  async recordTransientError(id: string, message: string): Promise<void> {
    await this.#sql
      .updateTable('reconciliations')
      .set({ error: message, updated_at: Date.now() })
      .where('id', '=', id)
      .where('running_for', 'is not', null)
      .execute();
  }

  async finish(id: string, state: 'completed' | 'failed'): Promise<void> {
    const now = Date.now();
    await this.#sql
      .updateTable('reconciliations')
      .set({ state, running_for: null, updated_at: now, finished_at: now })
      .where('id', '=', id)
      .where('running_for', 'is not', null)
      .execute();
  }

  /** Whether the last run that has ended failed. */
  async hasFailedLast(component: string): Promise<boolean> {
    const last = await this.#sql
      .selectFrom('reconciliations')
      .select('state')
      .where('component', '=', component)
      .where('finished_at', 'is not', null)
      .orderBy('finished_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return last?.state === 'failed';
  }

  /** A run without progress for a while: its job may be lost. */
  async silentFor(component: string, ms: number): Promise<string | undefined> {
    const row = await this.#sql
      .selectFrom('reconciliations')
      .select('id')
      .where('running_for', '=', component)
      .where('updated_at', '<', Date.now() - ms)
      .executeTakeFirst();
    return row?.id;
  }

  async prune(before: Date): Promise<void> {
    await this.#sql
      .deleteFrom('reconciliations')
      .where('created_at', '<', before.getTime())
      .where('running_for', 'is', null)
      .execute();
  }

  /** Notes that WeChat's list, which this run started to read at `startedAt`, contains them. */
  async markListed(component: string, appids: readonly string[], startedAt: Date, sql: Sql = this.#sql): Promise<void> {
    if (appids.length === 0) return;
    await sql
      .updateTable('authorizers')
      .set({ listed_at: startedAt.getTime() })
      .where('component', '=', component)
      .where('appid', 'in', appids)
      .execute();
  }

  /** Appids, sorted, of authorizers that are not revoked and that WeChat's list did not contain. */
  async notListedSince(component: string, startedAt: Date, after: string, limit: number): Promise<string[]> {
    const rows = await this.#sql
      .selectFrom('authorizers')
      .select('appid')
      .where('component', '=', component)
      .where('state', '!=', 'revoked')
      .where('authorized_at', '<', startedAt.getTime())
      .where((eb) => eb.or([eb('listed_at', 'is', null), eb('listed_at', '<', startedAt.getTime())]))
      .where('appid', '>', after)
      .orderBy('appid')
      .limit(limit)
      .execute();
    return rows.map((row) => row.appid);
  }

  async #running(component: string): Promise<Reconciliation | undefined> {
    const row = await this.#sql
      .selectFrom('reconciliations')
      .selectAll()
      .where('running_for', '=', component)
      .executeTakeFirst();
    return row && toReconciliation(row);
  }
}

function toReconciliation(row: ReconciliationTable): Reconciliation {
  const date = (ms: number | null) => (ms === null ? null : new Date(Number(ms)));
  return {
    id: row.id,
    component: row.component,
    reason: row.reason as ReconcileReason,
    state: row.state as Reconciliation['state'],
    phase: row.phase as Reconciliation['phase'],
    listOffset: Number(row.list_offset),
    missingAfter: row.missing_after,
    total: row.total === null ? null : Number(row.total),
    seen: Number(row.seen),
    added: Number(row.added),
    changed: Number(row.changed),
    revoked: Number(row.revoked),
    error: row.error,
    createdAt: new Date(Number(row.created_at)),
    startedAt: date(row.started_at),
    finishedAt: date(row.finished_at),
  };
}
