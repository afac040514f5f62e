import type { ActivityCounts, ComponentStatus, LostProcess, ProcessView, RedisServers } from '@wxthirdparty/platform';

/** What the rules judge. Undefined: it could not be read, so nothing is known. */
export interface Readings {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly components: readonly ComponentReadings[];
  readonly overdueMs: number | undefined;
  readonly pushStream: { readonly waiting: number; readonly oldestMs: number } | undefined;
  readonly queues: readonly QueueReading[] | undefined;
  readonly processes: readonly ProcessView[] | undefined;
  readonly lost: readonly LostProcess[] | undefined;
  readonly redis: RedisServers | undefined;
  /** Subscriptions that were paused by themselves. */
  readonly pausedSubscriptions: number | undefined;
  /** Of this process. */
  readonly local: LocalReadings;
}

interface QueueReading {
  readonly name: string;
  readonly waiting: number;
  readonly oldestMs: number | null;
}

export interface ComponentReadings {
  readonly component: string;
  readonly status: ComponentStatus | undefined;
  /** Sums of the last 5 and 10 minutes, of all processes. */
  readonly last5: ActivityCounts | undefined;
  readonly last10: ActivityCounts | undefined;
  readonly quotas: { readonly warned: AccountCount; readonly closed: AccountCount } | undefined;
  readonly lastReconciliationFailed: boolean | undefined;
  /** Component tokens that WeChat refused early, in 24 hours. */
  readonly earlyRefusals: number | undefined;
}

interface AccountCount {
  readonly accounts: number;
  readonly atLeast: boolean;
}

export interface LocalReadings {
  /** Components whose tokens this process cannot fetch because of its address. */
  readonly addressRefused: readonly string[];
  /** Jobs taken over by this process in the last 10 minutes, by queue. */
  readonly stalledJobs: ReadonlyMap<string, number>;
  /** Masters of a Cluster that do not answer this process. */
  readonly missingMasters: readonly string[];
  /** A write was not confirmed by a replica in the last minute. */
  readonly isUnconfirmed: boolean;
  /** For how long the database has not answered this process; undefined: it answers. */
  readonly databaseOutMs: number | undefined;
  /** Of the disk of DATA_DIR. */
  readonly freeDiskBytes: number | undefined;
  readonly lagMs: number;
  /** Of PUBLIC_URL. */
  readonly certificate: { readonly host: string; readonly endsAt: Date } | undefined;
}
