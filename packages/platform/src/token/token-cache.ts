import { BoundedCache } from '../bounded-cache.ts';
import { ownerKey, type Token, type TokenOwner } from './token.ts';

const CACHE_TTL_MS = 30_000;
const MAX_CACHED = 50_000;
const MAX_PATHS = 50;

/** By which paths WeChat has accepted one version of a token, and when the last such request of each departed. */
interface Acceptances {
  readonly version: number;
  /** On this process' monotonic clock (ms). */
  readonly departedAt: Map<string, number>;
}

/** What one process knows of tokens without asking Redis: the tokens themselves, and which of them WeChat accepts. */
export class TokenCache {
  readonly #tokens = new BoundedCache<string, { readonly token: Token; readonly readAt: number }>(MAX_CACHED);
  readonly #acceptances = new BoundedCache<string, Acceptances>(MAX_CACHED);

  /** A trusted token that was read at most 30 s ago. */
  get(owner: TokenOwner): Token | undefined {
    const entry = this.#tokens.get(ownerKey(owner));
    if (!entry || performance.now() - entry.readAt > CACHE_TTL_MS) return undefined;
    return entry.token.trustedUntil.getTime() > Date.now() ? entry.token : undefined;
  }

  put(token: Token): void {
    this.#tokens.set(ownerKey(token.owner), { token, readAt: performance.now() });
  }

  /** Forgets this version, and no newer one. */
  forget(token: Token): void {
    const key = ownerKey(token.owner);
    if (this.#tokens.get(key)?.token.version === token.version) this.#tokens.delete(key);
  }

  /** Something about this owner (`ownerKey`) has changed. */
  drop(key: string): void {
    this.#tokens.delete(key);
  }

  /** Whether it is the first that this process knows of for this version and path. */
  noteAcceptance({ owner, version }: Token, path: string, departedAt: number): boolean {
    const key = ownerKey(owner);
    let known = this.#acceptances.get(key);
    if (known?.version !== version) {
      known = { version, departedAt: new BoundedCache(MAX_PATHS) };
      this.#acceptances.set(key, known);
    }
    const isFirst = !known.departedAt.has(path);
    known.departedAt.set(path, departedAt);
    return isFirst;
  }

  /** When the last accepted request departed that carried this token to another path. */
  lastAcceptedElsewhere({ owner, version }: Token, path: string): number | undefined {
    const known = this.#acceptances.get(ownerKey(owner));
    if (known?.version !== version) return undefined;
    const elsewhere = [...known.departedAt].filter(([of]) => of !== path).map(([, at]) => at);
    return elsewhere.length === 0 ? undefined : Math.max(...elsewhere);
  }
}
