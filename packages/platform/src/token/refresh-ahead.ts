import { randomUUID } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import { BoundedCache } from '../bounded-cache.ts';
import type { RedisClient } from '../redis/connect.ts';
import { DueSet } from '../redis/due-set.ts';
import { defineScript } from '../redis/script.ts';
import { isTokenKindName, restoredOwners, type TokenKindName, type TokenOwner } from './token.ts';

const IN_USE_MS = 24 * 60 * 60_000;
const RESTORED_TTL_MS = 7 * IN_USE_MS;
const CLAIM_MS = 60_000;
/** A process that fills the set renews its claim with each page; if it dies, another one starts after this time. */
const RESTORING_MS = 10_000;
/** A process that restores less than a page in this time starts again; what is in the set stays as it is. */
const RESTORED_TO_TTL_MS = 60 * 60_000;
/** A mark that lasts a day need not be renewed with each call. */
const MARK_EVERY_MS = 10 * 60_000;
const MAX_MARKS = 100_000;

/** Renews the claim for `RESTORING_MS` and stores how far it is, unless another process has taken over. */
const holdRestoring = defineScript({
  keys: ['restoring', 'restored_to'],
  args: ['claim', 'last'],
  lua: `
if redis.call('GET', restoring) ~= claim then return 0 end
if last ~= '' then redis.call('SET', restored_to, last, 'PX', ${RESTORED_TO_TTL_MS}) end
return redis.call('PEXPIRE', restoring, ${RESTORING_MS})`,
  decode: (renewed: number) => renewed === 1,
});

/** How one process fills the set. */
export interface Filling {
  /** Accounts that were used since then are in use. */
  readonly since: Date;
  /** The last account that an earlier filling has come to; it ended before its end. */
  readonly after: string | undefined;
  /** At the end of each page; `last`: its last account. Throws if another process has taken over. */
  hold(last?: string): Promise<void>;
}

const releaseRestoring = defineScript({
  keys: ['restoring'],
  args: ['claim'],
  lua: "if redis.call('GET', restoring) == claim then redis.call('DEL', restoring) end",
});

/** Which tokens of accounts are refreshed ahead of their end, and when: those that were in use in the last 24 hours. */
export class RefreshAhead {
  readonly #redis: RedisClient;
  readonly #markedAt = new BoundedCache<string, number>(MAX_MARKS);

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  async schedule(owner: TokenOwner, inMs: number): Promise<void> {
    await this.#dueOf(owner).schedule(memberOf(owner), inMs);
  }

