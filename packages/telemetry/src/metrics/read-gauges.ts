import type { Health, Platform, SharedState } from '@wxthirdparty/platform';
import type { Sample, SetGauge } from './gauges.ts';
import { Reading } from './reading.ts';

export interface GaugeSources extends Pick<Platform, 'redisServers'> {
  readonly sharedState: SharedState;
  readonly alarms: Pick<Platform['alarms'], 'openCounts'>;
  health(): Promise<Health>;
}

type Components = Awaited<ReturnType<SharedState['components']>>;
type Queues = Awaited<ReturnType<SharedState['queueStates']>>;
type Servers = Awaited<ReturnType<SharedState['redisState']>>;
type Authorizers = Awaited<ReturnType<SharedState['authorizers']>>;
type Subscriptions = Awaited<ReturnType<SharedState['subscriptions']>>;
type OpenAlarms = Awaited<ReturnType<Platform['alarms']['openCounts']>>;
type Deliveries = Awaited<ReturnType<SharedState['deliveries']>>;

/**
 * Sets all gauges: what this process itself finds now, and the state that all processes share, which it reads at most every 15
 * seconds. What is read from a server that does not answer is absent.
 */
export function gaugeReader(
  { sharedState, alarms, health, redisServers }: GaugeSources,
  set: SetGauge,
): () => Promise<void> {
  const components = new Reading(() => sharedState.components());
  const queues = new Reading(() => sharedState.queueStates());
  const servers = new Reading(() => sharedState.redisState());
  const openAlarms = new Reading(() => alarms.openCounts());
  const authorizers = new Reading(() => sharedState.authorizers());
  const subscriptions = new Reading(() => sharedState.subscriptions());
  const deliveries = new Reading(() => sharedState.deliveries());
  return async () => {
    const [{ redis, database }, { answering, missing }] = await Promise.all([health(), redisServers()]);
    const ofRedis = <State>(reading: Reading<State>) => (redis ? reading.latest() : undefined);
    const ofDatabase = <State>(reading: Reading<State>) => (database ? reading.latest() : undefined);
    const readings = await Promise.all([
      ofRedis(components),
      ofRedis(queues),
      ofRedis(servers),
      ofDatabase(authorizers),
      ofDatabase(subscriptions),
      ofDatabase(deliveries),
      ofRedis(openAlarms),
    ]);
    set('database_up', [[{}, database ? 1 : 0]]);
    setServers(set, { answering, missing }, readings[2]);
    setComponents(set, readings[0]);
    setQueues(set, readings[1]);
    setAuthorizers(set, readings[3]);
    setSubscriptions(set, readings[4]);
    setDeliveries(set, readings[5]);
    setAlarms(set, readings[6]);
  };
}

function setServers(
  set: SetGauge,
  masters: { readonly answering: readonly string[]; readonly missing: readonly string[] },
  state: Servers | undefined,
): void {
  const up = (server: string, role: string, isUp: boolean): Sample<'redis_up'> => [{ server, role }, isUp ? 1 : 0];
  const replicas = state?.servers.filter(({ role }) => role === 'replica') ?? [];
  set('redis_up', [
    ...masters.answering.map((server) => up(server, 'primary', true)),
    ...masters.missing.map((server) => up(server, 'primary', false)),
    ...replicas.map((replica) => up(replica.address, 'replica', replica.up)),
  ]);
  set(
    'redis_memory_ratio',
    state?.servers.flatMap(({ address: server, memory }): Sample<'redis_memory_ratio'>[] =>
      memory?.max ? [[{ server }, memory.used / memory.max]] : [],
    ),
  );
}

function setComponents(set: SetGauge, components: Components | undefined): void {
  const each = (name: ComponentGauge, read: (component: Components[number]) => number | undefined) =>
    set(
      name,
      components?.flatMap((one): Sample<ComponentGauge>[] => {
        const value = read(one);
        return value === undefined ? [] : [[{ component: one.component }, value]];
      }),
    );
  each('component_ready', ({ ready }) => (ready ? 1 : 0));
  each('ticket_received_timestamp_seconds', ({ ticket }) => ticket && seconds(ticket.receivedAt));
  each('ticket_expires_timestamp_seconds', ({ ticket }) => ticket && seconds(ticket.expiresAt));
  each('component_token_expires_timestamp_seconds', ({ tokenExpiresAt }) => tokenExpiresAt && seconds(tokenExpiresAt));
  each('due_oldest_seconds', ({ overdueMs }) => overdueMs / 1_000);
}

type ComponentGauge =
  | 'component_ready'
  | 'ticket_received_timestamp_seconds'
  | 'ticket_expires_timestamp_seconds'
  | 'component_token_expires_timestamp_seconds'
  | 'due_oldest_seconds';

function seconds(date: Date): number {
  return date.getTime() / 1_000;
}

function setQueues(set: SetGauge, queues: Queues | undefined): void {
  set(
    'queue_jobs',
    queues?.flatMap(({ name: queue, waiting, active, delayed, failed }) =>
      Object.entries({ waiting, active, delayed, failed }).map(
        ([state, jobs]): Sample<'queue_jobs'> => [{ queue, state }, jobs],
      ),
    ),
  );
  set(
    'queue_oldest_seconds',
    queues?.map(({ name: queue, oldestMs }): Sample<'queue_oldest_seconds'> => [{ queue }, (oldestMs ?? 0) / 1_000]),
  );
}

function setAuthorizers(set: SetGauge, counts: Authorizers | undefined): void {
  set(
    'authorizers',
    counts?.map(({ component, state, count }): Sample<'authorizers'> => [{ component, state }, count]),
  );
}

function setSubscriptions(set: SetGauge, counts: Subscriptions | undefined): void {
  set(
    'subscriptions',
    counts && Object.entries(counts).map(([state, count]): Sample<'subscriptions'> => [{ state }, count]),
  );
}

function setDeliveries(set: SetGauge, deliveries: Deliveries | undefined): void {
  set('deliveries_pending', deliveries && [[{}, deliveries.pending]]);
  const ageMs = deliveries?.oldestAt ? Date.now() - deliveries.oldestAt.getTime() : 0;
  set('deliveries_oldest_seconds', deliveries && [[{}, Math.max(0, ageMs / 1_000)]]);
}

function setAlarms(set: SetGauge, counts: OpenAlarms | undefined): void {
  set(
    'alarms_open',
    counts && Object.entries(counts).map(([severity, count]): Sample<'alarms_open'> => [{ severity }, count]),
  );
}
