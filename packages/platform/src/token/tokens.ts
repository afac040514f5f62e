import { Failure } from '@wxthirdparty/wechat';
import { type Events, failureReport, type RefreshEvent } from '../events.ts';
import type { Hints } from '../redis/hints.ts';
import type { Leases } from '../redis/lease.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import type { HostGate } from './host-gate.ts';
import { type RefreshOutcome, refresh } from './refresh.ts';
import { ownerKey, type Token, type TokenOwner, type TokenUse } from './token.ts';
import { TokenCache } from './token-cache.ts';
import type { TokenKinds, TokenSource } from './token-kind.ts';
import type { TokenRecord, TokenStore } from './token-store.ts';
import { TokenWait } from './token-wait.ts';

const REREAD_MS = 500;
const RETRY_INTERVAL_MS = 2_000;
const ENSURE_TIMEOUT_MS = 30_000;

export interface TokensOptions {
  readonly store: TokenStore;
  readonly leases: Leases;
  /** Shared by those of one process. */
  readonly gate: HostGate;
  readonly hints: Hints;
  readonly kinds: TokenKinds;
  /** Shared by those of one process: what one of them has read, or distrusts, the others need not find out. */
  readonly cache?: TokenCache;
  /** Puts a RefreshJob into the queue of its kind; may fail while Redis is away. */
  readonly askForRefresh: (owner: TokenOwner) => Promise<void>;
  readonly events: Events;
}

/**
 * Where a process gets tokens: from its cache, from Redis, or by asking for a refresh and waiting. One waiting loop for
 * each owner, however many ask.
 */
export class Tokens implements TokenSource {
  readonly #options: TokensOptions;
  readonly #cache: TokenCache;
  readonly #waits = new Map<string, TokenWait>();

  constructor(options: TokensOptions) {
    this.#options = options;
    this.#cache = options.cache ?? new TokenCache();
    // A hint that something about this owner has changed: forget what we think we know.
    options.hints.on(options.hints.channels.tokens, (owner) => {
      this.#cache.drop(owner);
      this.#waits.get(owner)?.wake();
    });
  }

  get store(): TokenStore {
    return this.#options.store;
  }

  /**
   * A trusted token. Waits at most `waitMs` for a refresh, then fails with `token_not_ready`; while a refresh is known to
   * fail, fails at once with the recorded cause.
   */
  async get(owner: TokenOwner, waitMs: number, signal?: AbortSignal): Promise<Token> {
    const cached = this.#cache.get(owner);
    if (cached) return cached;
    const record = await this.#options.store.read(owner);
    const token = this.#trusted(owner, record);
    if (token) return token;
    throwIfBackingOff(record);
    return this.#wait(owner, waitMs, signal);
  }

  /** A trusted token that this process has in its cache. */
  cached(owner: TokenOwner): Token | undefined {
    return this.#cache.get(owner);
  }

