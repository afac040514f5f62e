import type { EventEmitter } from 'node:events';
import { Failure } from '@wxthirdparty/wechat';
import { Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis';
import { parseRedisAddress, type RedisAddress } from './address.ts';
import { FailFastCluster, FailFastRedis } from './fail-fast.ts';
import { type Keyspace, keyspaceOf } from './keys.ts';
import { readBeforeTimeout } from './own-stall.ts';
import { whyUnreachable } from './why-unreachable.ts';

/**
 * `blocking`: commands wait for a lost connection to come back (workers; BullMQ demands it).
 * `waiting`: the same, and BullMQ waits for jobs in it.
 * `fail-fast`: commands fail at once while Redis is away, so that a caller gets an answer in time (gateways).
 * `intake`: the same, in the time that WeChat waits for the answer to a push.
 */
export type ConnectionMode = 'blocking' | 'waiting' | 'fail-fast' | 'intake';

/** Where a deployment keeps its state in Redis. */
export interface RedisSettings {
  /** A server, a primary that Sentinels watch, or a Cluster (`address.ts`). */
  readonly redisUrl: string;
  /** In front of every key, channel and queue, so that several deployments may share one database of one Redis. */
  readonly redisPrefix: string;
}

/**
 * A connection, of any kind, that knows the names its deployment uses. No code outside this folder distinguishes the kinds.
 */
export type RedisClient = (Redis | Cluster) & { readonly keyspace: Keyspace };

export function withKeyspace<Connection extends Redis | Cluster>(
  redis: Connection,
  prefix: string,
): Connection & { readonly keyspace: Keyspace } {
  return Object.assign(redis, { keyspace: keyspaceOf(prefix) });
}

/** Opens one connection; answers before it is ready. */
export function connectRedis(
  { redisUrl, redisPrefix }: RedisSettings,
  mode: ConnectionMode,
  name: string,
): RedisClient {
  const redis = open(redisAddressOf(redisUrl), mode, name);
  // Without a listener every lost connection would be an unhandled error; /readyz reports the state.
  redis.on('error', () => {});
  readBeforeTimeout(redis);
  return withKeyspace(redis, redisPrefix);
}

/** Throws Failure `unsupported_redis_url`. */
export function redisAddressOf(url: string): RedisAddress {
  const address = parseRedisAddress(url);
  if ('fault' in address) throw new Failure('unsupported_redis_url', 'operator', `REDIS_URL ${address.fault}.`);
  return address;
}

/** ioredis tries a dead Sentinel or server first, for 10 s by default. */
export const CONNECT_TIMEOUT_MS = 1_500;
/** Without an answer to a command, the connection counts as lost: one that was cut reports nothing for many minutes. */
export const SOCKET_TIMEOUT_MS = 3_000;
/** BullMQ waits for up to 10 s while a job is delayed. */
const WAITING_SOCKET_TIMEOUT_MS = 12_000;
const CLUSTER_RETRY_MS = 100;

function open(address: RedisAddress, mode: ConnectionMode, name: string): Redis | Cluster {
  const isBlocking = mode === 'blocking' || mode === 'waiting';
  const common = {
    ...address.credentials,
    connectionName: name,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: mode === 'waiting' ? WAITING_SOCKET_TIMEOUT_MS : SOCKET_TIMEOUT_MS,
    ...(address.tls ? { tls: {} } : {}),
    ...(isBlocking
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: 0, commandTimeout: mode === 'intake' ? 2_000 : 5_000 }),
  } satisfies RedisOptions;
  if (address.kind === 'cluster') {
    const options = {
      redisOptions: common,
      enableOfflineQueue: isBlocking,
      clusterRetryStrategy: retryDelay,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
      // It would connect to a random server, in addition to those whose keys are used; a start checks the Cluster once.
      enableReadyCheck: false,
      // A blocking connection waits for another master, however long that takes.
      maxRedirections: isBlocking ? 1_000_000 : 16,
      retryDelayOnFailover: CLUSTER_RETRY_MS,
      retryDelayOnClusterDown: CLUSTER_RETRY_MS,
      retryDelayOnTryAgain: CLUSTER_RETRY_MS,
      // A replica may be behind, and compare-and-set needs the master.
      scaleReads: 'master',
      // TLS verifies the name of a server, which its IP address would replace.
      ...(address.tls ? { dnsLookup: keepHostName } : {}),
    } satisfies ClusterOptions;
    const servers = [...address.servers];
    return isBlocking ? new Cluster(servers, options) : new FailFastCluster(servers, options);
  }
  const options = {
    ...common,
    db: address.db,
    enableOfflineQueue: isBlocking,
    retryStrategy: retryDelay,
    reconnectOnError: (error: Error) => (isReadOnly(error) ? (isBlocking ? RECONNECT_AND_RESEND : RECONNECT) : false),
    ...serverOptions(address),
  } satisfies RedisOptions;
  return isBlocking ? new Redis(options) : new FailFastRedis(options);
}

function serverOptions(address: RedisAddress & { readonly kind: 'standalone' | 'sentinel' }) {
  if (address.kind === 'standalone') return address.server;
  const { username, password } = address.sentinelCredentials;
  return {
    sentinels: [...address.sentinels],
    name: address.masterName,
    ...(username === undefined ? {} : { sentinelUsername: username }),
    ...(password === undefined ? {} : { sentinelPassword: password }),
    sentinelRetryStrategy: retryDelay,
    // A frozen Sentinel must not delay the others.
    sentinelCommandTimeout: CONNECT_TIMEOUT_MS,
    ...(address.tls ? { enableTLSForSentinelMode: true, sentinelTLS: {} } : {}),
  } satisfies RedisOptions;
}

/** A restarted Redis is back in well under a second; the default grows to five. */
export function retryDelay(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 10), 1_000) + Math.random() * 100;
}

const RECONNECT = 1;
const RECONNECT_AND_RESEND = 2;

/** The server is a replica (now): an endpoint that fails over behind one name keeps its clients on the former primary. */
function isReadOnly(error: Error): boolean {
  return error.message.startsWith('READONLY ');
}

function keepHostName(host: string, callback: (error: null, address: string) => void): void {
  callback(null, host);
}

/**
 * Resolves once the connection works; the Failure after `timeoutMs` names the cause without the URL's password. As long as no
 * error shows a cause, `maxWaits` times as long: on a busy machine this process itself may not have run.
 */
export async function untilConnected(redis: Redis | Cluster, timeoutMs: number, maxWaits = 1): Promise<void> {
  if (redis.status === 'ready') return;
  const emitter: EventEmitter = redis;
  let last: Error | undefined;
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error) => {
      last = error;
    };
    // What a server of a Cluster answers says more than that none of them can be used.
    const errorEvent = redis instanceof Cluster ? 'node error' : 'error';
    const stopListening = () => {
      emitter.off(errorEvent, onError);
      emitter.off('ready', onReady);
    };
    let waits = 0;
    const onTimeout = () => {
      waits++;
      if (last === undefined && waits < maxWaits) {
        timer = setTimeout(onTimeout, timeoutMs);
        return;
      }
      stopListening();
      whyUnreachable(redis, last)
        .then((why) => reject(new Failure('redis_unreachable', 'operator', why)))
        .catch(reject);
    };
    let timer = setTimeout(onTimeout, timeoutMs);
    const onReady = () => {
      clearTimeout(timer);
      stopListening();
      resolve();
    };
    emitter.on(errorEvent, onError);
    emitter.once('ready', onReady);
  });
}
