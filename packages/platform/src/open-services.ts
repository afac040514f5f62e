import {
  type ComponentApi,
  failOver,
  type JsTicketType,
  openComponentApi,
  openTransport,
  type Transport,
} from '@wxthirdparty/wechat';
import { AccountNames } from './authorizer/account-names.ts';
import { AuthorizerNotices } from './authorizer/authorizer-notices.ts';
import { AuthorizerStore } from './authorizer/authorizer-store.ts';
import { authorizerTokenKind } from './authorizer/authorizer-token.ts';
import { jsTicketKind } from './authorizer/js-ticket-token.ts';
import { tokenEffects } from './authorizer/token-effects.ts';
import { CallStore } from './call/call-store.ts';
import { Lanes } from './call/lane/lanes.ts';
import { LocalWaiters } from './call/local-waiters.ts';
import { CallbackSender } from './callback/callback-sender.ts';
import { Callbacks } from './callback/callbacks.ts';
import { type ComponentApiWith, componentCarrier } from './component/component-carrier.ts';
import { componentTokenKind } from './component/component-token.ts';
import { Tickets } from './component/ticket.ts';
import { AuthorizationLinks } from './consent/authorization-links.ts';
import { CodeIntake } from './consent/code-intake.ts';
import { CodeTies } from './consent/code-ties.ts';
import { LinkStore } from './consent/link-store.ts';
import { DeliveryStore } from './delivery/delivery-store.ts';
import { VirtualCodes } from './delivery/format/virtual-code.ts';
import { FollowerStore } from './follower/follower-store.ts';
import { FollowerSyncStore } from './follower/follower-sync-store.ts';
import { SyncSchedules } from './follower/sync-schedules.ts';
import { Persons } from './journal/person.ts';
import { PushStore } from './journal/push-store.ts';
import { PushRemoval } from './journal/remove-pushes.ts';
import type { Foundation } from './open-foundation.ts';
import type { OpenQueues } from './open-queues.ts';
import { Erasures } from './push/erasures.ts';
import { KnownAccounts } from './push/known-accounts.ts';
import { Clears } from './quota/clears.ts';
import { Ledger } from './quota/ledger.ts';
import { QuotaEvents } from './quota/quota-events.ts';
import { claimScheduledRun } from './reconciliation/reconcile-schedule.ts';
import { ReconciliationStore } from './reconciliation/reconciliation-store.ts';
import { ReconcileRequests } from './reconciliation/reconciliations.ts';
import type { RedisClient } from './redis/connect.ts';
import { openLeases } from './redis/lease.ts';
import { ReleaseCheckStore } from './release-check/release-check-store.ts';
import { ReleaseChecks } from './release-check/release-checks.ts';
import type { Scope } from './scope.ts';
import { SubscriptionSnapshot } from './subscription/subscription-snapshot.ts';
import { SubscriptionStore } from './subscription/subscription-store.ts';
import { HostGate } from './token/host-gate.ts';
import { RefreshAhead } from './token/refresh-ahead.ts';
import { refreshQueueOf } from './token/token.ts';
import { TokenCache } from './token/token-cache.ts';
import type { TokenKinds } from './token/token-kind.ts';
import { TokenStore } from './token/token-store.ts';
import { Tokens } from './token/tokens.ts';
import { UserTokens } from './user-token/user-tokens.ts';
import { OutboundSender } from './webhook/outbound-sender.ts';
import { CallbackSigner } from './webhook/webhook-signer.ts';

/** WeChat may be slow. The outcome of an abandoned token request is unknown, and costs a backoff of a minute. */
const TOKEN_TIMEOUT_MS = 20_000;

/** What the services of one process share, whichever connection they use. */
export interface Shared {
  readonly transport: Transport;
  readonly apiBase: string;
  readonly tokenCache: TokenCache;
  readonly hostGate: HostGate;
  /** For every request to an endpoint of the business. */
  readonly outbound: OutboundSender;
  readonly callbackSender: CallbackSender;
  readonly localWaiters: LocalWaiters;
  readonly subscriptionStore: SubscriptionStore;
  /** At most a second old; `refresh` it before what must not miss a change. */
  readonly subscriptionSnapshot: SubscriptionSnapshot;
  /** At most half a minute old. */
  readonly knownAccounts: KnownAccounts;
  readonly virtualCodes: VirtualCodes;
  readonly deliveryStore: DeliveryStore;
}

