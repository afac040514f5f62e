import type { Remedy } from '@wxthirdparty/wechat';
import type { FollowerAccount } from './follower.ts';

/** An account has at most one sync that is `queued`, `running` or `paused`. */
export type FollowerSyncState = 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

/**
 * `listing`: openids, page by page. `details`: the users' details, in batches. `finishing`: comparison with the table, which
 * shows who has unsubscribed.
 */
export type FollowerSyncPhase = 'listing' | 'details' | 'finishing';

export interface FollowerSync extends FollowerAccount {
  readonly id: string;
  readonly state: FollowerSyncState;
  readonly phase: FollowerSyncPhase;
  /** Whether details are fetched, too. */
  readonly details: boolean;
  /** Openids that WeChat's list has named so far. */
  readonly listed: number;
  /** Of the listed users, those whose details were requested. */
  readonly detailed: number;
  /** Of the detailed users, those who are stored as listed: WeChat refused their details, or its answer cannot be read. */
  readonly withoutDetails: number;
  /** WeChat's own number of followers; null until its first page. */
  readonly total: number | null;
  readonly ratePerSecond: number | null;
  /** Set while a closed quota or an error postpones it. */
  readonly waitingUntil: Date | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  /** Why it failed, or what it waits for. */
  readonly error: FollowerSyncError | null;
}

export interface FollowerSyncError {
  readonly code: string;
  readonly remedy: Remedy;
  readonly message: string;
  readonly errcode?: number | undefined;
}

export function isOver(state: FollowerSyncState): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}
