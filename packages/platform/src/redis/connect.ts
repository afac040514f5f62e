import type { EventEmitter } from 'node:events';
import { Failure } from '@wxthirdparty/wechat';
import { Cluster, type ClusterOptions, type Command, Redis, type RedisOptions } from 'ioredis';
import { parseRedisAddress, type RedisAddress } from './address.ts';
import { type Keyspace, keyspaceOf } from './keys.ts';

/**
 * `blocking`: commands wait for a lost connection to come back (workers; BullMQ demands it).
 * `fail-fast`: commands fail at once while Redis is away, so that a caller gets an answer in time (gateways).
 * `intake`: the same, in the time that WeChat waits for the answer to a push.
 */
export type ConnectionMode = 'blocking' | 'fail-fast' | 'intake';

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

/** Makes all commands of a fail-fast connection fail with `failure`, or, where it is undefined, work again. */
export function refuseCommands(redis: RedisClient, failure: Failure | undefined): void {
  if (!(redis instanceof FailFastRedis || redis instanceof FailFastCluster)) {
    throw new Error('only a fail-fast connection refuses commands');
  }
  redis.refusal = failure;
}

/** What commands of this connection fail with instead of being sent; undefined: they are sent. */
export function refusalOf(redis: RedisClient): Failure | undefined {
  return redis instanceof FailFastRedis || redis instanceof FailFastCluster ? redis.refusal : undefined;
}

/** Opens one connection; answers before it is ready. */
export function connectRedis(
  { redisUrl, redisPrefix }: RedisSettings,
  mode: ConnectionMode,
  name: string,
): RedisClient {
  const redis = open(addressOf(redisUrl), mode, name);
  // Without a listener every lost connection would be an unhandled error; /readyz reports the state.
  redis.on('error', () => {});
  return withKeyspace(redis, redisPrefix);
}

function addressOf(url: string): RedisAddress {
  const address = parseRedisAddress(url);
  if ('fault' in address) throw new Failure('unsupported_redis_url', 'operator', `REDIS_URL ${address.fault}.`);
  return address;
}

/** ioredis tries a dead Sentinel or server first, for 10 s by default. */
const CONNECT_TIMEOUT_MS = 1_500;
/** Without an answer to a command, the connection counts as lost: one that was cut reports nothing for many minutes. */
const SOCKET_TIMEOUT_MS = 3_000;
/** BullMQ blocks for up to 10 s, in the duplicates that it makes of a blocking connection. */
const BLOCKED_SOCKET_TIMEOUT_MS = 12_000;
const CLUSTER_RETRY_MS = 100;

