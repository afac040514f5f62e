import { failOver, openComponentApi, openTransport } from '@wxthirdparty/wechat';
import type { Queue } from 'bullmq';
import { sql } from 'kysely';
import { AuthorizerOptions } from './authorizer/authorizer-options.ts';
import { AuthorizerStore } from './authorizer/authorizer-store.ts';
import { authorizerTokenKind } from './authorizer/authorizer-token.ts';
import { Authorizers } from './authorizer/authorizers.ts';
import type { ProfilePayload } from './authorizer/profile-job.ts';
import { Profiles } from './authorizer/profiles.ts';
import { tokenEffects } from './authorizer/token-effects.ts';
import { CallAccounts } from './call/call-accounts.ts';
import { CallList } from './call/call-list.ts';
import { CallStore } from './call/call-store.ts';
import { Calls } from './call/calls.ts';
import { QuotaClearing } from './call/clear-quotas.ts';
import { Holds } from './call/holds.ts';
import { InlineDispatcher } from './call/inline/inline-dispatch.ts';
import { type LaneOwner, LaneStore } from './call/lane/lane-store.ts';
import { Lanes } from './call/lane/lanes.ts';
import { runLaneBatch } from './call/lane/run-lane-batch.ts';
import { LocalWaiters } from './call/local-waiters.ts';
import { perform } from './call/perform.ts';
import { publishRun } from './call/publish-run.ts';
import type { CallRunResult, RunDeps } from './call/run.ts';
import { type CallbackResult, Callbacks } from './callback/callbacks.ts';
import { type ComponentApiWith, componentCarrier } from './component/component-carrier.ts';
import { componentTokenKind } from './component/component-token.ts';
import { type ComponentSettings, Components } from './component/components.ts';
import { PushArrivals } from './component/push-arrivals.ts';
import { publishReadiness } from './component/readiness.ts';
import { type ComponentStatus, componentStatus } from './component/status.ts';
import { Tickets } from './component/ticket.ts';
import { AuthorizationLinks } from './consent/authorization-links.ts';
import { type AuthorizationRun, Authorizations } from './consent/authorize.ts';
import type { AuthorizationPayload } from './consent/authorize-job.ts';
import { type AuthorizationOutcome, CodeIntake } from './consent/code-intake.ts';
import { CodeTies } from './consent/code-ties.ts';
import { Consents } from './consent/consents.ts';
import { LinkStore } from './consent/link-store.ts';
import { migrateOpen } from './database/migrate.ts';
import { openDatabase } from './database/open.ts';
import { Deployment } from './deployment/deployment.ts';
import type { ProcessRole } from './deployment/live-processes.ts';
import { Presence } from './deployment/presence.ts';
import { Events } from './events.ts';
import { FollowerStore } from './follower/follower-store.ts';
import { FollowerSyncStore } from './follower/follower-sync-store.ts';
import { FollowerSyncs } from './follower/follower-syncs.ts';
import { FollowerWriter } from './follower/follower-writer.ts';
import { Followers } from './follower/followers.ts';
import { SyncSchedules } from './follower/sync-schedules.ts';
import { runSyncSlice, type SliceResult } from './follower/sync-slice.ts';
import { type Health, healthProbe, watchHealth } from './health.ts';
import { ApiKeys } from './key/api-keys.ts';
import { Audit } from './key/audit.ts';
import { KeyStore } from './key/key-store.ts';
import { startWatch } from './maintenance/maintenance.ts';
import { openQueues } from './open-queues.ts';
import { PushIntake } from './push/accept.ts';
import { handlePush } from './push/handle.ts';
import type { PushPayload } from './push/push-job.ts';
import type { JobDisposition } from './queue/job.ts';
import { Clears } from './quota/clears.ts';
import { Ledger, type QuotaPair } from './quota/ledger.ts';
import { type QuotaEvent, QuotaEvents } from './quota/quota-events.ts';
import { Quotas } from './quota/quotas.ts';
import { isReadable, QuotaReader, type QuotaReading } from './quota-lookup/quota-reader.ts';
import type { ReconcilePayload } from './reconciliation/reconcile-job.ts';
import { claimScheduledRun } from './reconciliation/reconcile-schedule.ts';
import { ReconciliationStore } from './reconciliation/reconciliation-store.ts';
import { ReconcileRequests, Reconciler } from './reconciliation/reconciliations.ts';
import { connectRedis, type RedisClient, type RedisSettings, refuseCommands, untilConnected } from './redis/connect.ts';
import { Hints } from './redis/hints.ts';
import { openLeases } from './redis/lease.ts';
import { clockAheadMs } from './redis/redis-time.ts';
import { Scope } from './scope.ts';
import { Seals } from './sealing/seals.ts';
import { HostGate } from './token/host-gate.ts';
import type { RefreshOutcome } from './token/refresh.ts';
import { RefreshAhead } from './token/refresh-ahead.ts';
import type { TokenOwner } from './token/token.ts';
import { TokenCache } from './token/token-cache.ts';
import type { TokenKinds, TokenSource } from './token/token-kind.ts';
import { TokenStore } from './token/token-store.ts';
import { Tokens } from './token/tokens.ts';
import { WebhookSender } from './webhook/webhook-sender.ts';
import { CallbackSigner } from './webhook/webhook-signer.ts';

