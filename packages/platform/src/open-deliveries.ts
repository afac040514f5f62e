import { AskedOutcomes } from './delivery/asked-outcomes.ts';
import type { LateReplies, RunParts } from './delivery/batch-run.ts';
import { Circuits } from './delivery/circuits.ts';
import { ComponentTickets } from './delivery/component-tickets.ts';
import { Deliveries } from './delivery/deliveries.ts';
import { DeliveryBatches } from './delivery/delivery-batch.ts';
import type { DeliveryStore } from './delivery/delivery-store.ts';
import { DeliveryTests } from './delivery/delivery-tests.ts';
import { DueSubscriptions } from './delivery/due-subscriptions.ts';
import { removeDeleted } from './delivery/remove-deleted.ts';
import { runReplaySlice } from './delivery/replay-slice.ts';
import { ReplayStore } from './delivery/replay-store.ts';
import { Replays } from './delivery/replays.ts';
import { restoreDue } from './delivery/restore-due.ts';
import { SettleBatch } from './delivery/settle-batch.ts';
import { SubscriptionPauses } from './delivery/subscription-pauses.ts';
import { repliesTo } from './journal/push-types.ts';
import type { Foundation } from './open-foundation.ts';
import type { OpenQueues } from './open-queues.ts';
import type { Services, Shared } from './open-services.ts';
import type { JobDisposition } from './queue/job.ts';
import type { RedisClient } from './redis/connect.ts';
import type { Scope } from './scope.ts';
import { announceSubscriptionChange } from './subscription/announce-change.ts';

const DAY_MS = 24 * 60 * 60_000;

/** How a process stores deliveries, sends them, and makes them again. */
export interface OpenDeliveries {
  readonly store: DeliveryStore;
  readonly replays: ReplayStore;
  /** On the blocking connection. */
  readonly due: DueSubscriptions;
  readonly outcomes: AskedOutcomes;
  readonly batches: DeliveryBatches;
  runReplaySlice(id: string, signal: AbortSignal): Promise<JobDisposition>;
  restoreDue(): Promise<void>;
  /** Returns how many deleted subscriptions have no rows any more. */
  removeDeleted(): Promise<number>;
  /** On the fail-fast connection, for requests. */
  readonly requests: {
    readonly due: DueSubscriptions;
    readonly pauses: SubscriptionPauses;
    readonly tickets: ComponentTickets;
    readonly deliveries: Deliveries;
    readonly replays: Replays;
    readonly tests: DeliveryTests;
  };
}

/** The scope closes what is opened here. */
export function openDeliveries(
  { settings, events, seals, database, journalWriter, components }: Foundation,
  {
    outbound,
    subscriptionStore: subscriptions,
    subscriptionSnapshot,
    virtualCodes: codes,
    deliveryStore: store,
  }: Shared,
  queues: OpenQueues,
  { blocking, failFast }: { readonly blocking: Services; readonly failFast: Services },
  lateReplies: LateReplies,
  scope: Scope,
): OpenDeliveries {
  const replays = new ReplayStore(database);
  const settles = scope.keep('settle batch', new SettleBatch(journalWriter), (s) => s.close());
  const dueOf = (redis: RedisClient) => new DueSubscriptions(redis, queues.deliveries);
  const pausesOf = (redis: RedisClient) =>
    new SubscriptionPauses({
      redis,
      sql: database,
      seals,
      events,
      announce: () => announceSubscriptionChange(redis),
      component: components.all()[0]?.appid ?? '',
    });
  const due = dueOf(blocking.redis);
  const pauses = pausesOf(blocking.redis);
  const announce = () => announceSubscriptionChange(blocking.redis);
  const circuits = new Circuits({ sql: database, store, events, announce });
  const run: RunParts = {
    sql: database,
    seals,
    events,
    subscriptions,
    store,
    settles,
    circuits,
    lateReplies,
    replyTypesOf: repliesTo,
    retentionMs: settings.pushDays * DAY_MS,
    sender: outbound,
    codes,
  };
  const ticketsOf = (of: DueSubscriptions) => new ComponentTickets({ sql: database, sender: outbound, due: of });
  const tickets = ticketsOf(due);
  const dueOfRequests = dueOf(failFast.redis);
  const { pushStore, authorizerStore } = failFast;
  return {
    store,
    replays,
    due,
    outcomes: new AskedOutcomes({ seals, events, circuits, pauses, retentionMs: settings.pushDays * DAY_MS }),
    batches: new DeliveryBatches({ ...run, due, pauses, tickets }),
    runReplaySlice: (id, signal) =>
      runReplaySlice(id, signal, {
        redis: blocking.redis,
        sql: database,
        writer: journalWriter,
        seals,
        subscriptions,
        store,
        replays,
        due,
      }),
    restoreDue: () => restoreDue(database, store, due),
    removeDeleted: () => removeDeleted({ sql: database, writer: journalWriter, subscriptions }, Date.now()),
    requests: {
      due: dueOfRequests,
      pauses: pausesOf(failFast.redis),
      tickets: ticketsOf(dueOfRequests),
      deliveries: new Deliveries({
        store,
        pushes: pushStore,
        snapshot: subscriptionSnapshot,
        writer: journalWriter,
        due: dueOfRequests,
        components,
        authorizers: authorizerStore,
      }),
      replays: new Replays(replays, queues.replays),
      tests: new DeliveryTests({
        sender: outbound,
        codes,
        components,
        pushes: pushStore,
        authorizers: authorizerStore,
      }),
    },
  };
}
