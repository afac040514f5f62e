import type { Queue } from 'bullmq';
import type { Alarms } from './alarm/alarms.ts';
import type { AccountNames } from './authorizer/account-names.ts';
import { AuthorizerOptions } from './authorizer/authorizer-options.ts';
import type { Authorizers } from './authorizer/authorizers.ts';
import { JsTickets } from './authorizer/js-tickets.ts';
import { CallList } from './call/call-list.ts';
import type { Calls } from './call/calls.ts';
import { QuotaClearing } from './call/clear-quotas.ts';
import type { FailedCalls } from './call/failed-calls.ts';
import { LaneViews } from './call/lane/lane-view.ts';
import { ActivityHistories } from './component/activity-history.ts';
import { ActivityStore, type PushActivity } from './component/activity-store.ts';
import { PushArrivals } from './component/push-arrivals.ts';
import { type ComponentStatus, componentStatus, refuseUnlessReady } from './component/status.ts';
import type { AuthorizationLinks } from './consent/authorization-links.ts';
import { CodeExchange } from './consent/code-exchange.ts';
import { Consents } from './consent/consents.ts';
import type { ComponentTickets } from './delivery/component-tickets.ts';
import type { Deliveries } from './delivery/deliveries.ts';
import type { DeliveryTests } from './delivery/delivery-tests.ts';
import type { VirtualCodes } from './delivery/format/virtual-code.ts';
import type { Replays } from './delivery/replays.ts';
import type { SubscriptionPauses } from './delivery/subscription-pauses.ts';
import { liveProcesses } from './deployment/live-processes.ts';
import { workersAmong } from './deployment/older-processes.ts';
import { listProcesses, type ProcessView } from './deployment/process-list.ts';
import { readNonce } from './doctor/nonces.ts';
import type { CheckResult } from './doctor/run-doctor.ts';
import type { Events } from './events.ts';
import { FollowerStore } from './follower/follower-store.ts';
import { FollowerSyncs } from './follower/follower-syncs.ts';
import { Followers } from './follower/followers.ts';
import type { Health } from './health.ts';
import { isOlderLive } from './journal/stream-serving.ts';
import type { ApiKeys } from './key/api-keys.ts';
import { type Actor, Audit } from './key/audit.ts';
import type { OpenCalls } from './open-calls.ts';
import type { OpenDeliveries } from './open-deliveries.ts';
import { type RunningDoctorInput, sharedExamination } from './open-doctor.ts';
import type { Foundation } from './open-foundation.ts';
import type { OpenQueues } from './open-queues.ts';
import type { OpenReplies } from './open-replies.ts';
import type { Services, Shared } from './open-services.ts';
import { OperatorSessions } from './operator/operator-sessions.ts';
import { SignInAttempts } from './operator/sign-in-attempts.ts';
import { AccountActivities } from './overview/account-activity.ts';
import { ComponentViews } from './overview/component-views.ts';
import { PushIntake } from './push/accept.ts';
import type { ErasureRequest } from './push/erasures.ts';
import { JournalReader } from './push/journal-reader.ts';
import { PushStream } from './push/push-stream.ts';
import type { ReplyRequests } from './push/reply/reply-requests.ts';
import { StreamGate } from './push/stream-gate.ts';
import { streamStatus } from './push/stream-status.ts';
import { type QueueState, readQueueState } from './queue/queue-state.ts';
import type { QuotaEvents } from './quota/quota-events.ts';
import { Quotas } from './quota/quotas.ts';
import type { ReconcileRequests } from './reconciliation/reconciliations.ts';
import type { RedisClient } from './redis/connect.ts';
import { describeServers, type RedisDescription } from './redis/describe-servers.ts';
import { type RedisServers, readServers } from './redis/read-servers.ts';
import { clockAheadMs } from './redis/redis-time.ts';
import { pingMasters, type Reachability } from './redis/servers.ts';
import { Rehearsals } from './release-check/rehearsals.ts';
import type { ReleaseChecks } from './release-check/release-checks.ts';
import { ReleaseCheckResponder } from './release-check/responder.ts';
import type { Scope } from './scope.ts';
import type { SubscriptionState } from './subscription/subscription.ts';
import { Subscriptions } from './subscription/subscriptions.ts';
import { RefusedAddresses } from './token/refused-addresses.ts';
import type { UserTokens } from './user-token/user-tokens.ts';

const DAY_MS = 24 * 60 * 60_000;