  /** Whether a call could depart now without a refresh. */
  async has(owner: TokenOwner): Promise<boolean> {
    if (this.#cache.get(owner)) return true;
    return this.#trusted(owner, await this.#options.store.read(owner)) !== undefined;
  }

  /**
   * WeChat refused this token at this path. A refresh follows only if it is still the current one: a late caller with an old
   * token must not void the new one. `kept`: the refusal is the endpoint's, and another token would be refused, too.
   */
  async distrust(token: Token, path: string): Promise<'replaced' | 'kept'> {
    const acceptedAt = this.#cache.lastAcceptedElsewhere(token, path);
    const acceptedAgoMs = acceptedAt === undefined ? undefined : performance.now() - acceptedAt;
    const outcome = await this.#options.store.distrust(token.owner, token.version, path, acceptedAgoMs);
    if (outcome === 'kept') return outcome;
    // After the answer: a reader that asked Redis just before may have put it back, and the caller would be refused twice.
    this.#cache.forget(token);
    if (outcome === 'distrusted') await this.askForRefresh(token.owner);
    return 'replaced';
  }

  /**
   * WeChat accepted this token. Costs a note in memory, which `distrust` passes on; after a distrust, also one command per
   * token and path, so that another process knows that this endpoint accepts tokens.
   */
  accepted(token: Token, { path, departedAt }: TokenUse): void {
    const isFirst = this.#cache.noteAcceptance(token, path, departedAt);
    // Lost, it costs a caller a second refusal.
    if (isFirst && token.followsDistrust) this.#options.store.accept(token.owner, token.version, path).catch(() => {});
  }

  /** Fetches inline if it is due. For the processor of RefreshJob; all others read. */
  async refresh(owner: TokenOwner, signal?: AbortSignal): Promise<RefreshOutcome> {
    const startedAt = performance.now();
    const result = await refresh(owner, this.#options.kinds[owner.kind], { ...this.#options, tokens: this }, signal);
    this.#options.events.publish('refresh', refreshEvent(owner, result, Math.round(performance.now() - startedAt)));
    return result;
  }

  /**
   * A trusted token, refreshed inline where it is due: for a refresh that needs the component's token. It never waits for
   * another job, which might be waiting behind this very one.
   */
  async ensure(owner: TokenOwner, signal?: AbortSignal): Promise<Token> {
    const until = performance.now() + ENSURE_TIMEOUT_MS;
    for (;;) {
      const record = await this.#options.store.read(owner);
      const token = this.#trusted(owner, record);
      if (token) return token;
      throwIfBackingOff(record);
      signal?.throwIfAborted();
      const result = await this.refresh(owner, signal);
      if (result.outcome === 'not-here') throw result.failure;
      if (result.outcome === 'held') await this.#hintOr(owner, 200);
      if (performance.now() > until) throw notReady(owner);
    }
  }

  async askForRefresh(owner: TokenOwner): Promise<void> {
    // A lost request is repeated by the callers that still wait, and by maintenance.
    await this.#options.askForRefresh(owner).catch(() => {});
  }

  #trusted(owner: TokenOwner, record: TokenRecord): Token | undefined {
    if (!record.value || record.trustedUntil <= record.now) return undefined;
    const token: Token = {
      owner,
      value: record.value,
      version: record.version,
      trustedUntil: toLocalDate(record.trustedUntil, record.now),
      followsDistrust: record.followsDistrust,
    };
    this.#cache.put(token);
    return token;
  }

  #wait(owner: TokenOwner, waitMs: number, signal: AbortSignal | undefined): Promise<Token> {
    const key = ownerKey(owner);
    const there = this.#waits.get(key);
    if (there) return there.join(waitMs, signal, () => notReady(owner));
    const wait = new TokenWait();
    this.#waits.set(key, wait);
    const joined = wait.join(waitMs, signal, () => notReady(owner));
    // Later callers start a wait of their own.
    const end = () => void this.#waits.delete(key);
    void this.#loop(owner, wait, end);
    return joined;
  }

  /** Reads until the token is there or no caller waits any longer; the hint only shortens it. */
  async #loop(owner: TokenOwner, wait: TokenWait, end: () => void): Promise<void> {
    let askedAt = Number.NEGATIVE_INFINITY;
    while (wait.hasCallers) {
      try {
        const record = await this.#options.store.read(owner);
        const token = this.#trusted(owner, record);
        if (token) {
          end();
          wait.settle(token);
          return;
        }
        throwIfBackingOff(record);
      } catch (error) {
        end();
        wait.fail(error);
        return;
      }
      if (performance.now() - askedAt >= RETRY_INTERVAL_MS) {
        askedAt = performance.now();
        void this.askForRefresh(owner);
      }
      await wait.pause(REREAD_MS);
    }
    end();
  }

  async #hintOr(owner: TokenOwner, ms: number): Promise<void> {
    let off = () => {};
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      const { hints } = this.#options;
      off = hints.on(hints.channels.tokens, (key) => key === ownerKey(owner) && resolve());
      timer = setTimeout(resolve, ms);
    });
    clearTimeout(timer);
    off();
  }
}

function throwIfBackingOff(record: TokenRecord): void {
  if (record.retryAt <= record.now || !record.failure) return;
  const { code, remedy, message, errcode } = record.failure;
  throw new Failure(code, remedy, message, {
    ...(errcode === undefined ? {} : { errcode }),
    retryAfterMs: record.retryAt - record.now,
  });
}

function notReady(owner: TokenOwner): Failure {
  return new Failure('token_not_ready', 'retry', `The ${owner.kind} token of ${owner.appid} is still being fetched.`);
}

function refreshEvent({ kind, component, appid }: TokenOwner, result: RefreshOutcome, ms: number): RefreshEvent {
  const refreshed = { kind, component, appid, ms };
  switch (result.outcome) {
    case 'stored':
    case 'superseded':
      return { ...refreshed, outcome: result.outcome, version: result.version };
    case 'failed':
      return { ...refreshed, outcome: result.outcome, failure: failureReport(result.failure) };
    case 'not-here': {
      const { outcome, failure, isNews, retryInMs } = result;
      return { ...refreshed, outcome, failure: failureReport(failure), isNews, retryInMs: Math.ceil(retryInMs) };
    }
    case 'fresh':
    case 'held':
    case 'backing-off':
    case 'aborted':
      return { ...refreshed, outcome: result.outcome };
    default:
      return result satisfies never;
  }
}
