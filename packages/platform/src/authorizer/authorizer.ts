/** `needs-reauthorization`: WeChat no longer accepts our refresh token; `revoked`: the merchant ended the consent. */
export type AuthorizerState = 'active' | 'needs-reauthorization' | 'revoked';

/** An official account or mini program that has authorized a component. Without its secrets. */
export interface Authorizer {
  readonly component: string;
  readonly appid: string;
  /** Null until the profile has been read from WeChat. */
  readonly kind: 'official-account' | 'mini-program' | null;
  readonly nickName: string | null;
  /** WeChat's original id, `gh_…`. */
  readonly userName: string | null;
  readonly headImg: string | null;
  readonly principalName: string | null;
  readonly alias: string | null;
  /** WeChat's own numbers (protocol §3.7): the kind of service, how it is verified, whether it is in good standing. */
  readonly serviceType: number | null;
  readonly verifyType: number | null;
  readonly accountStatus: number | null;
  readonly state: AuthorizerState;
  /** Ids of the permission sets that were granted. */
  readonly scopes: readonly number[];
  /** The business's own name of the account, unique in its component; random until one is chosen. */
  readonly handle: string;
  /** Random, and never changed; for cookies of merchant-facing pages, since a chosen handle can be guessed. */
  readonly cookieValue: string;
  readonly authorizedAt: Date;
  readonly updatedAt: Date;
  /** When the profile was last read from WeChat. */
  readonly profileAt: Date | null;
  /** One of the accounts of WeChat's release check (protocol §6). */
  readonly isTest: boolean;
}

/** A change of a consent. `restored`: WeChat's own list showed that it is valid. */
export interface GrantEvent {
  /** The grant's version since then. */
  readonly version: number;
  readonly at: Date;
  readonly event: 'authorized' | 'reauthorized' | 'needs-reauthorization' | 'revoked' | 'restored' | 'scopes-changed';
  readonly state: AuthorizerState;
  readonly scopes: readonly number[];
}

/**
 * The lasting consent of an authorizer. Every change increments `version`; a change that follows from a request to WeChat is written only if the
 * version is still the one that was read before it.
 */
export interface Grant {
  readonly component: string;
  readonly appid: string;
  readonly refreshToken: string | null;
  readonly version: number;
  readonly state: AuthorizerState;
}
