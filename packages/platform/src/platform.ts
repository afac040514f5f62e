import type { Alarms } from './alarm/alarms.ts';
import { CONNECTIONS_PER_PROCESS, permittedConnections } from './database/connection-budget.ts';
import { liveProcesses } from './deployment/live-processes.ts';
import type { Events } from './events.ts';
import { type GatewayFace, openGatewayFace } from './gateway-face.ts';
import { healthProbe, watchHealth } from './health.ts';
import { type AlarmSources, openAlarmSources } from './open-alarm-sources.ts';
import { openAlarms } from './open-alarms.ts';
import { openCalls } from './open-calls.ts';
import { openDeliveries } from './open-deliveries.ts';
import { openFoundation, type PlatformSettings } from './open-foundation.ts';
import { type OpenQueues, openQueues } from './open-queues.ts';
import { openReplies } from './open-replies.ts';
import { openServices, openShared } from './open-services.ts';
import { isReadable } from './quota-lookup/quota-reader.ts';
import { pingMasters } from './redis/servers.ts';
import { Failovers } from './redis-changes.ts';
import { Scope } from './scope.ts';
import { openSharedState, type SharedState } from './shared-state.ts';
import { openWorkerFace, type Work } from './worker-face.ts';

/** State and rules, opened once by each process. */
export interface Platform extends GatewayFace {
  readonly work: Work;
  readonly alarms: Alarms;
  readonly alarmSources: AlarmSources;
  /** By how much the event loop of this process was late lately (99th percentile, ms), as its heartbeats report it. */
  lagMs(): number;
  /** Everything that this process publishes. */
  readonly events: Events;
  /** Settles with the reason if the database, which was unreachable at the start, turns out to be unusable: the process must end. */
  readonly unusable: Promise<unknown>;
  /**
   * The connections to the database that all live processes may open, and those that it permits. Undefined on SQLite, and
   * while the database is unreachable.
   */
  databaseConnections(): Promise<{ readonly needed: number; readonly permitted: number } | undefined>;
  /** This process listens on a port, as other processes shall see it. */
  announcePort(port: number): Promise<void>;
  /** For metrics: what all processes share. */
  readonly sharedState: SharedState;
  /** Of this process. */
  readonly version: string;
  close(): Promise<void>;
}

/** If opening fails, it closes what it has opened by then. */
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
  const foundation = await openFoundation(settings, scope);
  const { events, database, outage, unusable, presence, blockingRedis, failFastRedis } = foundation;
  const queues = openQueues(failFastRedis, scope);
  enqueueQuotaJobs(events, queues);

  const shared = openShared(foundation, scope);
  const blocking = openServices(foundation, shared, queues, blockingRedis);
  const failFast = openServices(foundation, shared, queues, failFastRedis);
  const calls = openCalls(foundation, shared, queues, { blocking, failFast }, scope);
  const replies = openReplies(foundation, shared, queues, failFast, calls, scope);
  const deliveries = openDeliveries(foundation, shared, queues, { blocking, failFast }, replies.late, scope);
  const work = openWorkerFace(foundation, shared, queues, blocking, calls, { deliveries, replies });
  const gateway = openGatewayFace(foundation, shared, queues, failFast, calls, { deliveries, replies }, scope);

  const failovers = new Failovers(events);
  const health = healthProbe({
    async redis() {
      if (presence.failure) throw presence.failure;
      const { answering, missing } = await pingMasters(failFastRedis);
      if (answering.length === 0) throw new Error('no answer');
      failovers.see([...answering, ...missing]);
      return missing;
    },
    database: async () => {
      if (!(await outage.check())) throw new Error('no answer');
    },
  });
  scope.keep('health', watchHealth(health, events), (w) => w.stop());
  return {
    ...gateway,
    health: async () => ({ ...(await health()), wechat: !shared.hostGate.isDegraded }),
    work,
    alarms: openAlarms(foundation, scope),
    alarmSources: openAlarmSources(foundation, shared, failFast),
    lagMs: () => presence.lagMs,
    events,
    unusable,
    async databaseConnections() {
      const permitted = outage.isOut ? undefined : await permittedConnections(database);
      if (permitted === undefined) return undefined;
      const processes = await liveProcesses(failFastRedis);
      return { needed: processes.length * CONNECTIONS_PER_PROCESS, permitted };
    },
    announcePort: (port) => presence.announcePort(port),
    sharedState: openSharedState({
      redis: failFastRedis,
      components: foundation.components,
      tickets: failFast.tickets,
      tokens: failFast.tokenStore,
      refreshAhead: failFast.refreshAhead,
      authorizers: failFast.authorizerStore,
      subscriptions: shared.subscriptionStore,
      deliveries: shared.deliveryStore,
      gateway,
    }),
    version: presence.version,
    close: () => scope.close(),
  };
}

function enqueueQuotaJobs(events: Events, queues: OpenQueues): void {
  // Not awaited: a lost lookup is due again another day, and without Redis nothing is counted either.
  events.subscribe('quota-lookup', ({ outcome, component, appid, path }) => {
    const pair = { component, appid, path };
    if (outcome === 'due' && isReadable(pair)) queues.quotas.add(pair).catch(() => {});
  });
  events.subscribe('quota', (event) => {
    if ('at' in event) queues['quota-alarms'].add(event).catch(() => {});
  });
}
