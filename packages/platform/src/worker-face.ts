import { setTimeout as pause } from 'node:timers/promises';
import type { ProfilePayload } from './authorizer/profile-job.ts';
import { Profiles } from './authorizer/profiles.ts';
import type { CallPayload } from './call/call-job.ts';
import { FormerLaneStore } from './call/lane/former/former-lane-store.ts';
import type { LaneOwner } from './call/lane/lane-owner.ts';
import { LaneRunner } from './call/lane/lane-runner.ts';
import { LaneStore } from './call/lane/lane-store.ts';
import { FORMAT_SETTLES_MS, type Lanes } from './call/lane/lanes.ts';
import { perform } from './call/perform.ts';
import { publishRun } from './call/publish-run.ts';
import type { CallRunResult } from './call/run.ts';
import type { CallbackResult } from './callback/callbacks.ts';
import { PushArrivals } from './component/push-arrivals.ts';
import { type AuthorizationRun, Authorizations } from './consent/authorize.ts';
import type { AuthorizationPayload } from './consent/authorize-job.ts';
import type { AuthorizationOutcome } from './consent/code-intake.ts';
import { withDeadline } from './deadline.ts';
import { RedisAge } from './deployment/redis-age.ts';
import { errorReport } from './events.ts';
import { runSyncSlice, type SliceResult } from './follower/sync-slice.ts';
import { startMaintenance } from './maintenance/maintenance.ts';
import type { OpenCalls } from './open-calls.ts';
import type { OpenDeliveries } from './open-deliveries.ts';
import type { Foundation } from './open-foundation.ts';
import { startJournaler } from './open-journal.ts';
import type { OpenQueues } from './open-queues.ts';
import type { OpenReplies } from './open-replies.ts';
import type { Services, Shared } from './open-services.ts';
import type { ErasurePayload } from './push/erasure-job.ts';
import { handlePush } from './push/handle.ts';
import type { PushPayload } from './push/push-job.ts';
import { PushStream } from './push/push-stream.ts';
import type { LateReplyPayload } from './push/reply/late-reply-job.ts';
import type { JobDisposition } from './queue/job.ts';
import type { QuotaPair } from './quota/ledger.ts';
import type { QuotaEvent } from './quota/quota-events.ts';
import { QuotaReader, type QuotaReading } from './quota-lookup/quota-reader.ts';
import type { ReconcilePayload } from './reconciliation/reconcile-job.ts';
import { Reconciler } from './reconciliation/reconciliations.ts';
import type { RedisClient } from './redis/connect.ts';
import { reportConsent } from './release-check/consent-step.ts';
import type { RehearsalPayload } from './release-check/rehearsal-job.ts';
import type { ReleaseCheckPayload } from './release-check/release-check-job.ts';
import { runRehearsal } from './release-check/run-rehearsal.ts';
import { useCheckCode } from './release-check/use-code.ts';
import type { RefreshOutcome } from './token/refresh.ts';
import type { TokenOwner } from './token/token.ts';

const HAND_OVER_TIMEOUT_MS = FORMAT_SETTLES_MS + 1_000;