/** What the gateway uses of the platform. */
export interface GatewayFace {
  readonly events: Pick<Events, 'publish'>;
  readonly pushes: Pick<PushIntake, 'accept' | 'echo'>;
  readonly replies: Pick<ReplyRequests, 'find' | 'reply'>;
  readonly journal: Pick<JournalReader, 'list' | 'find'>;
  /** Throws Failure `unknown_authorizer`, `ambiguous_component`. */
  requestErasure(request: ErasureRequest, actor: Actor): Promise<'running' | 'completed'>;
  readonly calls: Pick<Calls, 'run' | 'submitAll' | 'find' | 'detail' | 'cancel'>;
  readonly callList: Pick<CallList, 'page'>;
  readonly failedCalls: Pick<FailedCalls, 'page'>;
  readonly quotas: Pick<Quotas, 'list'>;
  readonly quotaClearing: Pick<QuotaClearing, 'ofAccount' | 'ofComponent'>;
  readonly quotaEvents: Pick<QuotaEvents, 'end' | 'after'>;
  readonly apiKeys: Pick<ApiKeys, 'recognize' | 'find' | 'nameOf' | 'namesOf' | 'admit' | 'create' | 'list' | 'revoke'>;
  readonly audit: Pick<Audit, 'note' | 'list'>;
  /** Of the console. */
  readonly operatorSessions: Pick<OperatorSessions, 'start' | 'find' | 'end'>;
  readonly signInAttempts: Pick<SignInAttempts, 'take' | 'giveBack'>;
  /** Users who logged in through this deployment. */
  readonly userTokens: Pick<UserTokens, 'find'>;
  readonly authorizers: Pick<
    Authorizers,
    'countActive' | 'find' | 'findActive' | 'list' | 'totals' | 'history' | 'consenting' | 'findByHandle' | 'setHandle'
  >;
  readonly accountNames: Pick<AccountNames, 'of'>;
  readonly accountActivities: Pick<AccountActivities, 'of'>;
  readonly laneViews: Pick<LaneViews, 'find'>;
  readonly componentViews: Pick<ComponentViews, 'all' | 'find'>;
  readonly authorizerOptions: Pick<AuthorizerOptions, 'get' | 'set'>;
  /** Signatures for web pages, and what they are made with. */
  readonly jsTickets: Pick<JsTickets, 'sign' | 'get'>;
  readonly authorizationLinks: Pick<AuthorizationLinks, 'create' | 'find' | 'list'>;
  readonly consents: Pick<Consents, 'start' | 'comeBack' | 'createPreAuthCode'>;
  readonly codeExchange: Pick<CodeExchange, 'run'>;
  /** Authorization codes of ours, which receivers of format `wechat-component` get instead of WeChat's. */
  readonly virtualCodes: Pick<VirtualCodes, 'read'>;
  readonly releaseChecks: Pick<ReleaseChecks, 'find' | 'list'>;
  readonly rehearsals: Pick<Rehearsals, 'start' | 'consoleSettings'>;
  readonly reconciliations: Pick<ReconcileRequests, 'begin' | 'find' | 'list'>;
  /** Appids of the components that this deployment runs. */
  readonly components: readonly string[];
  /** Throws NotReadyFailure unless the component can act now. */
  demandReady(component: string): Promise<void>;
  readonly followers: Pick<Followers, 'list' | 'stream' | 'counts' | 'growth'>;
  readonly followerSyncs: Pick<
    FollowerSyncs,
    'start' | 'find' | 'list' | 'listAll' | 'pause' | 'resume' | 'cancel' | 'schedule' | 'setSchedule' | 'dropSchedule'
  >;
  readonly subscriptions: Pick<Subscriptions, 'create' | 'find' | 'list' | 'change' | 'delete' | 'rotateSecrets'>;
  /** Tickets of ours for receivers of format `wechat-component`. */
  readonly componentTickets: Pick<ComponentTickets, 'request'>;
  readonly subscriptionPauses: Pick<SubscriptionPauses, 'pauseManually' | 'resume'>;
  readonly deliveries: Pick<
    Deliveries,
    'backlog' | 'nextAttemptAt' | 'list' | 'find' | 'retry' | 'findPush' | 'matching' | 'replayPush'
  >;
  readonly deliveryTests: Pick<DeliveryTests, 'run'>;
  readonly replays: Pick<Replays, 'start' | 'find' | 'cancel' | 'wake'>;
  /** How many subscriptions are in each state. */
  subscriptionCounts(): Readonly<Record<SubscriptionState, number>>;
  status(): Promise<PlatformStatus>;
  readonly alarms: Pick<Alarms, 'list' | 'channels' | 'test'>;
  /** Counts over all processes. */
  readonly activity: Pick<ActivityStore, 'add' | 'lastMinutes'>;
  readonly activityHistories: Pick<ActivityHistories, 'read'>;
  /** Every queue with a sentence about it. */
  readonly queues: readonly { readonly queue: Queue; readonly description: string }[];
  /** Of the deployment. */
  processes(): Promise<readonly ProcessView[]>;
  /** What every queue and the stream of pushes contain, and how many processes work on them. */
  queueStates(): Promise<readonly (QueueState & { readonly name: string; readonly description: string })[]>;
  liveWorkers(): Promise<number>;
  /** Never rejects. */
  health(): Promise<Health>;
  /** Examines the whole deployment from this process (doctor/). Never rejects. */
  examine(input: RunningDoctorInput): Promise<readonly CheckResult[]>;
  /** What a gateway answers the doctor with, by the id of its nonce; undefined: there is none. */
  doctorNonce(id: string): Promise<string | undefined>;
  /** Which servers of Redis accept writes now. Never rejects. */
  redisServers(): Promise<Reachability>;
  describeRedis(): Promise<RedisDescription>;
  /** Masters and replicas with their state. Never rejects. */
  redisState(): Promise<RedisServers>;
  /** How far this host's clock is ahead of Redis' (ms; negative: behind). */
  clockAheadMs(): Promise<number>;
}

