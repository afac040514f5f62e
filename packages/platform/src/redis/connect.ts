import { Failure } from '@wxthirdparty/wechat';
import { type Command, Redis, type RedisOptions } from 'ioredis';
import { type Keyspace, keyspaceOf } from './keys.ts';

/**
 * `blocking`: commands wait for a lost connection to come back (workers; BullMQ demands it).
 * `fail-fast`: commands fail at once while Redis is away, so that a caller gets an answer in time (gateways).
 */
export type ConnectionMode = 'blocking' | 'fail-fast';

/** Where a deployment keeps its state in Redis. */
export interface RedisSettings {
  /** `redis://` or `rediss://`. */
  readonly redisUrl: string;
  /** In front of every key, channel and queue, so that several deployments may share one database of one Redis. */
  readonly redisPrefix: string;
}

/** A connection that knows the names its deployment uses. */
export type RedisClient = Redis & { readonly keyspace: Keyspace };

export function withKeyspace(redis: Redis, prefix: string): RedisClient {
  return Object.assign(redis, { keyspace: keyspaceOf(prefix) });
}

/** Makes all commands of a fail-fast connection fail with `failure`, or, where it is undefined, work again. */
export function refuseCommands(redis: RedisClient, failure: Failure | undefined): void {
  if (!(redis instanceof FailFastRedis)) throw new Error('only a fail-fast connection refuses commands');
  redis.refusal = failure;
}

/** Opens one connection; answers before it is ready. */
export function connectRedis(
  { redisUrl: url, redisPrefix }: RedisSettings,
  mode: ConnectionMode,
  name: string,
): RedisClient {
  if (!/^rediss?:\/\//.test(url)) {
    throw new Failure(
      'unsupported_redis_url',
      'operator',
      'REDIS_URL must start with redis:// or rediss://; Sentinel and Cluster are not supported yet.',
    );
  }
  const options = {
    connectionName: name,
    // A restarted Redis is back in well under a second; the default grows to five.
    retryStrategy: (times: number) => Math.min(50 * 2 ** Math.min(times, 10), 1_000) + Math.random() * 100,
    ...(mode === 'blocking'
      ? { maxRetriesPerRequest: null }
      : { maxRetriesPerRequest: 0, enableOfflineQueue: false, commandTimeout: 5_000 }),
  } satisfies RedisOptions;
  const redis = mode === 'blocking' ? new Redis(url, options) : new FailFastRedis(url, options);
  // Without a listener every lost connection would be an unhandled error; /readyz reports the state.
  redis.on('error', () => {});
  return withKeyspace(redis, redisPrefix);
}

/** What ioredis sends by itself when it connects. */
const CONNECTING = new Set(['auth', 'client', 'hello', 'info', 'select']);

/** Rejects commands with a Failure of ours while Redis is unreachable or cannot execute them. */
class FailFastRedis extends Redis {
  /** While it is set, every command fails with it instead of being sent. */
  refusal: Failure | undefined;

  override sendCommand(command: Command, ...rest: SendRest): unknown {
    if (this.refusal && !CONNECTING.has(command.name)) {
      command.reject(this.refusal);
      return command.promise;
    }
    // Not by a promise of our own: ioredis sends commands whose promise only ioredis itself reads.
    const reject = command.reject;
    command.reject = (error) =>
      reject.call(command, error.name === 'ReplyError' ? refusedBy(error) : unreachable(error));
    return super.sendCommand(command, ...rest);
  }
}

type SendRest = Parameters<Redis['sendCommand']> extends [unknown, ...infer Rest] ? Rest : never;

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
export async function untilConnected(redis: Redis, modeMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  let last: Error | undefined;
  await new Promise<void>((resolve, reject) => {
    const onError = (error: Error) => {
      last = error;
    };
    const timer = setTimeout(() => {
      redis.off('error', onError);
      redis.off('ready', onReady);
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
      redis.off('error', onError);
      resolve();
    };
    redis.on('error', onError);
    redis.once('ready', onReady);
  });
}