/** What the worker does: one function for each kind of job, and what runs beside the queues. */
export interface Work {
  refresh(owner: TokenOwner, signal: AbortSignal): Promise<RefreshOutcome>;
  /** Waits for a trusted token as a call does. Throws Failure `token_not_ready`, or the recorded cause. */
  awaitToken(owner: TokenOwner, waitMs: number): Promise<AwaitedToken>;
  performCall(call: CallPayload, signal: AbortSignal): Promise<CallRunResult>;
  /** Starts sending interactive calls in this process. */
  sendInline(concurrency: number): { close(withinMs: number): Promise<void> };
  /** Starts sending background calls in this process, at most so many of one account at the same time. */
  openLanes(concurrency: number): { close(withinMs: number): Promise<void> };
  /** One batch of an account's background calls, after `openLanes`. */
  runLaneBatch(lane: LaneOwner, signal: AbortSignal): Promise<void>;
  /** Reports to a business program how its call ended. Throws Failure `callback_failed` if it has to be tried again. */
  deliverCallback(
    id: string,
    run: { readonly slots: number; readonly tries: number },
    signal: AbortSignal,
  ): Promise<CallbackResult>;
  /** One batch of a subscription's deliveries. */
  runDeliveryBatch(subscription: string, signal: AbortSignal): Promise<JobDisposition>;
  /** A few seconds of a replay. */
  runReplaySlice(id: string, signal: AbortSignal): Promise<JobDisposition>;
  sendLateReply(payload: LateReplyPayload): Promise<JobDisposition>;
  /** `job`: the id of the push's job. */
  handlePush(payload: PushPayload, job: string | undefined): Promise<void>;
  /** What follows after WeChat pushed the code of its release check. */
  useCheckCode(payload: ReleaseCheckPayload, signal: AbortSignal): Promise<JobDisposition>;
  /** Acts as WeChat towards this deployment. */
  rehearse(payload: RehearsalPayload, signal: AbortSignal): Promise<JobDisposition>;
  authorize(payload: AuthorizationPayload, run: AuthorizationRun): Promise<AuthorizationOutcome | 'no-token'>;
  readProfile(payload: ProfilePayload): Promise<void>;
  runErasure(payload: ErasurePayload, signal: AbortSignal): Promise<JobDisposition>;
  reconcile(payload: ReconcilePayload, signal: AbortSignal): Promise<JobDisposition>;
  runSyncSlice(id: string, signal: AbortSignal): Promise<SliceResult>;
  readQuota(pair: QuotaPair, signal: AbortSignal): Promise<QuotaReading>;
  appendQuotaEvent(event: QuotaEvent): Promise<void>;
  /** For how long (ms) the token or ticket that has been due longest waits to be claimed; 0: none is due. */
  overdueMs(): Promise<number>;
  /** Whether the database is unreachable, by the last check. */
  isDatabaseOut(): boolean;
  startMaintenance(): { close(): Promise<void> };
  /** Of this process, among those of the deployment. */
  readonly processId: string;
  /** At the beginning of a shutdown. */
  announceClosing(): Promise<void>;
  /** Moves pushes from the stream into the journal, whenever no other process does. */
  startJournaler(): { close(timeoutMs: number): Promise<void> };
  /** For the commands of all workers of BullMQ. */
  readonly redis: RedisClient;
  /** A connection in which one of them waits for jobs; the caller closes it. */
  connectWaiting(name: string): RedisClient;
}

/** A token without its value, which belongs to the transport. */
export interface AwaitedToken {
  readonly version: number;
  /** Reports that WeChat has refused it at this path. */
  refused(path: string): Promise<void>;
}

