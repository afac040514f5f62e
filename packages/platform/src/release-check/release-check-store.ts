import { createHash } from 'node:crypto';
import { insertUnlessThere } from '../database/insert-unless-there.ts';
import type { Sql } from '../database/open.ts';
import type { ReleaseCheckRow } from '../database/schema.ts';
import { type CheckLog, type LoggedStep, stepsOf } from './check-log.ts';
import type { ReleaseCheck } from './release-check.ts';

/** A check with everything that was reported of it. */
export interface StoredCheck extends ReleaseCheck, CheckLog {}

export type NewCheck = Pick<StoredCheck, 'id' | 'component' | 'kind' | 'appid' | 'startedAt' | keyof CheckLog>;

/** Release checks in SQL. They are few, and never deleted. */
export class ReleaseCheckStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** False if it exists. */
  insert({ id, component, kind, appid, startedAt, ...log }: NewCheck): Promise<boolean> {
    const row = { id, component, kind, appid, started_at: startedAt.getTime(), ...rowOf(log) };
    return insertUnlessThere(this.#sql.insertInto('release_checks').values(row));
  }

  /** False if it was changed since `from` was read. */
  async change(id: string, from: CheckLog, to: CheckLog): Promise<boolean> {
    const { numUpdatedRows } = await this.#sql
      .updateTable('release_checks')
      .set(rowOf(to))
      .where('id', '=', id)
      .where('steps', '=', JSON.stringify(from.reports))
      .where('state', '=', from.state)
      .executeTakeFirst();
    return numUpdatedRows > 0n;
  }

  async find(id: string): Promise<StoredCheck | undefined> {
    const row = await this.#sql.selectFrom('release_checks').selectAll().where('id', '=', id).executeTakeFirst();
    return row && toCheck(row);
  }

  /** The newest one of a kind; of an account, if one is named. */
  async latest(component: string, kind: ReleaseCheck['kind'], appid?: string): Promise<StoredCheck | undefined> {
    let query = this.#sql
      .selectFrom('release_checks')
      .selectAll()
      .where('component', '=', component)
      .where('kind', '=', kind);
    if (appid !== undefined) query = query.where('appid', '=', appid);
    const row = await query.orderBy('started_at', 'desc').orderBy('id', 'desc').limit(1).executeTakeFirst();
    return row && toCheck(row);
  }

  /** Newest first; `after` is the last one of the former page. */
  async list(page: {
    readonly component?: string | undefined;
    readonly limit: number;
    readonly after?: { readonly startedAt: number; readonly id: string } | undefined;
  }): Promise<StoredCheck[]> {
    let query = this.#sql
      .selectFrom('release_checks')
      .selectAll()
      .orderBy('started_at', 'desc')
      .orderBy('id', 'desc')
      .limit(page.limit);
    if (page.component !== undefined) query = query.where('component', '=', page.component);
    const { after } = page;
    if (after) {
      query = query
        .where('started_at', '<=', after.startedAt)
        .where((eb) => eb.or([eb('started_at', '<', after.startedAt), eb('id', '<', after.id)]));
    }
    return (await query.execute()).map(toCheck);
  }

  /** Those that have not ended. */
  async running(component: string): Promise<StoredCheck[]> {
    const rows = await this.#sql
      .selectFrom('release_checks')
      .selectAll()
      .where('component', '=', component)
      .where('state', '=', 'running')
      .execute();
    return rows.map(toCheck);
  }
}

/** The same for a repeated entry of the stream, so that a repeated batch makes no second check. */
export function realCheckId(component: string, entry: string): string {
  return `rc_${createHash('sha256').update(`${component}/${entry}`).digest('hex').slice(0, 20)}`;
}

function rowOf({ state, reports, finishedAt }: CheckLog): Pick<ReleaseCheckRow, 'state' | 'steps' | 'finished_at'> {
  return { state, steps: JSON.stringify(reports), finished_at: finishedAt?.getTime() ?? null };
}

function toCheck(row: ReleaseCheckRow): StoredCheck {
  const state = row.state as ReleaseCheck['state'];
  const reports = JSON.parse(row.steps) as LoggedStep[];
  return {
    id: row.id,
    component: row.component,
    kind: row.kind as ReleaseCheck['kind'],
    appid: row.appid,
    state,
    reports,
    steps: stepsOf({ reports, state }),
    startedAt: new Date(Number(row.started_at)),
    finishedAt: row.finished_at === null ? null : new Date(Number(row.finished_at)),
  };
}
