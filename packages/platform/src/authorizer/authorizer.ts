/** `needs-reauthorization`: WeChat no longer takes our refresh token; `revoked`: the merchant ended the consent. */
export type AuthorizerState = 'active' | 'needs-reauthorization' | 'revoked';

/** An official account or mini program that let a component act for it, without its secrets. */
export interface Authorizer {
  readonly component: string;
  readonly appid: string;
  /** Null until WeChat has told us the profile. */
  readonly kind: 'official-account' | 'mini-program' | null;
  readonly nickName: string | null;
  /** WeChat's original id, `gh_…`. */
  readonly userName: string | null;
  readonly headImg: string | null;
  readonly principalName: string | null;
  readonly state: AuthorizerState;
  /** Ids of the permission sets that were granted. */
  readonly scopes: readonly number[];
  /** Opaque and random; for cookies of merchant-facing pages. */
  readonly handle: string;
  readonly authorizedAt: Date;
  readonly updatedAt: Date;
}

/**
 * The lasting consent of an authorizer. Every change counts `version` up; whoever asked WeChat writes only if the
 * version is still the one it read before asking.
 */
export interface Grant {
  readonly component: string;
  readonly appid: string;
  readonly refreshToken: string | null;
  readonly version: number;
  readonly state: AuthorizerState;
}
