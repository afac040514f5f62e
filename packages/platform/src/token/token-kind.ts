import type { Keyspace } from '../redis/keys.ts';
import type { TokenKindName, TokenOwner } from './token.ts';

export interface FetchedToken {
  readonly value: string;
  /** WeChat's lifetime, counted from the answer. */
  readonly expiresInMs: number;
}

export interface FetchContext {
  /** Call right before the request leaves; throws where the lease has ended, so that nothing leaves. */
  readonly beforeSend: () => void;
  /** Aborted when the process leaves before WeChat has answered: another one asks then. */
  readonly signal?: AbortSignal;
}

/** Where a kind of token comes from. The token folder knows no ticket and no grant; these do. */
export interface TokenKind {
  readonly name: TokenKindName;
  fetch(owner: TokenOwner, context: FetchContext): Promise<FetchedToken>;
  /**
   * Lua that runs at the end of every script that changes a token's record, in the same step, with `KEYS[1]` the record,
   * `EXTRA(n)` the nth of `keys(owner, keyspace)` and `now` the time. So a state that follows from the token never lags behind it.
   */
  readonly afterChange?: { readonly lua: string; keys(owner: TokenOwner, keyspace: Keyspace): readonly string[] };
  /** After a fetch: when the token that is stored now falls due, be it ours or the one that outran it. */
  published?(owner: TokenOwner, times: { readonly refreshInMs: number }): Promise<void>;
}
