import type { Keyspace } from '../redis/keys.ts';
import type { SharedLua } from '../redis/script.ts';
import type { Token, TokenKindName, TokenOwner, TokenUse } from './token.ts';

export interface FetchedToken {
  readonly value: string;
  /** WeChat's lifetime, counted from the answer. */
  readonly expiresInMs: number;
}

/** Tokens of other kinds, which a fetch needs for its own request. */
export interface TokenSource {
  /** A trusted token, refreshed inline if it is due. */
  ensure(owner: TokenOwner, signal?: AbortSignal): Promise<Token>;
  accepted(token: Token, use: TokenUse): void;
  distrust(token: Token, path: string): Promise<'replaced' | 'kept'>;
}

export interface FetchContext {
  /** Call right before the request is sent; throws if the lease has ended, so that nothing is sent. */
  readonly beforeSend: () => void;
  /** Aborted if the process shuts down before WeChat has answered; another process fetches the token then. */
  readonly signal?: AbortSignal;
  readonly tokens: TokenSource;
}

/** The source of one kind of token; the token folder knows neither tickets nor grants. */
export interface TokenKind {
  fetch(owner: TokenOwner, context: FetchContext): Promise<FetchedToken>;
  /** Called after a fetch with the time until the stored token is due, be it the fetched one or the one that superseded it. */
  published?(owner: TokenOwner, times: { readonly refreshInMs: number }): Promise<void>;
}

export type TokenKinds = Readonly<Record<TokenKindName, TokenKind>>;

/**
 * Lua that runs at the end of every script that changes a token's record, in the same step, so that a state that follows
 * from the token never lags behind it. It finds the record's key as `record`, and `now`.
 */
export interface TokenEffect<Key extends string = string> {
  readonly uses: readonly SharedLua[];
  /** What the keys of `keysOf` are called in `lua`. */
  readonly keys: readonly Key[];
  keysOf(owner: TokenOwner, keyspace: Keyspace): Readonly<Record<Key, string>>;
  readonly lua: string;
}

export type TokenEffects = Readonly<Record<TokenKindName, TokenEffect | undefined>>;
