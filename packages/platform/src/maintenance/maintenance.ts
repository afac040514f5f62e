import { setTimeout as pause } from 'node:timers/promises';
import type { ComponentApi } from '@wxthirdparty/wechat';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { enqueueDueProfiles } from '../authorizer/enqueue-due-profiles.ts';
import type { ProfilePayload } from '../authorizer/profile-job.ts';
import type { Lanes } from '../call/lane/lanes.ts';
import type { Components } from '../component/components.ts';
import type { Tickets } from '../component/ticket.ts';
import { requestTicketsIfSilent } from '../component/ticket-request.ts';
import type { LinkStore } from '../consent/link-store.ts';
import type { DueSubscriptions } from '../delivery/due-subscriptions.ts';
import type { ReplayStore } from '../delivery/replay-store.ts';
import type { RedisAge } from '../deployment/redis-age.ts';
import { type Events, errorReport } from '../events.ts';
import type { FollowerSyncStore } from '../follower/follower-sync-store.ts';
import type { SyncSchedules } from '../follower/sync-schedules.ts';
import { claimScheduledRun } from '../reconciliation/reconcile-schedule.ts';
import type { ReconcileRequests } from '../reconciliation/reconciliations.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { ReleaseChecks } from '../release-check/release-checks.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import { componentOwners } from '../token/token.ts';
import type { Tokens } from '../token/tokens.ts';
import { applyRetention, type RetentionOptions } from './apply-retention.ts';
import { refreshDue } from './refresh-due.ts';
import { restoreDue } from './restore-due.ts';

const ROUND_INTERVAL_MS = 5_000;
/** Calls with a start time, and deliveries, may be late by this; a round costs one command, however many wait. */
const DUE_ROUND_INTERVAL_MS = 1_000;
/** What the database says of deliveries and replays is restored as often. */
const DELIVERY_ROUND_INTERVAL_MS = 15_000;
const CLOSE_TIMEOUT_MS = 500;
/** A follower sync that is running or waiting updates its record more often than this. */
const SYNC_IDLE_MS = 15_000;

export interface MaintenanceOptions {
  readonly redis: RedisClient;
  readonly components: Components;
  /** False while Redis belongs to another deployment: nothing is repaired there. */
  readonly isOurs: () => boolean;
  /** The database is unreachable: what needs it waits, and everything else is done as before. */
  readonly isDatabaseOut: () => boolean;
  readonly redisAge: Pick<RedisAge, 'check'>;
  readonly tickets: Tickets;
  readonly tokens: Tokens;
  readonly authorizerStore: AuthorizerStore;
  readonly refreshAhead: RefreshAhead;
  readonly lanes: Lanes;
  readonly api: ComponentApi;
  readonly reconcile: ReconcileRequests;
  readonly linkStore: LinkStore;
  readonly askForProfile: (payload: ProfilePayload) => Promise<void>;
  readonly followerSyncs: FollowerSyncStore;
  readonly syncSchedules: SyncSchedules;
  readonly releaseChecks: Pick<ReleaseChecks, 'endIdle'>;
  readonly wakeFollowerSync: (id: string) => Promise<void>;
  readonly deliveries: {
    readonly due: Pick<DueSubscriptions, 'wakeDue'>;
    readonly replays: Pick<ReplayStore, 'running'>;
    /** Makes every subscription due when the database says so. */
    restoreDue(): Promise<void>;
    /** Removes what is stored for deleted subscriptions; returns how many are removed completely. */
    removeDeleted(): Promise<number>;
  };
  readonly retention: Omit<RetentionOptions, 'redis' | 'events'>;
  readonly wakeReplay: (id: string) => Promise<void>;
  readonly events: Events;
}