/** The scope closes it. */
export function openShared(foundation: Foundation, scope: Scope): Shared {
  const { settings, events, seals, database, replica, blockingRedis, failFastRedis, hints } = foundation;
  const { proxy, apiBases } = settings.wechat;
  const transport = failOver(openTransport(proxy ? { proxy } : {}), {
    bases: apiBases,
    reportHost: (news) => events.publish('host', news),
  });
  const subscriptionStore = new SubscriptionStore(database, seals);
  const subscriptionSnapshot = new SubscriptionSnapshot({ redis: failFastRedis, store: subscriptionStore, events });
  scope.keep('subscriptions', subscriptionSnapshot.poll(hints), (p) => p.close());
  const knownAccounts = new KnownAccounts(new AuthorizerStore(database, seals));
  scope.keep('known accounts', knownAccounts.follow(hints), (unsubscribe) => unsubscribe());
  const outbound = scope.keep('outbound sender', new OutboundSender({ deliveryNets: settings.deliveryNets }), (o) =>
    o.close(),
  );
  return {
    transport: scope.keep('wechat', transport, (t) => t.close()),
    apiBase: apiBases[0]!,
    tokenCache: new TokenCache(),
    hostGate: new HostGate(blockingRedis),
    outbound,
    callbackSender: new CallbackSender(outbound),
    localWaiters: new LocalWaiters(),
    subscriptionStore,
    subscriptionSnapshot,
    knownAccounts,
    virtualCodes: new VirtualCodes(settings.secretsKeys),
    deliveryStore: new DeliveryStore(database, seals, replica),
  };
}

export interface Services {
  readonly redis: RedisClient;
  readonly api: ComponentApi;
  readonly tickets: Tickets;
  readonly tokenStore: TokenStore;
  readonly tokens: Tokens;
  readonly refreshAhead: RefreshAhead;
  readonly ledger: Ledger;
  readonly clears: Clears;
  readonly quotaEvents: QuotaEvents;
  readonly authorizerStore: AuthorizerStore;
  readonly accountNames: AccountNames;
  readonly authorizerNotices: AuthorizerNotices;
  readonly links: AuthorizationLinks;
  readonly linkStore: LinkStore;
  readonly codes: CodeIntake;
  readonly reconciliationStore: ReconciliationStore;
  readonly reconcileRequests: ReconcileRequests;
  readonly callStore: CallStore;
  readonly lanes: Lanes;
  readonly callbacks: Callbacks;
  readonly followerStore: FollowerStore;
  readonly followerSyncStore: FollowerSyncStore;
  readonly syncSchedules: SyncSchedules;
  readonly pushStore: PushStore;
  readonly persons: Persons;
  readonly pushRemoval: PushRemoval;
  readonly erasures: Erasures;
  readonly releaseCheckStore: ReleaseCheckStore;
  readonly releaseChecks: ReleaseChecks;
  readonly userTokens: UserTokens;
}

