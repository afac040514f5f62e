import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import type { Authorizers } from '../authorizer/authorizers.ts';
import type { ReportingWriter } from '../database/bulk.ts';
import type { Sql } from '../database/open.ts';
import { eraseFollowers, hasFollowers, longRevoked } from '../follower/erase-followers.ts';
import type { FollowerSyncStore } from '../follower/follower-sync-store.ts';
import type { Persons } from '../journal/person.ts';
import type { PushPlace, PushRemoval } from '../journal/remove-pushes.ts';
import { seqOf } from '../journal/stream-entry.ts';
import type { Actor, Audit } from '../key/audit.ts';
import type { JobDisposition } from '../queue/job.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { RedisClient } from '../redis/connect.ts';
import { redisTimeMs } from '../redis/redis-time.ts';
import { type ErasurePayload, erasureKey } from './erasure-job.ts';

/** Then the job goes to the tail of the queue. */
const SLICE_MS = 4_000;
const JOURNALED_POLL_MS = 500;
/** How long a repeated request is answered `completed`. */
const COMPLETED_TTL_MS = 60 * 60_000;
const MAX_REVOKED_AT_ONCE = 100;

export interface ErasureRequest {
  readonly what: ErasurePayload['what'];
  readonly appid: string;
  /** If several have the account. */
  readonly component?: string | undefined;
  /** Of a person only. */
  readonly openid?: string | undefined;
}

export interface ErasureDeps {
  readonly redis: RedisClient;
  readonly sql: Sql;
  readonly writer: ReportingWriter;
  readonly removal: PushRemoval;
  readonly persons: Persons;
  readonly authorizerStore: Pick<AuthorizerStore, 'find'>;
  readonly syncs: Pick<FollowerSyncStore, 'active' | 'steer'>;
  readonly queue: OpenQueue<ErasurePayload>;
}

/** Erases personal data on request: what was accepted before the request, once it is journaled. */
export class Erasures {
  readonly #deps: ErasureDeps;

  constructor(deps: ErasureDeps) {
    this.#deps = deps;
  }

  /** Throws Failure `unknown_authorizer`, `ambiguous_component`. */
  async request(
    { what, appid, component, openid }: ErasureRequest,
    actor: Actor,
    { authorizers, audit }: { authorizers: Pick<Authorizers, 'find'>; audit: Pick<Audit, 'note'> },
  ): Promise<'running' | 'completed'> {
    const account = await authorizers.find(appid, component);
    const { redis, persons, queue } = this.#deps;
    const hashes = openid === undefined ? undefined : persons.hashes(account.component, appid, openid);
    const erasure = { component: account.component, appid, what, ...(hashes ? { hashes } : {}) };
    const done = await redis.get(redis.keyspace.erased(erasureKey(erasure)));
    if (done !== null && !(await this.#remains(erasure, Number(done)))) return 'completed';
    const target = hashes?.[0] ?? appid;
    await audit.note(actor, `${WORDS[what]} of ${appid} erased`, target);
    await queue.add({ ...erasure, upTo: await this.#lastAccepted() });
    return 'running';
  }

  /** Starts the erasure of the followers of accounts whose consent ended before `before`; returns how many accounts. */
  async startForRevoked(before: Date): Promise<number> {
    const accounts = await longRevoked(this.#deps.sql, before, MAX_REVOKED_AT_ONCE);
    for (const account of accounts) {
      await this.#deps.queue.add({ ...account, what: 'followers', upTo: 0, ifRevoked: true });
    }
    return accounts.length;
  }

  /** One slice. */
  async run(erasure: ErasurePayload, signal: AbortSignal): Promise<JobDisposition> {
    const { redis } = this.#deps;
    if (!(await this.#isJournaled(erasure.upTo))) return { delayMs: JOURNALED_POLL_MS };
    if (erasure.ifRevoked) {
      const account = await this.#deps.authorizerStore.find(erasure.component, erasure.appid);
      if (account?.state !== 'revoked') return undefined;
    }
    const endsAt = performance.now() + SLICE_MS;
    for (const next = this.#windowsOf(erasure); ; ) {
      if (signal.aborted || performance.now() > endsAt) return { requeue: true };
      if (await next()) break;
    }
    await redis.set(redis.keyspace.erased(erasureKey(erasure)), erasure.upTo, 'PX', COMPLETED_TTL_MS);
    return undefined;
  }

  /** Each call removes one window; true: it was the last one. */
  #windowsOf(erasure: ErasurePayload): () => Promise<boolean> {
    const { component, appid, what, hashes = [], upTo } = erasure;
    const { sql, writer, removal, syncs } = this.#deps;
    const account = { component, appid };
    switch (what) {
      case 'account':
        return () => removal.removeAccount(account, upTo);
      case 'person':
        return async () => {
          const place = await this.#progress(erasure);
          const next = await removal.removePerson(account, hashes, place, upTo);
          if (next) await this.#saveProgress(erasure, next);
          return next === undefined;
        };
      case 'followers':
        return async () => {
          // Its next slice would store them again.
          const sync = await syncs.active(account);
          if (sync) await syncs.steer(sync.id, 'cancelled', ['queued', 'running', 'paused']);
          return eraseFollowers({ sql, writer }, account);
        };
      default:
        return what satisfies never;
    }
  }

  /** The next slice, or another process after a crash, continues there. */
  async #progress(erasure: ErasurePayload): Promise<PushPlace> {
    const { redis } = this.#deps;
    const [upTo, seq, id] = ((await redis.get(redis.keyspace.erasing(erasureKey(erasure)))) ?? '').split(' ');
    return Number(upTo) === erasure.upTo && id !== undefined ? { seq: Number(seq), id } : { seq: 0, id: '' };
  }

  async #saveProgress(erasure: ErasurePayload, { seq, id }: PushPlace): Promise<void> {
    const { redis } = this.#deps;
    const key = redis.keyspace.erasing(erasureKey(erasure));
    await redis.set(key, `${erasure.upTo} ${seq} ${id}`, 'PX', COMPLETED_TTL_MS);
  }

  #remains({ component, appid, what, hashes }: Omit<ErasurePayload, 'upTo'>, after: number): Promise<boolean> {
    const account = { component, appid };
    return what === 'followers'
      ? hasFollowers(this.#deps.sql, account)
      : this.#deps.removal.remain(account, hashes, after);
  }

  /** The seq of what is accepted now; everything that was accepted has this one or a smaller one. */
  async #lastAccepted(): Promise<number> {
    const { redis } = this.#deps;
    const [nowMs, [last]] = await Promise.all([
      redisTimeMs(redis, redis.keyspace.pushStream),
      redis.xrevrange(redis.keyspace.pushStream, '+', '-', 'COUNT', 1),
    ]);
    const now = nowMs * 1_000 + 999;
    return last ? Math.max(now, seqOf(last[0])) : now;
  }

  async #isJournaled(seq: number): Promise<boolean> {
    const { redis } = this.#deps;
    const [oldest] = await redis.xrange(redis.keyspace.pushStream, '-', '+', 'COUNT', 1);
    return oldest === undefined || seqOf(oldest[0]) > seq;
  }
}

const WORDS = { person: 'pushes of a person', account: 'pushes', followers: 'followers' } as const satisfies Record<
  ErasurePayload['what'],
  string
>;
