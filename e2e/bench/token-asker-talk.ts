import type { PlatformSettings, TokenOwner } from '@wxthirdparty/platform';

export interface AskerSettings {
  readonly platform: Omit<PlatformSettings, 'secretsKeys'>;
  /** Base64. */
  readonly secretsKey: string;
  readonly owner: TokenOwner;
}

/** From the bench: at this moment (ms since 1970) your token is refused. */
export interface Order {
  readonly startAt: number;
}

/** To the bench: the next token, and the time from that moment to its arrival. */
export type Served = { readonly version: number; readonly afterMs: number } | { readonly failure: string };