const CONNECT_TIMEOUT_MS = 10_000;
/** A slow WeChat costs waiting; giving it up costs a mint of which nobody knows the outcome, and a minute's backoff. */
const COMPONENT_API_TIMEOUT_MS = 20_000;

export interface PlatformSettings extends RedisSettings {
  /** What this process does, for the others to see. */
  readonly roles: readonly ProcessRole[];
  /** `sqlite:/absolute/path` or `mysql://user:password@host/database`. */
  readonly databaseUrl: string;
  /** A replica that lists are read from; it may lag behind. */
  readonly databaseReadUrl?: string | undefined;
  /** 32 bytes each; the first seals, all open. */
  readonly secretsKeys: readonly Buffer[];
  readonly components: readonly ComponentSettings[];
  readonly wechat: {
    /** One and the same API on several hosts: the first is preferred. At least one. */
    readonly apiBases: readonly string[];
    readonly mpBase: string;
    readonly openBase: string;
    readonly proxy?: string | undefined;
  };
}

/** What the gateway and the worker stand on. */
export interface Platform {
  readonly pushes: Pick<PushIntake, 'accept' | 'echo'>;
  readonly calls: Pick<Calls, 'run' | 'submitAll' | 'find' | 'cancel'>;
  readonly callList: Pick<CallList, 'page'>;
  readonly quotas: Pick<Quotas, 'list'>;
  readonly quotaClearing: Pick<QuotaClearing, 'ofAccount' | 'ofComponent'>;
  readonly quotaEvents: Pick<QuotaEvents, 'end' | 'after'>;
  readonly apiKeys: Pick<ApiKeys, 'recognize' | 'find' | 'admit' | 'create' | 'list' | 'revoke'>;
  readonly audit: Pick<Audit, 'note' | 'list'>;
  readonly authorizers: Pick<Authorizers, 'countActive' | 'find' | 'findActive' | 'list' | 'history'>;
  readonly authorizerOptions: Pick<AuthorizerOptions, 'get' | 'set'>;
  readonly authorizationLinks: Pick<AuthorizationLinks, 'create' | 'find'>;
  readonly consents: Pick<Consents, 'leave' | 'comeBack'>;
  readonly reconciliations: Pick<ReconcileRequests, 'begin' | 'find'>;
  /** Appids of the components that this deployment runs. */
  readonly components: readonly string[];
  readonly followers: Pick<Followers, 'list' | 'stream' | 'counts' | 'growth'>;
  readonly followerSyncs: Pick<
    FollowerSyncs,
    'start' | 'find' | 'list' | 'pause' | 'resume' | 'cancel' | 'schedule' | 'setSchedule' | 'dropSchedule'
  >;
  status(): Promise<PlatformStatus>;
  /** Everything that this process publishes. */
  readonly events: Events;
  /** Every queue with a sentence about it. */
  readonly queues: readonly { readonly queue: Queue; readonly description: string }[];
  /** Never rejects. */
  health(): Promise<Health>;
  /** How far this host's clock is ahead of Redis' (ms; negative: behind). */
  clockAheadMs(): Promise<number>;
  /** What the worker's processors do, one function for each job. */
  readonly work: Work;
  close(): Promise<void>;
}

