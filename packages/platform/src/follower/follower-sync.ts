import type { Remedy } from '@wxthirdparty/wechat';
import type { FollowerAccount } from './follower.ts';

/** `paused` and `running` are not over: until then the account gets no other one. */
export type FollowerSyncState = 'queued' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

/** Openids page by page; who they are, in batches; who has gone. */
export type FollowerSyncPhase = 'listing' | 'details' | 'finishing';

export interface FollowerSync extends FollowerAccount {
  readonly id: string;
  readonly state: FollowerSyncState;
  readonly phase: FollowerSyncPhase;
  readonly details: boolean;
  readonly listed: number;
  readonly detailed: number;
  /** Of the detailed ones, those that are kept as listed: WeChat refused their details, or answered what cannot be read. */
  readonly withoutDetails: number;
  /** What WeChat says it will be; null until its first page. */
  readonly total: number | null;
  readonly ratePerSecond: number | null;
  /** While a closed quota or a trouble keeps it. */
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
