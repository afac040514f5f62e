import { Failure } from '@wxthirdparty/wechat';
import type { Redis } from 'ioredis';
import type { Events } from '../events.ts';
import { ConfirmedScript, type ConfirmedScriptOptions } from '../redis/confirmed-script.ts';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript } from '../redis/script.ts';
import { replicasRequired } from '../redis/server-state.ts';
import { serverOf } from '../redis/servers.ts';

/** While calls are accepted, and none of them is delayed by it. */
const CHECK_INTERVAL_MS = 150;
/** Longer than a replica needs on a busy host, much shorter than `min-replicas-max-lag`. */
const UNCONFIRMED_FOR_MS = 250;
const MARK_TTL_MS = 60_000;
const RETRY_AFTER_MS = 1_000;

const mark = defineScript({
  keys: ['mark'],
  args: [],
  lua: `redis.call('SET', mark, '1', 'PX', ${MARK_TTL_MS})`,
  decode: () => undefined,
});

function markWrite(redis: RedisClient, options: ConfirmedScriptOptions) {
  return new ConfirmedScript(redis, mark, options);
}

interface ServerWatch {
  isChecking: boolean;
  checkedAt: number;
  /** Since when no replica has confirmed a write; undefined: one has, or there is none. */
  unconfirmedSince: number | undefined;
  /** The server itself will soon refuse to write without a replica (`min-replicas-to-write`). */
  requiresReplica: boolean;
}

/**
 * Whether replicas receive what is written. A primary that is cut off from its replicas, and may have been replaced already,
 * accepts writes for up to `min-replicas-max-lag` seconds, and all of them will be lost. What may be refused is refused earlier.
 * Where `min-replicas-to-write` is 0 the operator has chosen availability, and nothing is.
 */
export class ReplicaWatch {
  readonly #redis: RedisClient;
  readonly #events: Events;
  readonly #mark: ReturnType<typeof markWrite>;
  /** By connection: one, or one for each master of a Cluster. */
  readonly #servers = new WeakMap<Redis, ServerWatch>();

  /** The connection may be that of other confirmed scripts, and has no other use. */
  constructor(redis: RedisClient, events: Events, options: ConfirmedScriptOptions = {}) {
    this.#redis = redis;
    this.#events = events;
    this.#mark = markWrite(redis, options);
  }

  close(): void {
    this.#mark.close();
  }

  /**
   * Throws Failure `redis_unreachable` if what is written for this account now will probably be lost. It waits for nothing: it
   * starts a check for those that come later.
   */
  refuseUnreplicated(component: string, appid: string): void {
    const key = this.#redis.keyspace.replicaMark(component, appid);
    const server = this.#serverOf(key);
    if (server === undefined) return;
    const watch = this.#watchOf(server);
    const now = performance.now();
    if (!watch.isChecking && now - watch.checkedAt >= CHECK_INTERVAL_MS) void this.#check(server, watch, key);
    const { unconfirmedSince, requiresReplica } = watch;
    if (!requiresReplica || unconfirmedSince === undefined || now - unconfirmedSince < UNCONFIRMED_FOR_MS) return;
    throw new Failure('redis_unreachable', 'retry', 'No replica of Redis receives what is written.', {
      retryAfterMs: RETRY_AFTER_MS,
    });
  }

  /** Undefined: it is not known at the moment, so the write itself will fail. */
  #serverOf(key: string): Redis | undefined {
    try {
      return serverOf(this.#redis, key);
    } catch {
      return undefined;
    }
  }

  #watchOf(server: Redis): ServerWatch {
    const known = this.#servers.get(server);
    if (known) return known;
    const watch: ServerWatch = {
      isChecking: false,
      checkedAt: Number.NEGATIVE_INFINITY,
      unconfirmedSince: undefined,
      requiresReplica: false,
    };
    this.#servers.set(server, watch);
    return watch;
  }

  async #check(server: Redis, watch: ServerWatch, key: string): Promise<void> {
    watch.isChecking = true;
    const startedAt = performance.now();
    try {
      const { isConfirmed } = await this.#mark.run({ mark: key });
      if (isConfirmed !== false) {
        watch.unconfirmedSince = undefined;
      } else if (watch.unconfirmedSince === undefined) {
        watch.requiresReplica = replicasRequired(await server.info('replication'));
        watch.unconfirmedSince = startedAt;
        this.#events.publish('redis', { what: 'wait_unacked', write: 'call' });
      }
    } catch {
      // Redis refuses the write or does not answer, so it refuses the calls, too.
      watch.unconfirmedSince = undefined;
    } finally {
      watch.isChecking = false;
      watch.checkedAt = startedAt;
    }
  }
}