export interface Work {
  refresh(owner: TokenOwner, signal: AbortSignal): Promise<RefreshOutcome>;
  /** Waits for a trusted token as a call does. Throws Failure `token_not_ready`, or the recorded cause. */
  awaitToken(owner: TokenOwner, waitMs: number): Promise<AwaitedToken>;
  performCall(id: string, signal: AbortSignal): Promise<CallRunResult>;
  /** Starts sending interactive calls in this process. */
  sendInline(concurrency: number): { close(withinMs: number): Promise<void> };
  /** One batch of an account's background calls. */
  runLaneBatch(lane: LaneOwner, signal: AbortSignal): Promise<void>;
  /** Reports to a business program how its call ended. Throws Failure `callback_failed` if it has to be tried again. */
  deliverCallback(
    id: string,
    run: { readonly slots: number; readonly tries: number },
    signal: AbortSignal,
  ): Promise<CallbackResult>;
  /** `job`: the id of the push's job. */
  handlePush(payload: PushPayload, job: string | undefined): Promise<void>;
  authorize(payload: AuthorizationPayload, run: AuthorizationRun): Promise<AuthorizationOutcome>;
  readProfile(payload: ProfilePayload): Promise<void>;
  reconcile(payload: ReconcilePayload, signal: AbortSignal): Promise<JobDisposition>;
  runSyncSlice(id: string, signal: AbortSignal): Promise<SliceResult>;
  readQuota(pair: QuotaPair, signal: AbortSignal): Promise<QuotaReading>;
  appendQuotaEvent(event: QuotaEvent): Promise<void>;
  startMaintenance(): { close(): Promise<void> };
  /** A connection as BullMQ's workers want it; whoever asks closes it. */
  connect(name: string): RedisClient;
}

/** Of a token all but its value, which is the transport's alone. */
export interface AwaitedToken {
  readonly version: number;
  /** Reports that WeChat has refused it at this path. */
  refused(path: string): Promise<void>;
}

export interface PlatformStatus {
  /** All components are ready. */
  readonly ready: boolean;
  readonly components: readonly ComponentStatus[];
}

/** Opens all; what fails on the way closes what was opened before. */
export async function openPlatform(settings: PlatformSettings): Promise<Platform> {
  const scope = new Scope();
  try {
    return await open(settings, scope);
  } catch (error) {
    await scope.close().catch(() => {});
    throw error;
  }
}

