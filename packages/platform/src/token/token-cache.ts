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
  readonly #tokens = new Map<string, { readonly token: Token; readonly readAt: number }>();
  readonly #acceptances = new Map<string, Acceptances>();

  /** A trusted token that was read at most 30 s ago. */
  get(owner: TokenOwner): Token | undefined {
    const entry = this.#tokens.get(ownerKey(owner));
    if (!entry || performance.now() - entry.readAt > CACHE_TTL_MS) return undefined;
    return entry.token.trustedUntil.getTime() > Date.now() ? entry.token : undefined;
  }

  put(token: Token): void {
    putBounded(this.#tokens, ownerKey(token.owner), { token, readAt: performance.now() }, MAX_CACHED);
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
      known = { version, departedAt: new Map() };
      putBounded(this.#acceptances, key, known, MAX_CACHED);
    }
    const isFirst = !known.departedAt.has(path);
    putBounded(known.departedAt, path, departedAt, MAX_PATHS);
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

/** The oldest entry makes room: a Map iterates in the order of insertion. */
function putBounded<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  if (!map.has(key) && map.size >= most) map.delete(map.keys().next().value!);
  map.set(key, value);
}
