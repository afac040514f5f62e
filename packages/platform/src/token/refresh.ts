import { setTimeout as pause } from 'node:timers/promises';
import { Failure } from '@wxthirdparty/wechat';
import type { Lease, Leases } from '../redis/lease.ts';
import type { ClosedGate, HostGate } from './host-gate.ts';
import { classOf, isTransient, retryAfterMs } from './refresh-failure.ts';
import type { TokenOwner } from './token.ts';
import type { FetchedToken, TokenKind, TokenSource } from './token-kind.ts';
import { SUPERSEDED_REFRESH_IN_MS, type TokenStore } from './token-store.ts';
import { timesOf } from './token-times.ts';

/** Short, so that another node takes over soon after this one died; it is extended for as long as WeChat takes. */
const LEASE_TTL_MS = 4_000;
/** Between the tries of one run: an error of a few seconds should not cost a minute. */
const QUICK_RETRY_PAUSES_MS = [500, 3_000];
const QUICK_RETRIES_TIMEOUT_MS = 5_000;

/**
 * `fresh`: nothing was due. `held`: another node is fetching it. `backing-off`: it failed recently. `superseded`: a newer token
 * was stored meanwhile, and this one is dropped. `aborted`: the process is shutting down, another one has to fetch it.
 * `not-here`: this process cannot ask WeChat at present, and another one can.
 */
export type RefreshOutcome =
  | { readonly outcome: 'stored' | 'superseded'; readonly version: number; readonly tookMs: number }
  | { readonly outcome: 'failed'; readonly failure: Failure }
  /** `isNews`: nothing was wrong with this process before. */
  | { readonly outcome: 'not-here'; readonly failure: Failure; readonly isNews: boolean; readonly retryInMs: number }
  | { readonly outcome: 'fresh' | 'held' | 'backing-off' | 'aborted' };

class LeaseEnded extends Error {}

export interface RefreshParts {
  readonly leases: Leases;
  readonly store: TokenStore;
  readonly gate: HostGate;
  readonly tokens: TokenSource;
}

/**
 * Fetches the owner's token from WeChat if and only if it is due: expiry, refresh-ahead, a refusal and a re-run after a
 * crash are the same case. The lease keeps others from asking at the same time; the fence decides whose answer counts.
 */
export async function refresh(
  owner: TokenOwner,
  kind: TokenKind,
  { leases, store, gate, tokens }: RefreshParts,
  signal?: AbortSignal,
): Promise<RefreshOutcome> {
  const closed = gate.closed(owner.component);
  if (closed && (await gate.othersCan(owner.component))) return { outcome: 'not-here', ...closed, isNews: false };
  const lease = await leases.take(store.leaseKey(owner), LEASE_TTL_MS);
  if (lease === 'held') return { outcome: 'held' };
  try {
    const admitted = await store.admit(owner, lease.value);
    if (!admitted) return { outcome: 'held' };
    const { fence, record } = admitted;
    if (record.now < record.refreshAt) return { outcome: 'fresh' };
    if (record.now < record.retryAt) return { outcome: 'backing-off' };
    if (closed) return await recordClosed(owner, store, fence, closed, false);
    return await fetchUnderFence(owner, kind, { store, gate, tokens }, lease, fence, record.now, signal);
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
  { store, gate, tokens }: Omit<RefreshParts, 'leases'>,
  lease: Lease,
  fence: number,
  redisNow: number,
  signal: AbortSignal | undefined,
): Promise<RefreshOutcome> {
  // Redis' clock carried on by the monotonic one, which a freeze does not stop.
  const admittedAt = performance.now();
  let sentAt: number | undefined;
  const beforeSend = () => {
    // The last check: a process that was frozen since it took the lease must not fetch a token.
    if (!lease.alive()) throw new LeaseEnded();
    gate.pass(owner.component);
    sentAt = redisNow + (performance.now() - admittedAt);
  };
  const needed: TokenSource = {
    ensure: (of, ensureSignal) =>
      tokens.ensure(of, ensureSignal).catch((error: unknown) => {
        // After a refused token, too: now it is the other token that cannot be fetched, and its own record says so.
        sentAt = undefined;
        throw error;
      }),
    accepted: (token, use) => tokens.accepted(token, use),
    distrust: (token, path) => tokens.distrust(token, path),
  };
  let fetched: FetchedToken;
  try {
    const context = { beforeSend, tokens: needed, ...(signal ? { signal } : {}) };
    fetched = await fetchPersistently(() => kind.fetch(owner, context), lease, signal);
  } catch (error) {
    // It says nothing about WeChat: a failure in the record would keep the others from asking.
    if (signal?.aborted) return { outcome: 'aborted' };
    if (!(error instanceof Failure)) throw error;
    const asked = sentAt !== undefined;
    const failureClass = classOf(error, asked);
    const isNews = failureClass === 'host' && gate.close(owner.component, error);
    // A refusal for another cause is an answer, too.
    if (asked && error.errcode !== undefined && failureClass !== 'host') gate.open(owner.component);
    const closed = gate.closed(owner.component);
    if (closed) {
      if (await gate.othersCan(owner.component)) return { outcome: 'not-here', ...closed, isNews };
      return await recordClosed(owner, store, fence, closed, asked);
    }
    const retryInMs = failureClass === 'host' ? 0 : retryAfterMs(error, failureClass, { asked, now: redisNow });
    await store.fail(owner, fence, error, retryInMs, asked);
    return { outcome: 'failed', failure: error };
  }
  gate.open(owner.component);
  // WeChat counts from its answer; we cannot see when it issued the token, only that it was after the request departed.
  const issuedAt = sentAt ?? redisNow;
  const times = timesOf(fetched.expiresInMs);
  const outcome = await store.publish(owner, fence, {
    value: fetched.value,
    refreshAt: issuedAt + times.refreshInMs,
    trustedUntil: issuedAt + times.trustForMs,
    expiresAt: issuedAt + fetched.expiresInMs,
    sentAt: issuedAt,
  });
  // Superseded: the stored token's times were shortened, so it is due before the time that its publisher noted.
  const refreshInMs = outcome === 'stored' ? times.refreshInMs : Math.min(times.refreshInMs, SUPERSEDED_REFRESH_IN_MS);
  await kind.published?.(owner, { refreshInMs });
  return { outcome, version: fence, tookMs: Math.round(performance.now() - admittedAt) };
}

/** No other process can refresh either: so the failure is recorded for all, until this one tries again. */
async function recordClosed(
  owner: TokenOwner,
  store: TokenStore,
  fence: number,
  { failure, retryInMs }: ClosedGate,
  asked: boolean,
): Promise<RefreshOutcome> {
  await store.fail(owner, fence, failure, retryInMs, asked);
  return { outcome: 'failed', failure };
}

async function fetchPersistently(
  fetch: () => Promise<FetchedToken>,
  lease: Lease,
  signal: AbortSignal | undefined,
): Promise<FetchedToken> {
  const startedAt = performance.now();
  for (let tries = 0; ; tries++) {
    try {
      return await fetch();
    } catch (error) {
      const pauseMs = QUICK_RETRY_PAUSES_MS[tries];
      const timeLeft = performance.now() - startedAt < QUICK_RETRIES_TIMEOUT_MS;
      const isWorthIt = error instanceof Failure && isTransient(error) && pauseMs !== undefined && timeLeft;
      if (!isWorthIt || !lease.alive() || signal?.aborted) throw error;
      await pause(pauseMs);
    }
  }
}