async function open(settings: PlatformSettings, scope: Scope): Promise<Platform> {
  const events = new Events();
  const seals = new Seals(settings.secretsKeys);
  const components = new Components(settings.components);

  const database = scope.keep('database', openDatabase(settings.databaseUrl), (d) => d.destroy());
  await migrateOpen(database);
  const { databaseReadUrl } = settings;
  const replica = databaseReadUrl
    ? scope.keep('read replica', openDatabase(databaseReadUrl), (d) => d.destroy())
    : database;
  const writer = scope.keep('follower writer', new FollowerWriter(settings.databaseUrl), (w) => w.close());

  const connect = (mode: 'blocking' | 'fail-fast', name: string) =>
    scope.keep(`redis ${name}`, connectRedis(settings, mode, name), (r) => r.disconnect());
  const redis = connect('blocking', 'work');
  const front = connect('fail-fast', 'front');
  const subscriber = connect('blocking', 'hints');
  await Promise.all([redis, front, subscriber].map((r) => untilConnected(r, CONNECT_TIMEOUT_MS)));
  const hints = new Hints(subscriber);

  const deployment = new Deployment(redis, database, settings.secretsKeys);
  const presence = scope.keep('presence', new Presence(redis, deployment, settings.roles, events), (p) => p.close());
  await presence.start();
  // Intake writes by this connection.
  events.subscribe('redis', () => refuseCommands(front, presence.failure));
  publishReadiness(hints, events);

  const apiKeys = new ApiKeys({ redis: front, hints, store: new KeyStore(database) });
  scope.keep('api keys', apiKeys, (k) => k.close());

  const queues = openQueues(front, scope);

  // Not awaited: a lost lookup is due again another day, and without Redis nothing is counted either.
  events.subscribe('quota-lookup', ({ outcome, component, appid, path }) => {
    const pair = { component, appid, path };
    if (outcome === 'due' && isReadable(pair)) queues.quotas.add(pair).catch(() => {});
  });
  events.subscribe('quota', (event) => {
    queues['quota-alarms'].add(event).catch(() => {});
  });
  const ledger = new Ledger(redis, events);
  const frontLedger = new Ledger(front, events);

  const { proxy, apiBases } = settings.wechat;
  const apiBase = apiBases[0]!;
  const hosts = failOver(openTransport(proxy ? { proxy } : {}), {
    bases: apiBases,
    reportHost: (news) => events.publish('host', news),
  });
  const transport = scope.keep('wechat', hosts, (t) => t.close());
  const componentApi = (on: Ledger, tokens: TokenSource) =>
    openComponentApi({
      transport,
      apiBase,
      timeoutMs: COMPONENT_API_TIMEOUT_MS,
      carrier: componentCarrier({ tokens, ledger: on }),
    });
  const apiWith: ComponentApiWith = (tokens) => componentApi(ledger, tokens);

  const tickets = new Tickets(redis, database, seals);
  const authorizerStore = new AuthorizerStore(database, seals, replica);
  const dueSet = new RefreshAhead(redis);
  const reconciliationStore = new ReconciliationStore(database);
  const reconcile = new ReconcileRequests(reconciliationStore, components, queues.reconciliations);
  const kinds: TokenKinds = {
    component: componentTokenKind(components, tickets, apiWith),
    authorizer: authorizerTokenKind({
      apiWith,
      store: authorizerStore,
      dueSet,
      refused(component) {
        // If the request is lost, the nightly run finds the accounts.
        claimScheduledRun(redis, component, 'refused')
          .then((claimed) => (claimed ? reconcile.begin(component, 'refused') : undefined))
          .catch(() => {});
      },
    }),
  };
  const tokenStore = new TokenStore(redis, seals, tokenEffects);
  const tokenCache = new TokenCache();
  const gate = new HostGate(redis);
  const tokens = new Tokens({
    store: tokenStore,
    cache: tokenCache,
    leases: openLeases(redis),
    gate,
    hints,
    kinds,
    askForRefresh: (owner) => queues.refreshes.add({ owner }),
    events,
  });
  const api = apiWith(tokens);
  const linkStore = new LinkStore(database);
  const ties = new CodeTies(redis);
  const links = new AuthorizationLinks({ redis, components, store: linkStore, ties, authorizers: authorizerStore });
  const codes = new CodeIntake(redis, ties, seals, queues.authorizations);
  const profiles = new Profiles({ api, tokens, store: authorizerStore, dueSet, events });
  const authorizations = new Authorizations({
    redis,
    api,
    tokens,
    store: authorizerStore,
    dueSet,
    codes,
    profiles,
    links,
    events,
  });
  const reconciler = new Reconciler({
    sql: database,
    api,
    tokens,
    store: reconciliationStore,
    authorizers: authorizerStore,
    profiles,
    events,
  });

  // The gateway's side fails at once while Redis is away, instead of keeping callers in the dark.
  const frontTokenStore = new TokenStore(front, seals, tokenEffects);
  const frontTickets = new Tickets(front, database, seals);
  const arrivals = scope.keep('push arrivals', new PushArrivals(front), (a) => a.flush());
  const frontTies = new CodeTies(front);
  const frontLinks = new AuthorizationLinks({
    redis: front,
    components,
    store: linkStore,
    ties: frontTies,
    authorizers: authorizerStore,
  });
  const authorizers = new Authorizers(authorizerStore, components, front, frontLinks);
  const frontTokens = new Tokens({
    store: frontTokenStore,
    cache: tokenCache,
    leases: openLeases(front),
    gate,
    hints,
    kinds,
    askForRefresh: (owner) => queues.refreshes.add({ owner }),
    events,
  });
  const signer = new CallbackSigner(settings.secretsKeys);
  const sender = new WebhookSender();
  const frontCallStore = new CallStore(front, seals);
  const callAccounts = new CallAccounts(components, authorizers);
  const callStore = new CallStore(redis, seals);
  const localWaiters = new LocalWaiters();
  const lanes = new Lanes(redis, queues.lanes);
  const performing: RunDeps = {
    store: callStore,
    holds: new Holds(callStore),
    tokens,
    ledger,
    gate,
    clears: new Clears(redis, ledger, (owner) => lanes.wake(owner)),
    dueSet,
    transport,
    apiBase,
    localWaiters,
  };
  const frontLanes = new Lanes(front, queues.lanes);
  const inlineDispatcher = new InlineDispatcher({ queue: queues.calls, tokens, run: performing, events });
  const calls = new Calls({
    redis: front,
    inline: inlineDispatcher,
    store: frontCallStore,
    accounts: callAccounts,
    tokens: frontTokens,
    ledger: frontLedger,
    queue: queues.calls,
    lanes: frontLanes,
    callbacks: new Callbacks({ store: frontCallStore, signer, queue: queues.callbacks, sender, events }),
    hints,
    waiters: localWaiters,
  });
  scope.keep('calls', calls, (c) => c.close());

  const callbacks = new Callbacks({ store: callStore, signer, queue: queues.callbacks, sender, events });
  const laneStore = new LaneStore(redis);
  const followerStore = new FollowerStore(database, writer);
  const followerSyncStore = new FollowerSyncStore(database, writer);
  const syncSchedules = new SyncSchedules(database);

  const performCall = async (id: string, signal: AbortSignal): Promise<CallRunResult> => {
    const startedAt = performance.now();
    const performed = await perform(id, signal, performing);
    // Before the job is done or the call leaves its lane: who dies here does it again.
    if (performed.done && performed.hasCallback) {
      await callbacks.enqueue({ id, corrected: performed.corrected === true });
    }
    publishRun(events, id, performed, performance.now() - startedAt);
    return performed;
  };

  const frontApi = componentApi(frontLedger, frontTokens);
  const consents = new Consents({
    redis: front,
    api: frontApi,
    bases: settings.wechat,
    components,
    seals,
    links: frontLinks,
    linkStore,
    authorizers: authorizerStore,
    codes: new CodeIntake(front, frontTies, seals, queues.authorizations),
  });
  const syncing = {
    sql: database,
    followers: followerStore,
    syncs: followerSyncStore,
    dueSet,
    writer,
    tokens,
    ledger,
    transport,
    apiBase,
    events,
  };

  const health = healthProbe({ redis: () => front.ping(), database: () => sql`select 1`.execute(database) });
  scope.keep('health', watchHealth(health, events), (w) => w.stop());

  const componentIds = components.all().map(({ appid }) => appid);
  const quotaEvents = new QuotaEvents(redis, componentIds);
  const quotaReader = new QuotaReader({ ledger, tokens, transport, apiBase, events });

  return {
    pushes: new PushIntake(front, components, queues.pushes, arrivals),
    calls,
    callList: new CallList(front, callAccounts, frontCallStore, frontLedger),
    quotas: new Quotas(frontLedger, callAccounts),
    quotaClearing: new QuotaClearing({
      api: frontApi,
      components,
      accounts: callAccounts,
      calls,
      clears: new Clears(front, frontLedger, (owner) => frontLanes.wake(owner)),
      tokenStore: frontTokenStore,
    }),
    quotaEvents: new QuotaEvents(front, componentIds),
    authorizers,
    apiKeys,
    audit: new Audit(database),
    components: componentIds,
    authorizerOptions: new AuthorizerOptions({ api: frontApi, authorizers }),
    authorizationLinks: frontLinks,
    consents,
    reconciliations: reconcile,
    followers: new Followers(authorizers, new FollowerStore(replica, writer)),
    followerSyncs: new FollowerSyncs({
      redis: front,
      authorizers,
      tokens: frontTokens,
      store: followerSyncStore,
      schedules: syncSchedules,
      queue: queues['follower-syncs'],
    }),
    async status() {
      const all = await Promise.all(
        components.all().map(({ appid }) => componentStatus(front, frontTickets, frontTokenStore, arrivals, appid)),
      );
      return { ready: all.every((c) => c.ready), components: all };
    },
    events,
    queues: Object.values(queues).map(({ queue, contract }) => ({ queue, description: contract.description })),
    clockAheadMs: () => clockAheadMs(redis),
    async health() {
      return { ...(await health()), wechat: !gate.isDegraded };
    },
    work: {
      refresh: (owner, signal) => tokens.refresh(owner, signal),
      async awaitToken(owner, waitMs) {
        const token = await tokens.get(owner, waitMs);
        return { version: token.version, refused: async (path) => void (await tokens.distrust(token, path)) };
      },
      performCall,
      sendInline: (concurrency) => inlineDispatcher.open({ concurrency }),
      runLaneBatch: (lane, signal) =>
        runLaneBatch(lane, signal, { store: laneStore, lanes, gate, perform: performCall }),
      deliverCallback: (id, run, signal) => callbacks.deliver(id, run, signal),
      handlePush: (payload, job) =>
        handlePush(payload, job, {
          components,
          tickets,
          tokens,
          codes,
          links,
          linkStore,
          profiles,
          authorizerStore,
          followers: followerStore,
          events,
        }),
      runSyncSlice: (id, signal) => runSyncSlice(id, signal, syncing),
      readQuota: (pair, signal) => quotaReader.read(pair, signal),
      appendQuotaEvent: (event) => quotaEvents.append(event),
      authorize: (payload, run) => authorizations.exchange(payload, run),
      readProfile: (payload) => profiles.work(payload),
      reconcile: ({ id }, signal) => reconciler.work(id, signal),
      startMaintenance() {
        const beats = gate.keepBeating(componentIds);
        const watch = startWatch({
          isOurs: () => presence.failure === undefined,
          redis,
          components,
          tickets,
          tokens,
          authorizerStore,
          dueSet,
          lanes,
          api,
          reconcile,
          linkStore,
          askForProfile: (payload) => queues.profiles.add(payload),
          followerSyncs: followerSyncStore,
          syncSchedules,
          wakeFollowerSync: (id) => queues['follower-syncs'].add({ id }),
          events,
        });
        return {
          async close() {
            await Promise.all([watch.close(), beats.close()]);
          },
        };
      },
      connect: (name) => connectRedis(settings, 'blocking', name),
    },
    close: () => scope.close(),
  };
}