/** `services`: those on the blocking connection. */
export function openWorkerFace(
  foundation: Foundation,
  shared: Shared,
  queues: OpenQueues,
  services: Services,
  { calls, run, inline }: OpenCalls,
  { deliveries, replies }: { readonly deliveries: OpenDeliveries; readonly replies: OpenReplies },
): Work {
  const { settings, events, seals, components, database, followerWriter, presence, connections } = foundation;
  const { transport, apiBase, hostGate } = shared;
  const { redis, api, tokens, tickets, ledger, refreshAhead, authorizerStore, links, linkStore, codes } = services;
  const { authorizerNotices, lanes, callbacks, followerStore, followerSyncStore, reconcileRequests, syncSchedules } =
    services;

  const profiles = new Profiles({
    api,
    tokens,
    store: authorizerStore,
    refreshAhead,
    notices: authorizerNotices,
    events,
  });
  // What it appends is in Redis already, as a job; so it neither waits for a replica nor needs memory.
  const jobStream = new PushStream(redis, { events, awaitsReplica: false, usedMemoryShare: () => 0 });
  const authorizations = new Authorizations({
    redis,
    api,
    tokens,
    store: authorizerStore,
    refreshAhead,
    codes,
    profiles,
    links,
    notices: authorizerNotices,
    events,
  });
  const reconciler = new Reconciler({
    sql: database,
    api,
    tokens,
    store: services.reconciliationStore,
    authorizers: authorizerStore,
    profiles,
    events,
  });
  const quotaReader = new QuotaReader({ ledger, tokens, transport, apiBase, events });

  const performCall = async ({ id, expected }: CallPayload, signal: AbortSignal): Promise<CallRunResult> => {
    const performed = await perform(id, signal, run, expected);
    // Before the job is finished or the call leaves its lane: if this process dies here, another one repeats it.
    if (performed.done && performed.hasCallback) {
      await callbacks.enqueue({ id, corrected: performed.corrected === true });
    }
    publishRun(events, id, performed, { isInline: false, recorded: true });
    return performed;
  };

  const laneRunner = new LaneRunner({
    store: new LaneStore(redis),
    former: new FormerLaneStore(redis),
    lanes,
    gate: hostGate,
    perform: (id, signal) => performCall({ id }, signal),
    failed: (error) => {
      events.publish('job', {
        queue: 'lanes',
        what: 'failed',
        job: undefined,
        attempts: undefined,
        ...errorReport(error),
      });
    },
  });

  return {
    refresh: (owner, signal) => tokens.refresh(owner, signal),
    async awaitToken(owner, waitMs) {
      const token = await tokens.get(owner, waitMs);
      return { version: token.version, refused: async (path) => void (await tokens.distrust(token, path)) };
    },
    performCall,
    sendInline: (concurrency) => inline.open({ concurrency }),
    openLanes(concurrency) {
      const open = laneRunner.open({ concurrency });
      const moveForOlder = () => Promise.all(components.all().map(({ appid }) => lanes.moveForOlder(appid)));
      return {
        async close(withinMs) {
          const noticing = redis.status === 'ready' ? inTime(untilOlderIsNoticed(lanes)) : undefined;
          await Promise.all([open.close(withinMs), noticing]);
          if (redis.status === 'ready') await inTime(moveForOlder());
        },
      };
    },
    runLaneBatch: (lane, signal) => laneRunner.runBatch(lane, signal),
    deliverCallback: (id, delivery, signal) => callbacks.deliver(id, delivery, signal),
    runDeliveryBatch: (subscription, signal) => deliveries.batches.run(subscription, signal),
    runReplaySlice: (id, signal) => deliveries.runReplaySlice(id, signal),
    sendLateReply: (payload) => replies.late.run(payload),
    handlePush: (payload, job) =>
      handlePush(payload, job, {
        components,
        tickets,
        tokens,
        codes,
        links,
        linkStore,
        profiles,
        notices: authorizerNotices,
        redis,
        seals,
        stream: jobStream,
        reportConsent: (consent) => reportConsent(consent, { redis, authorizers: authorizerStore }),
        events,
      }),
    authorize: (payload, attempt) => authorizations.exchange(payload, attempt),
    useCheckCode: (payload, signal) =>
      useCheckCode(payload, signal, { redis, seals, codes, authorizers: authorizerStore, calls }),
    rehearse: (payload, signal) =>
      runRehearsal(payload, signal, {
        redis,
        seals,
        store: services.releaseCheckStore,
        components,
        tickets,
        tokens,
        api,
        arrivals: new PushArrivals(redis),
        codeJobs: queues['release-checks'],
        events,
      }),
    readProfile: (payload) => profiles.work(payload),
    runErasure: (payload, signal) => services.erasures.run(payload, signal),
    reconcile: ({ id }, signal) => reconciler.work(id, signal),
    runSyncSlice: (id, signal) =>
      runSyncSlice(id, signal, {
        sql: database,
        followers: followerStore,
        syncs: followerSyncStore,
        refreshAhead,
        writer: followerWriter,
        tokens,
        ledger,
        transport,
        apiBase,
        events,
      }),
    readQuota: (pair, signal) => quotaReader.read(pair, signal),
    appendQuotaEvent: (event) => services.quotaEvents.append(event),
    async overdueMs() {
      const each = components.all().map(({ appid }) => refreshAhead.overdueMs(appid));
      return Math.max(0, ...(await Promise.all(each)));
    },
    isDatabaseOut: () => foundation.outage.isOut,
    startMaintenance() {
      const beats = hostGate.keepBeating(components.all().map(({ appid }) => appid));
      const maintenance = startMaintenance({
        isOurs: () => presence.failure === undefined,
        isDatabaseOut: () => foundation.outage.isOut,
        redis,
        components,
        redisAge: new RedisAge(redis, database),
        tickets,
        tokens,
        authorizerStore,
        refreshAhead,
        lanes,
        api,
        retention: {
          removal: services.pushRemoval,
          erasures: services.erasures,
          pushDays: settings.pushDays,
          followerDaysAfterRevocation: settings.followerDaysAfterRevocation,
        },
        reconcile: reconcileRequests,
        linkStore,
        askForProfile: (payload) => queues.profiles.add(payload),
        followerSyncs: followerSyncStore,
        syncSchedules,
        releaseChecks: services.releaseChecks,
        deliveries,
        wakeReplay: (id) => queues.replays.add({ id }),
        wakeFollowerSync: (id) => queues['follower-syncs'].add({ id }),
        events,
      });
      return {
        async close() {
          await Promise.all([maintenance.close(), beats.close()]);
        },
      };
    },
    processId: presence.id,
    announceClosing: () => presence.announceClosing(),
    startJournaler: () => startJournaler(foundation, shared, queues, services, deliveries),
    redis,
    connectWaiting: (name) => connections.open('waiting', name),
  };
}

/**
 * The last worker of this version ends beside an older process. Other processes append to lanes of the current format until they have
 * noticed the older one, and no worker would find what they append.
 */
async function untilOlderIsNoticed(lanes: Lanes): Promise<void> {
  if (await lanes.isLastBeforeOlder()) await pause(FORMAT_SETTLES_MS);
}

/** What does not move in time is found by a later process of this version. */
async function inTime(work: Promise<unknown>): Promise<void> {
  await withDeadline(work, HAND_OVER_TIMEOUT_MS, () => new Error('no answer')).catch(() => {});
}
