import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import type { Lease, Leases } from '../redis/lease.ts';
import { retryAfterMs } from './retry-plan.ts';
import type { TokenOwner } from './token.ts';
import type { FetchedToken, TokenKind } from './token-kind.ts';
import { OUTRUN_REFRESH_IN_MS, type TokenStore } from './token-store.ts';
import { timesOf } from './token-times.ts';

/** Short, so that another node takes over soon after this one died; it is extended for as long as WeChat takes. */
const LEASE_TTL_MS = 4_000;
/** A trouble that passes within seconds should not cost a minute. */
const QUICK_TRIES = 3;
const QUICK_TRIES_WITHIN_MS = 5_000;
/** Where WeChat was not even asked, for lack of a ticket or of the component's own token. */
const UNASKED_RETRY_MS = 5_000;
/** Where its quota is closed: looking whether it has opened costs WeChat nothing. */
const CLOSED_RETRY_MS = 60_000;

/**
 * `fresh`: nothing was due. `held`: another node is at it. `backing-off`: it failed lately. `outrun`: a newer token was
 * stored meanwhile, ours is thrown away. `left`: the process is leaving, another one has to fetch it.
 */
export type RefreshOutcome =
  | { readonly outcome: 'stored' | 'outrun'; readonly version: number; readonly tookMs: number }
  | { readonly outcome: 'failed'; readonly failure: Failure }
  | { readonly outcome: 'fresh' | 'held' | 'backing-off' | 'left' };

class LeaseEnded extends Error {}

/**
 * Fetches the owner's token from WeChat if and only if it is due: expiry, refresh-ahead, a refusal and a re-run after a
 * crash are the same case. The lease keeps others from asking at the same time; the fence decides whose answer counts.
 */
export async function refresh(
  owner: TokenOwner,
  kind: TokenKind,
  { leases, store }: { readonly leases: Leases; readonly store: TokenStore },
  signal?: AbortSignal,
): Promise<RefreshOutcome> {
  const lease = await leases.take(store.leaseKey(owner), LEASE_TTL_MS);
  if (lease === 'held') return { outcome: 'held' };
  try {
    const admitted = await store.admit(owner, lease.value);
    if (!admitted) return { outcome: 'held' };
    const { fence, record } = admitted;
    if (record.now < record.refreshAt) return { outcome: 'fresh' };
    if (record.now < record.retryAt) return { outcome: 'backing-off' };
    return await fetchUnderFence(owner, kind, store, lease, fence, record.now, signal);
  } catch (error) {
    if (error instanceof LeaseEnded) return { outcome: 'held' };
    throw error;
  } finally {
    await lease.release();
  }
}

async function fetchUnderFence(
  owner: TokenOwner,
  kind: TokenKind,
  store: TokenStore,
  lease: Lease,
  fence: number,
  redisNow: number,
  signal: AbortSignal | undefined,
): Promise<RefreshOutcome> {
  // Redis' clock carried on by the monotonic one, which a freeze does not stop.
  const admittedAt = performance.now();
  let sentAt: number | undefined;
  const leaving = () => {
    // The last look: a process that was frozen since it took the lease must not mint.
    if (!lease.alive()) throw new LeaseEnded();
    sentAt = redisNow + (performance.now() - admittedAt);
  };
  let fetched: FetchedToken;
  try {
    const context = { leaving, ...(signal ? { signal } : {}) };
    fetched = await fetchPersistently(() => kind.fetch(owner, context), lease, signal);
  } catch (error) {
    // Says nothing about WeChat: a failure that stands in the record would keep the others from asking.
    if (signal?.aborted) return { outcome: 'left' };
    if (!(error instanceof Failure)) throw error;
    const asked = sentAt !== undefined;
    const unasked = error.remedy === 'slow-down' ? CLOSED_RETRY_MS : UNASKED_RETRY_MS;
    await store.fail(owner, fence, error, asked ? retryAfterMs(error) : unasked, asked);
    return { outcome: 'failed', failure: error };
  }
  // WeChat counts from its answer; we cannot see when it minted, only that it was after the request left.
  const mintedAt = sentAt ?? redisNow;
  const times = timesOf(fetched.expiresInMs);
  const outcome = await store.publish(owner, fence, {
    value: fetched.value,
    refreshAt: mintedAt + times.refreshInMs,
    trustedUntil: mintedAt + times.trustForMs,
    expiresAt: mintedAt + fetched.expiresInMs,
    sentAt: mintedAt,
  });
  // Outrun, we have shortened what is stored: it falls due before the time that its own publisher noted.
  const refreshInMs = outcome === 'stored' ? times.refreshInMs : Math.min(times.refreshInMs, OUTRUN_REFRESH_IN_MS);
  await kind.published?.(owner, { refreshInMs });
  return { outcome, version: fence, tookMs: Math.round(performance.now() - admittedAt) };
}

async function fetchPersistently(
  fetch: () => Promise<FetchedToken>,
  lease: Lease,
  signal: AbortSignal | undefined,
): Promise<FetchedToken> {
  const begunAt = performance.now();
  for (let tries = 1; ; tries++) {
    try {
      return await fetch();
    } catch (error) {
      const passing = error instanceof Failure && error.remedy === 'retry';
      const timeLeft = performance.now() - begunAt < QUICK_TRIES_WITHIN_MS;
      if (!passing || tries >= QUICK_TRIES || !timeLeft || !lease.alive() || signal?.aborted) throw error;
      await pause(500 * 2 ** (tries - 1));
    }
  }
}
