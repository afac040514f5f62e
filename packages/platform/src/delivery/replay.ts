import type { ReplayRow } from '../database/schema.ts';

/**
 * `missing`: what matches and has no settled successful delivery. `all`: everything that matches. Pending deliveries are never
 * touched.
 */
export type ReplayOnly = 'missing' | 'all';

export type ReplayState = 'running' | 'completed' | 'failed' | 'cancelled';

/** Creates deliveries again from the journal. */
export interface Replay {
  readonly id: string;
  readonly subscription: string;
  /** By the time of acceptance. */
  readonly since: Date;
  readonly until: Date;
  readonly only: ReplayOnly;
  readonly state: ReplayState;
  /** Deliveries that it has created or reopened. */
  readonly matched: number;
  readonly createdAt: Date;
  readonly finishedAt: Date | null;
  readonly error: ReplayError | null;
}

export interface ReplayError {
  readonly code: string;
  readonly message: string;
}

/** In a delivery's `replay` and the header `wx-replay` where a push was replayed alone. */
export const SINGLE_REPLAY = 'single';

/** Times in ms. */
export interface ReplayRange {
  readonly subscription: string;
  readonly since: number;
  readonly until: number;
  readonly only: ReplayOnly;
}

export function newReplay(id: string, { subscription, since, until, only }: ReplayRange, now: number): ReplayRow {
  return {
    id,
    subscription,
    since,
    until,
    only,
    state: 'running',
    run: 0,
    // The first position of the range: seq counts thousandths of a millisecond.
    after_seq: since * 1_000 - 1,
    after_id: 'v'.repeat(26),
    matched: 0,
    created_at: now,
    finished_at: null,
    error: null,
  };
}

export function toReplay(row: ReplayRow): Replay {
  return {
    id: row.id,
    subscription: row.subscription,
    since: new Date(Number(row.since)),
    until: new Date(Number(row.until)),
    only: row.only as ReplayOnly,
    state: row.state as ReplayState,
    matched: Number(row.matched),
    createdAt: new Date(Number(row.created_at)),
    finishedAt: row.finished_at === null ? null : new Date(Number(row.finished_at)),
    error: row.error === null ? null : (JSON.parse(row.error) as ReplayError),
  };
}