/** Restores what was lost elsewhere, in every worker, every few seconds. */
export function startMaintenance(options: MaintenanceOptions): { close(): Promise<void> } {
  const started = new Set<string>();
  const whileOurs = (work: () => Promise<void>) => async () => {
    if (options.isOurs()) await work();
  };
  const withDatabase = (work: () => Promise<void>) =>
    whileOurs(async () => {
      if (!options.isDatabaseOut()) await work();
    });
  const closing = new AbortController();
  const timers = [
    startRounds(
      ROUND_INTERVAL_MS,
      whileOurs(() => repairAll(options, started)),
    ),
    // Timers of their own, since both take long with many accounts, and nothing else may wait for them.
    startRounds(
      ROUND_INTERVAL_MS,
      whileOurs(() =>
        ofEach(options, (appid) =>
          attempt(options, appid, 'due', async () => {
            await refreshDue(options, appid, closing.signal);
            return undefined;
          }),
        ),
      ),
    ),
    startRounds(
      ROUND_INTERVAL_MS,
      withDatabase(() =>
        ofEach(options, (appid) =>
          attempt(options, appid, 'restore_due', async () => {
            const count = await restoreDue(options, appid);
            return count > 0 ? `due_restored_${count}` : undefined;
          }),
        ),
      ),
    ),
    startRounds(
      DUE_ROUND_INTERVAL_MS,
      whileOurs(() => wakeLanes(options)),
    ),
    startRounds(
      DUE_ROUND_INTERVAL_MS,
      whileOurs(() => attempt(options, undefined, 'wake_deliveries', () => wakeDeliveries(options))),
    ),
    startRounds(
      DELIVERY_ROUND_INTERVAL_MS,
      withDatabase(async () => {
        await attempt(options, undefined, 'due_deliveries', () => restoreDueDeliveries(options));
        await attempt(options, undefined, 'replays', () => wakeReplays(options));
        await attempt(options, undefined, 'deleted_subscriptions', () => removeDeletedSubscriptions(options));
      }),
    ),
  ];
  let wasOutdated = false;
  const readAge = async (): Promise<undefined> => {
    const behindMs = await options.redisAge.check();
    if (behindMs !== undefined && !wasOutdated) options.events.publish('redis', { what: 'outdated', behindMs });
    wasOutdated = behindMs !== undefined;
  };
  timers.push(
    startRounds(
      ROUND_INTERVAL_MS,
      withDatabase(() => attempt(options, undefined, 'redis_age', readAge)),
    ),
    startRounds(
      ROUND_INTERVAL_MS,
      withDatabase(() =>
        attempt(options, undefined, 'retention', () =>
          applyRetention({ ...options.retention, redis: options.redis, events: options.events }, closing.signal),
        ),
      ),
    ),
  );
  return {
    async close() {
      closing.abort();
      await Promise.all(timers.map((timer) => timer.close()));
    },
  };
}

function startRounds(everyMs: number, work: () => Promise<void>): { close(): Promise<void> } {
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();
  let closed = false;
  const later = (ms: number) => {
    if (closed) return;
    timer = setTimeout(() => {
      round = work().finally(() => later(everyMs * (0.8 + 0.4 * Math.random())));
    }, ms);
  };
  later(0);
  return {
    async close() {
      closed = true;
      clearTimeout(timer);
      // A round may be interrupted anywhere; one that waits for Redis or a slow WeChat is abandoned.
      await Promise.race([round, pause(CLOSE_TIMEOUT_MS)]);
    },
  };
}

async function wakeLanes(options: MaintenanceOptions): Promise<void> {
  for (const { appid } of options.components.all()) {
    await attempt(options, appid, 'wake_lanes', async () => {
      await options.lanes.wakeDue(appid);
      return undefined;
    });
  }
}

/** Components in parallel: one with many accounts must not delay the others. */
async function ofEach({ components }: MaintenanceOptions, part: (component: string) => Promise<void>): Promise<void> {
  await Promise.all(components.all().map(({ appid }) => part(appid)));
}