export interface PushStreamStatus {
  /** Entries that are accepted and not journaled yet, and the age of the oldest. */
  readonly waiting: number;
  readonly oldestMs: number;
  /** Entries that could not be journaled. */
  readonly bad: number;
  /** False: pushes go through the queue, since a process of an older version is live. */
  readonly stream: boolean;
}

export interface PlatformStatus {
  readonly pushes: PushStreamStatus;
  /** All components are ready. */
  readonly ready: boolean;
  readonly components: readonly (ComponentStatus & { readonly pushes: PushActivity })[];
}

/** `services`: those on the fail-fast connection. The scope closes what is opened here. */
export function openGatewayFace(
  foundation: Foundation,
  shared: Shared,
  queues: OpenQueues,
  services: Services,
  { calls, failedCalls, accounts, authorizers }: OpenCalls,
  { deliveries, replies }: { readonly deliveries: OpenDeliveries; readonly replies: OpenReplies },
  scope: Scope,
): Omit<GatewayFace, 'health' | 'alarms'> {
  const { settings, seals, components, database, replica, followerWriter } = foundation;
  const { redis, api, tokens, refreshAhead, tickets, tokenStore, ledger, links, linkStore, callStore } = services;
  const { authorizerStore, codes, clears, quotaEvents, reconcileRequests } = services;

  const exchange = new CodeExchange(codes, components);
  const releaseCheck = new ReleaseCheckResponder({ redis, seals, queue: queues['release-checks'] });
  const announceAppending = (appends: boolean) => foundation.presence.announceAppending(appends);
  const gate = scope.keep('stream gate', new StreamGate(redis, queues.pushes.queue, announceAppending), (g) =>
    g.close(),
  );
  const stream = new PushStream(foundation.intakeRedis, {
    events: foundation.events,
    awaitsReplica: true,
    usedMemoryShare: () => gate.server.usedMemoryShare,
  });
  scope.keep('push stream', stream, (s) => s.close());
  const activity = new ActivityStore(redis);
  const audit = new Audit(database);
  const quotas = new Quotas(ledger, accounts);
  const arrivals = scope.keep('push arrivals', new PushArrivals(redis), (a) => a.flush());
  return {
    events: foundation.events,
    pushes: new PushIntake({
      redis,
      components,
      queue: queues.pushes,
      stream,
      gate,
      releaseCheck,
      replies: replies.passive,
      arrivals,
      events: foundation.events,
      retentionMs: settings.pushDays * DAY_MS,
    }),
    replies: replies.requests,
    journal: new JournalReader({
      store: services.pushStore,
      persons: services.persons,
      components,
      authorizers: authorizerStore,
      deliveries: shared.deliveryStore,
    }),
    requestErasure: (request, actor) => services.erasures.request(request, actor, { authorizers, audit }),
    calls,
    callList: new CallList(redis, accounts, callStore, ledger),
    failedCalls,
    quotas,
    quotaClearing: new QuotaClearing({ api, components, accounts, calls, clears, tokenStore }),
    quotaEvents,
    apiKeys: foundation.apiKeys,
    userTokens: services.userTokens,
    audit,
    operatorSessions: new OperatorSessions(redis),
    signInAttempts: new SignInAttempts(redis),
    authorizers,
    accountNames: services.accountNames,
    accountActivities: new AccountActivities(redis, services.pushStore),
    laneViews: new LaneViews(redis, authorizers),
    componentViews: new ComponentViews({
      components,
      status: (component) => componentStatus(redis, tickets, tokenStore, arrivals, component),
      activity,
      refused: new RefusedAddresses(redis),
      quotas,
      reconciliations: services.reconciliationStore,
    }),
    authorizerOptions: new AuthorizerOptions({ api, authorizers }),
    jsTickets: new JsTickets({ redis, authorizers, tokens, ledger, refreshAhead }),
    authorizationLinks: links,
    consents: new Consents({
      redis,
      api,
      bases: settings.wechat,
      components,
      seals,
      links,
      linkStore,
      authorizers: authorizerStore,
      codes,
      exchange,
    }),
    codeExchange: exchange,
    virtualCodes: shared.virtualCodes,
    releaseChecks: services.releaseChecks,
    rehearsals: new Rehearsals({ redis, components, store: services.releaseCheckStore, queue: queues.rehearsals }),
    reconciliations: reconcileRequests,
    components: components.all().map(({ appid }) => appid),
    demandReady: (component) => refuseUnlessReady(redis, component),
    followers: new Followers(authorizers, new FollowerStore(replica, followerWriter)),
    followerSyncs: new FollowerSyncs({
      redis,
      components,
      authorizers,
      tokens,
      store: services.followerSyncStore,
      schedules: services.syncSchedules,
      queue: queues['follower-syncs'],
    }),
    subscriptions: new Subscriptions({
      redis,
      store: shared.subscriptionStore,
      sender: shared.outbound,
      wake: (id) => deliveries.requests.due.wake([id]),
      isOlderLive: () => isOlderLive(redis, queues.pushes.queue),
      components: components.all().map(({ appid }) => appid),
      retentionMs: settings.pushDays * DAY_MS,
    }),
    componentTickets: deliveries.requests.tickets,
    subscriptionPauses: deliveries.requests.pauses,
    deliveries: deliveries.requests.deliveries,
    deliveryTests: deliveries.requests.tests,
    replays: deliveries.requests.replays,
    subscriptionCounts: () => shared.subscriptionSnapshot.counts(),
    async status() {
      const [all, pushes] = await Promise.all([
        Promise.all(
          components.all().map(async ({ appid }) => ({
            ...(await componentStatus(redis, tickets, tokenStore, arrivals, appid)),
            pushes: await activity.read(appid),
          })),
        ),
        streamStatus(redis),
      ]);
      return { ready: all.every((c) => c.ready), pushes: { ...pushes, stream: gate.isOpen }, components: all };
    },
    activity,
    activityHistories: new ActivityHistories(activity, components),
    queues: Object.values(queues).map(({ queue, contract }) => ({ queue, description: contract.description })),
    processes: () => listProcesses(redis),
    queueStates: () => readQueueStates(queues, redis),
    async liveWorkers() {
      return workersAmong(await liveProcesses(redis)).filter(({ closing }) => !closing).length;
    },
    redisState: () => readServers(redis),
    examine: sharedExamination(settings),
    doctorNonce: (id) => readNonce(redis, id),
    redisServers: () => pingMasters(foundation.blockingRedis),
    describeRedis: () => describeServers(foundation.blockingRedis),
    clockAheadMs: () => clockAheadMs(foundation.blockingRedis),
  };
}

/** Pushes of messages are in no queue, but operators watch their stream as one. */
const PUSH_STREAM = { name: 'push-stream', description: 'accepted pushes, until they are in the journal' };

async function readQueueStates(queues: OpenQueues, redis: RedisClient) {
  const [states, { waiting, oldestMs }] = await Promise.all([
    Promise.all(
      Object.values(queues).map(async ({ queue, contract }) => ({
        name: contract.queue,
        description: contract.description,
        ...(await readQueueState(queue)),
      })),
    ),
    streamStatus(redis),
  ]);
  const stream = { waiting, active: 0, delayed: 0, failed: 0, oldestMs: waiting > 0 ? oldestMs : null };
  return [{ ...PUSH_STREAM, ...stream }, ...states];
}