function open(address: RedisAddress, mode: ConnectionMode, name: string): Redis | Cluster {
  const isBlocking = mode === 'blocking';
  const common = {
    ...address.credentials,
    connectionName: name,
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: SOCKET_TIMEOUT_MS,
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
    if (!isBlocking) return new FailFastCluster(servers, options);
    return onDuplicate(new Cluster(servers, options), allowBlockedNodes);
  }
  const options = {
    ...common,
    db: address.db,
    enableOfflineQueue: isBlocking,
    retryStrategy: retryDelay,
    reconnectOnError: (error: Error) => (isReadOnly(error) ? (isBlocking ? RECONNECT_AND_RESEND : RECONNECT) : false),
    ...serverOptions(address),
  } satisfies RedisOptions;
  return isBlocking ? onDuplicate(new Redis(options), allowBlocked) : new FailFastRedis(options);
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
function retryDelay(times: number): number {
  return Math.min(50 * 2 ** Math.min(times, 10), 1_000) + Math.random() * 100;
}

const RECONNECT = 1;
const RECONNECT_AND_RESEND = 2;

/** The server is a replica (now): an endpoint that fails over behind one name keeps its clients on the former primary. */
function isReadOnly(error: Error): boolean {
  return error.message.startsWith('READONLY ');
}

/** Calls `opened` with every connection that is made as a duplicate of this one. */
function onDuplicate<Connection extends Redis | Cluster>(
  connection: Connection,
  opened: (duplicate: Connection) => void,
): Connection {
  connection.duplicate = new Proxy(connection.duplicate, {
    apply(duplicate, self, args) {
      const made = Reflect.apply(duplicate, self, args);
      opened(made);
      return made;
    },
  });
  return connection;
}

function allowBlocked(redis: Redis): void {
  redis.options.socketTimeout = BLOCKED_SOCKET_TIMEOUT_MS;
}

function allowBlockedNodes(cluster: Cluster): void {
  cluster.on('+node', allowBlocked);
}

function keepHostName(host: string, callback: (error: null, address: string) => void): void {
  callback(null, host);
}

/** What ioredis sends by itself when it connects. */
const CONNECTING = new Set(['auth', 'client', 'cluster', 'hello', 'info', 'select']);

/** Rejects commands with a Failure of ours while Redis is unreachable or cannot execute them. */
class FailFastRedis extends Redis {
  /** While it is set, every command fails with it instead of being sent. */
  refusal: Failure | undefined;

  override sendCommand(command: Command, ...rest: Rest<Redis['sendCommand']>): unknown {
    return isRefused(command, this.refusal) ? command.promise : super.sendCommand(translateErrors(command), ...rest);
  }
}

class FailFastCluster extends Cluster {
  refusal: Failure | undefined;

  override sendCommand(command: Command, ...rest: Rest<Cluster['sendCommand']>): unknown {
    return isRefused(command, this.refusal) ? command.promise : super.sendCommand(translateErrors(command), ...rest);
  }
}

type Rest<Method extends (...args: never[]) => unknown> =
  Parameters<Method> extends [unknown, ...infer Others] ? Others : never;

function isRefused(command: Command, refusal: Failure | undefined): boolean {
  if (!refusal || CONNECTING.has(command.name)) return false;
  command.reject(refusal);
  return true;
}

/** Not by a promise of our own: ioredis sends commands whose promise only ioredis itself reads. */
function translateErrors(command: Command): Command {
  const reject = command.reject;
  command.reject = (error) => reject.call(command, translateError(error));
  return command;
}

/** An error of ioredis as a fail-fast connection reports it. */
export function translateError(error: Error): Error {
  return error.name === 'ReplyError' ? refusedBy(error) : unreachable(error);
}

/** What Redis itself answers stays as it is, but for the states in which no command of that kind has a chance. */
function refusedBy(cause: Error): Error {
  if (cause.message.startsWith('OOM ')) {
    return new Failure('overloaded', 'slow-down', 'Redis is out of memory.', { cause, retryAfterMs: 30_000 });
  }
  // It is loading its file, is no master (any more), or its disk is full.
  return /^(?:LOADING|READONLY|MASTERDOWN|CLUSTERDOWN|MISCONF) /.test(cause.message) ? unreachable(cause) : cause;
}

function unreachable(cause: Error): Failure {
  return cause instanceof Failure
    ? cause
    : new Failure('redis_unreachable', 'retry', 'Redis does not answer.', { cause, retryAfterMs: 2_000 });
}

/** Resolves once the connection works; the Failure after `modeMs` names the cause without the URL's password. */
export async function untilConnected(redis: Redis | Cluster, modeMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  const emitter: EventEmitter = redis;
  let last: Error | undefined;
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error) => {
      last = error;
    };
    const timer = setTimeout(() => {
      emitter.off('error', onError);
      emitter.off('ready', onReady);
      reject(
        new Failure(
          'redis_unreachable',
          'operator',
          `Redis does not answer (${last?.message ?? 'no answer'}); is it running, and is REDIS_URL right?`,
        ),
      );
    }, modeMs);
    const onReady = () => {
      clearTimeout(timer);
      emitter.off('error', onError);
      resolve();
    };
    emitter.on('error', onError);
    emitter.once('ready', onReady);
  });
}