/** First what makes components ready, then what grows with the number of accounts. */
async function repairAll(options: MaintenanceOptions, started: Set<string>): Promise<void> {
  await ofEach(options, async (appid) => {
    await attempt(options, appid, 'restore_ticket', () => restoreTicket(options, appid));
    await attempt(options, appid, 'component_token', () => refreshComponent(options, appid));
  });
  if (options.isDatabaseOut()) return;
  await ofEach(options, async (appid) => {
    await attempt(options, appid, 'follower_syncs', () => wakeFollowerSyncs(options, appid));
    await attempt(options, appid, 'request_tickets', async () => {
      const did = await requestTicketsIfSilent(appid, options);
      return did === 'started' || did === 'was_running' ? `ticket_push_${did}` : undefined;
    });
    await attempt(options, appid, 'reconcile', () => reconcile(options, appid, started));
    await attempt(options, appid, 'release_checks', async () => {
      const count = await options.releaseChecks.endIdle(appid);
      return count > 0 ? `release_checks_ended_${count}` : undefined;
    });
    await attempt(options, appid, 'profiles', async () => {
      const count = await enqueueDueProfiles(appid, {
        redis: options.redis,
        store: options.authorizerStore,
        ask: options.askForProfile,
      });
      return count > 0 ? `profiles_asked_${count}` : undefined;
    });
  });
}

/** An error of one part must not stop the others. */
async function attempt(
  { events }: MaintenanceOptions,
  component: string | undefined,
  what: string,
  part: () => Promise<string | undefined>,
): Promise<void> {
  try {
    const did = await part();
    if (did) events.publish('repair', { component, did });
  } catch (failure) {
    events.publish('repair', { component, did: `${what}_failed`, failure: errorReport(failure) });
  }
}

async function wakeDeliveries({ deliveries }: MaintenanceOptions): Promise<undefined> {
  await deliveries.due.wakeDue();
}

async function restoreDueDeliveries({ deliveries }: MaintenanceOptions): Promise<undefined> {
  await deliveries.restoreDue();
}

/** Their jobs may have been lost with Redis; one that has a job gets no second one. */
async function wakeReplays({ deliveries, wakeReplay }: MaintenanceOptions): Promise<undefined> {
  for (const id of await deliveries.replays.running()) await wakeReplay(id);
}

async function removeDeletedSubscriptions({ deliveries }: MaintenanceOptions): Promise<string | undefined> {
  const count = await deliveries.removeDeleted();
  return count > 0 ? `subscriptions_removed_${count}` : undefined;
}

async function restoreTicket({ tickets }: MaintenanceOptions, component: string): Promise<string | undefined> {
  if (await tickets.view(component)) return undefined;
  return (await tickets.restore(component)) ? 'ticket_restored' : undefined;
}

/** The component's own tokens are always refreshed: each call may need them. */
async function refreshComponent({ tokens, tickets }: MaintenanceOptions, component: string): Promise<undefined> {
  for (const owner of componentOwners(component)) {
    const record = await tokens.store.read(owner);
    if (record.now < record.refreshAt || record.now < record.retryAt) continue;
    if (await tickets.current(component)) await tokens.askForRefresh(owner);
  }
}

/** Starts reconciliations at the start of a process, nightly, and after a loss of Redis; adds lost jobs of runs again. */
async function reconcile(
  { redis, reconcile: requests, linkStore }: MaintenanceOptions,
  component: string,
  started: Set<string>,
): Promise<string | undefined> {
  if (await requests.revive(component)) return 'reconciliation_revived';
  const first = !started.has(component);
  const due = await claimScheduledRun(redis, component, 'due');
  if (!due && !(first && (await claimScheduledRun(redis, component, 'start')))) {
    started.add(component);
    return undefined;
  }
  const { isNew } = await requests.begin(component, first ? 'start' : 'nightly');
  started.add(component);
  await linkStore.prune();
  return isNew ? 'reconciliation_begun' : undefined;
}

/** The database says which syncs are running and which are due; a job may have been lost with Redis. */
async function wakeFollowerSyncs(
  { followerSyncs, syncSchedules, wakeFollowerSync }: MaintenanceOptions,
  component: string,
): Promise<string | undefined> {
  const started = await syncSchedules.startDue(component);
  const idle = await followerSyncs.idle(component, SYNC_IDLE_MS);
  for (const id of [...started, ...idle]) await wakeFollowerSync(id);
  return started.length > 0 ? `follower_syncs_started_${started.length}` : undefined;
}