  /**
   * Adds a page of accounts to a Redis that was emptied: they are in use, and their tokens due unless a time is known
   * already. Marks that this process remembers are gone. All commands are sent at once, so that a page costs one round trip.
   */
  async restore(component: string, appids: readonly string[], inMs: () => number): Promise<void> {
    if (appids.length === 0) return;
    const owners = appids.flatMap((appid) => restoredOwners(component, appid));
    await Promise.all([
      ...owners.map((owner) => this.#mark(this.#usedKey(owner))),
      this.#due(component).scheduleNew(owners.map((owner) => [memberOf(owner), inMs()])),
    ]);
  }

  /** Up to `limit` tokens that are due, and up to as many tickets; they are due again after `CLAIM_MS`, unless they have been scheduled by then. */
  async claim(component: string, limit: number): Promise<TokenOwner[]> {
    return (await this.#claim(component, limit)).owners;
  }

  /** All that are due now, in batches of that size; the next one is claimed when it is asked for. */
  async *claimAll(component: string, limit: number): AsyncGenerator<TokenOwner[]> {
    for (;;) {
      const { owners, isFull } = await this.#claim(component, limit);
      if (owners.length > 0) yield owners;
      if (!isFull) return;
    }
  }

  /** For how long (ms) the first token or ticket has been due, and was claimed by no process; 0: none is. */
  async overdueMs(component: string): Promise<number> {
    return Math.max(
      ...(await Promise.all([this.#due(component).overdueMs(), this.#dueTickets(component).overdueMs()])),
    );
  }

  async #claim(component: string, limit: number): Promise<{ owners: TokenOwner[]; isFull: boolean }> {
    const members = await Promise.all([this.#due(component).claim(limit), this.#dueTickets(component).claim(limit)]);
    return {
      owners: members.flat().flatMap((member) => ownerOf(component, member) ?? []),
      isFull: members.some(({ length }) => length === limit),
    };
  }

  async drop(owner: TokenOwner): Promise<void> {
    await this.#dueOf(owner).remove(memberOf(owner));
  }

  async markUsed(owner: TokenOwner): Promise<void> {
    const key = this.#usedKey(owner);
    const markedAt = this.#markedAt.get(key);
    if (markedAt !== undefined && performance.now() - markedAt < MARK_EVERY_MS) return;
    await this.#mark(key);
  }

  async inUse(owner: TokenOwner): Promise<boolean> {
    return (await this.#redis.exists(this.#usedKey(owner))) === 1;
  }

  /**
   * Calls `fill` once after each time that Redis was emptied, in one process at a time; a fill that fails is continued by a later
   * call.
   */
  async restoreOnce(component: string, fill: (filling: Filling) => Promise<void>): Promise<boolean> {
    const { dueRestored, dueRestoring, dueRestoredTo } = this.#redis.keyspace;
    if ((await this.#redis.exists(dueRestored(component))) === 1) return false;
    const restoring = dueRestoring(component);
    const restoredTo = dueRestoredTo(component);
    const claim = randomUUID();
    if ((await this.#redis.set(restoring, claim, 'PX', RESTORING_MS, 'NX')) !== 'OK') return false;
    const hold = async (last = '') => {
      if (await holdRestoring.run(this.#redis, { restoring, restored_to: restoredTo }, { claim, last })) return;
      throw new Failure('restoring_lost', 'retry', 'Another process has taken over filling the due set.');
    };
    try {
      const after = (await this.#redis.get(restoredTo)) ?? undefined;
      await fill({ since: new Date(Date.now() - IN_USE_MS), after, hold });
      await hold();
      await this.#redis.set(dueRestored(component), '1', 'PX', RESTORED_TTL_MS);
      await this.#redis.del(restoredTo);
      return true;
    } finally {
      await releaseRestoring.run(this.#redis, { restoring }, { claim });
    }
  }

  #dueOf({ kind, component }: TokenOwner): DueSet {
    return isOfFirstVersion(kind) ? this.#due(component) : this.#dueTickets(component);
  }

  #dueTickets(component: string): DueSet {
    return new DueSet(this.#redis, this.#redis.keyspace.dueTickets(component), CLAIM_MS);
  }

  #due(component: string): DueSet {
    return new DueSet(this.#redis, this.#redis.keyspace.due(component), CLAIM_MS);
  }

  #usedKey({ kind, component, appid }: TokenOwner): string {
    const { used, usedTicket } = this.#redis.keyspace;
    return isOfFirstVersion(kind) ? used(component, appid) : usedTicket(component, appid, kind);
  }

  async #mark(key: string): Promise<void> {
    this.#markedAt.set(key, performance.now());
    await this.#redis.set(key, '1', 'PX', IN_USE_MS);
  }
}

/** Their members and marks do not name the kind, since other versions read them so. */
function isOfFirstVersion(kind: TokenKindName): boolean {
  return kind === 'authorizer' || kind === 'component';
}

/** A bare appid for the kinds that were there first; `kind:appid` for every other kind. */
function memberOf({ kind, appid }: TokenOwner): string {
  return isOfFirstVersion(kind) ? appid : `${kind}:${appid}`;
}

/** Undefined for a kind of a newer version. */
function ownerOf(component: string, member: string): TokenOwner | undefined {
  const colon = member.indexOf(':');
  if (colon === -1) return { kind: member === component ? 'component' : 'authorizer', component, appid: member };
  const kind = member.slice(0, colon);
  return isTokenKindName(kind) ? { kind, component, appid: member.slice(colon + 1) } : undefined;
}
