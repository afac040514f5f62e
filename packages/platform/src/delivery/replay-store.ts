import { randomBytes } from 'node:crypto';
import { insertUnlessThere } from '../database/insert-unless-there.ts';
import type { Sql } from '../database/open.ts';
import { repeat } from '../database/repeat.ts';
import type { ReplayRow } from '../database/schema.ts';
import { newReplay, type Replay, type ReplayError, type ReplayRange, type ReplayState, toReplay } from './replay.ts';

const MAX_RUNNING = 1_000;

/** A replay as its current run continues it. */
export interface ReplayRun extends Replay {
  readonly run: number;
  /** The last push that was considered. */
  readonly afterSeq: number;
  readonly afterId: string;
}

export function newReplayId(): string {
  return `rep_${randomBytes(10).toString('hex')}`;
}

/** The records of replays. Only the latest run of a replay can write. */
export class ReplayStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  async create(range: ReplayRange): Promise<Replay> {
    const row = newReplay(newReplayId(), range, Date.now());
    // Random ids do not collide: where it is there, an earlier attempt was committed before its connection was lost.
    await repeat(() => insertUnlessThere(this.#sql.insertInto('replays').values(row)));
    return toReplay(row);
  }

  async find(id: string): Promise<Replay | undefined> {
    const row = await this.#row(id);
    return row && toReplay(row);
  }

  /** Ids of the running ones, the oldest first. */
  async running(): Promise<string[]> {
    const rows = await this.#sql
      .selectFrom('replays')
      .select('id')
      .where('state', '=', 'running')
      .orderBy('created_at')
      .limit(MAX_RUNNING)
      .execute();
    return rows.map(({ id }) => id);
  }

  /** Takes the replay for a new run; its former run can write no more. Undefined if there is nothing to do. */
  async takeRun(id: string): Promise<ReplayRun | undefined> {
    const row = await this.#row(id);
    if (row?.state !== 'running') return undefined;
    const run = Number(row.run) + 1;
    const { numUpdatedRows } = await this.#sql
      .updateTable('replays')
      .set({ run })
      .where('id', '=', id)
      .where('run', '=', row.run)
      .where('state', '=', 'running')
      .executeTakeFirst();
    if (numUpdatedRows !== 1n) return undefined;
    return { ...toReplay(row), run, afterSeq: Number(row.after_seq), afterId: row.after_id };
  }

  async finish({ id, run }: ReplayRun, state: Exclude<ReplayState, 'running'>, error?: ReplayError): Promise<void> {
    await repeat(() =>
      this.#sql
        .updateTable('replays')
        .set({ state, finished_at: Date.now(), error: error ? JSON.stringify(error) : null })
        .where('id', '=', id)
        .where('run', '=', run)
        .where('state', '=', 'running')
        .execute(),
    );
  }

  /** `over`: it has ended before. Undefined: there is no such replay. */
  async cancel(id: string): Promise<{ readonly replay: Replay; readonly over: boolean } | undefined> {
    const { numUpdatedRows } = await repeat(() =>
      this.#sql
        .updateTable('replays')
        .set((eb) => ({ state: 'cancelled', run: eb('run', '+', 1), finished_at: Date.now() }))
        .where('id', '=', id)
        .where('state', '=', 'running')
        .executeTakeFirst(),
    );
    const replay = await this.find(id);
    return replay && { replay, over: numUpdatedRows !== 1n };
  }

  #row(id: string): Promise<ReplayRow | undefined> {
    return this.#sql.selectFrom('replays').selectAll().where('id', '=', id).executeTakeFirst();
  }
}
