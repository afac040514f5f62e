import { Failure } from '@wxthirdparty/wechat';
import calculateSlot from 'cluster-key-slot';
import { Cluster, type Redis } from 'ioredis';
import { withDeadline } from '../deadline.ts';

/** A server that accepts writes. */
export interface Master {
  /** `host:port`, as this process reaches it. */
  readonly address: string;
  /** Undefined: this process has no connection to it now. Commands that are sent by it reach this server and no other. */
  readonly connection: Redis | undefined;
}

/** Each of them answers, or does not. */
export interface Reachability {
  readonly answering: readonly string[];
  readonly missing: readonly string[];
}

const PING_TIMEOUT_MS = 1_000;

/** The masters of a Cluster, in the order of their slots; of the other kinds, the one server that the client is connected to. */
export async function mastersOf(redis: Redis | Cluster): Promise<Master[]> {
  if (!(redis instanceof Cluster)) return [{ address: addressOf(redis), connection: redis }];
  let masters = knownMasters(redis);
  // A connection that has ended is forgotten, also if its server is back. The refresh makes it again.
  if (masters.some(({ connection }) => connection === undefined)) {
    await refreshSlots(redis);
    masters = knownMasters(redis);
  }
  return masters;
}

/** The connection to the server that has the key. Throws Failure `redis_unreachable`. */
export function serverOf(redis: Redis | Cluster, key: string): Redis {
  if (!(redis instanceof Cluster)) return redis;
  const address = redis.slots[calculateSlot(key)]?.[0];
  const connection = address && connectionsOf(redis).get(address);
  if (!connection) throw notConnected(address ?? 'the server of a slot');
  return connection;
}

/** Asks every master at the same time. */
export async function pingMasters(redis: Redis | Cluster, timeoutMs = PING_TIMEOUT_MS): Promise<Reachability> {
  const masters = await withDeadline(mastersOf(redis), timeoutMs, () => new Error('no answer in time')).catch(() =>
    redis instanceof Cluster ? knownMasters(redis) : [],
  );
  const answers = await Promise.all(masters.map(({ connection }) => answersInTime(connection, timeoutMs)));
  const addresses = (isAnswering: boolean) =>
    masters.flatMap(({ address }, i) => (answers[i] === isAnswering ? [address] : []));
  return { answering: addresses(true), missing: addresses(false) };
}

/**
 * All keys that match, in batches; a key may be found twice. Throws Failure `redis_unreachable` if a master cannot be read:
 * nothing may be missed.
 */
export async function* scanAll(redis: Redis | Cluster, match: string, count: number): AsyncGenerator<string[]> {
  for (const { address, connection } of await mastersOf(redis)) {
    if (connection === undefined) throw notConnected(address);
    for await (const found of connection.scanStream({ match, count }) as AsyncIterable<string[]>) {
      if (found.length > 0) yield found;
    }
  }
}

/** Reads from a server again which server has which slot. Never rejects: the next command that is redirected tries again. */
export async function refreshSlots(redis: Redis | Cluster): Promise<void> {
  if (redis instanceof Cluster) await new Promise<void>((resolve) => redis.refreshSlotsCache(() => resolve()));
}

function knownMasters(cluster: Cluster): Master[] {
  const connections = connectionsOf(cluster);
  const addresses = new Set(cluster.slots.flatMap((servers) => servers?.[0] ?? []));
  return [...addresses].map((address) => ({ address, connection: connections.get(address) }));
}

function connectionsOf(cluster: Cluster): Map<string, Redis> {
  return new Map(cluster.nodes('master').map((node) => [`${node.options.host}:${node.options.port}`, node]));
}

function addressOf({ stream, options }: Redis): string {
  // Sentinel names the server when the connection is made.
  return stream?.remoteAddress ? `${stream.remoteAddress}:${stream.remotePort}` : `${options.host}:${options.port}`;
}

async function answersInTime(connection: Redis | undefined, timeoutMs: number): Promise<boolean> {
  if (connection === undefined) return false;
  try {
    await withDeadline(connection.ping(), timeoutMs, () => new Error('no answer in time'));
    return true;
  } catch {
    return false;
  }
}

function notConnected(address: string): Failure {
  return new Failure('redis_unreachable', 'retry', `Redis does not answer (${address}).`, { retryAfterMs: 2_000 });
}