/** The services on one connection to Redis: a process has them on the blocking and on the fail-fast connection. */
export function openServices(foundation: Foundation, shared: Shared, queues: OpenQueues, redis: RedisClient): Services {
  const { settings, events, seals, components, database, replica, followerWriter, journalWriter, hints } = foundation;
  const { transport, apiBase, tokenCache, hostGate, callbackSender, knownAccounts } = shared;

  const ledger = new Ledger(redis, events);
  const apiWith: ComponentApiWith = (tokens) => {
    const carrier = componentCarrier({ tokens, ledger, events });
    return openComponentApi({ transport, apiBase, timeoutMs: TOKEN_TIMEOUT_MS, carrier });
  };
  const tickets = new Tickets(redis, database, seals);
  const authorizerStore = new AuthorizerStore(database, seals, replica);
  const authorizerNotices = new AuthorizerNotices({ redis, seals, grants: authorizerStore.grants });
  const refreshAhead = new RefreshAhead(redis);
  const reconciliationStore = new ReconciliationStore(database);
  const reconcileRequests = new ReconcileRequests(reconciliationStore, components, queues.reconciliations);
  const tokenStore = new TokenStore(redis, seals, tokenEffects);
  const jsTicket = (type: JsTicketType) =>
    jsTicketKind(type, {
      transport,
      apiBase,
      timeoutMs: TOKEN_TIMEOUT_MS,
      ledger,
      events,
      grants: authorizerStore.grants,
      refreshAhead,
      unauthorized(component, appid) {
        // If the job is lost, the nightly run or the next refresh of the account's token finds out.
        queues.profiles.add({ component, appid }).catch(() => {});
      },
    });
  const kinds: TokenKinds = {
    component: componentTokenKind(components, tickets, apiWith),
    authorizer: authorizerTokenKind({
      apiWith,
      store: authorizerStore,
      refreshAhead,
      tokenStore,
      refused(component) {
        // If the request is lost, the nightly run finds the accounts.
        claimScheduledRun(redis, component, 'refused')
          .then((claimed) => (claimed ? reconcileRequests.begin(component, 'refused') : undefined))
          .catch(() => {});
      },
      revoked(component, appid) {
        // WeChat pushes it, too; then the notice is appended again, as the same.
        authorizerNotices.revoked(component, appid).catch(() => {});
      },
    }),
    'jsapi-ticket': jsTicket('jsapi'),
    'wx-card-ticket': jsTicket('wx_card'),
  };
  const tokens = new Tokens({
    store: tokenStore,
    cache: tokenCache,
    leases: openLeases(redis),
    gate: hostGate,
    hints,
    kinds,
    askForRefresh: (owner) => queues[refreshQueueOf(owner)].add({ owner }),
    events,
  });

  const followerSyncStore = new FollowerSyncStore(database, followerWriter);
  const persons = new Persons(settings.secretsKeys);
  const pushRemoval = new PushRemoval(database, journalWriter);
  const linkStore = new LinkStore(database);
  const releaseCheckStore = new ReleaseCheckStore(database);
  const ties = new CodeTies(redis);
  const callStore = new CallStore(redis, seals);
  const lanes = new Lanes(redis, queues.lanes);
  const signer = new CallbackSigner(settings.secretsKeys);
  return {
    redis,
    api: apiWith(tokens),
    tickets,
    tokenStore,
    tokens,
    refreshAhead,
    ledger,
    clears: new Clears(redis, ledger, (owner) => lanes.wake(owner)),
    quotaEvents: new QuotaEvents(
      redis,
      components.all().map(({ appid }) => appid),
    ),
    authorizerStore,
    accountNames: new AccountNames(authorizerStore, foundation.outage),
    authorizerNotices,
    links: new AuthorizationLinks({ redis, components, store: linkStore, ties, authorizers: authorizerStore, events }),
    linkStore,
    codes: new CodeIntake(redis, ties, seals, queues.authorizations),
    reconciliationStore,
    reconcileRequests,
    callStore,
    lanes,
    callbacks: new Callbacks({
      store: callStore,
      signer,
      queue: queues.callbacks,
      sender: callbackSender,
      // A call of a component has none.
      handleOf: async (component, appid) =>
        component === appid ? undefined : (await knownAccounts.read(component, appid))?.handle,
      events,
    }),
    followerStore: new FollowerStore(database, followerWriter),
    followerSyncStore,
    syncSchedules: new SyncSchedules(database),
    pushRemoval,
    erasures: new Erasures({
      redis,
      sql: database,
      writer: journalWriter,
      removal: pushRemoval,
      persons,
      authorizerStore,
      syncs: followerSyncStore,
      queue: queues.erasures,
    }),
    pushStore: new PushStore({ sql: database, replica, writer: journalWriter, seals }),
    persons,
    releaseCheckStore,
    releaseChecks: new ReleaseChecks({ redis, seals, store: releaseCheckStore, events }),
    userTokens: new UserTokens(redis, settings.secretsKeys),
  };
}
