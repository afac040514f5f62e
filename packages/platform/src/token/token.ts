/** Whose token of which kind. For the component kind the owner is the component itself. */
export interface TokenOwner {
  readonly kind: TokenKindName;
  readonly component: string;
  readonly appid: string;
}

export type TokenKindName = 'component' | 'authorizer';

/** A token WeChat lends us. */
export interface Token {
  readonly owner: TokenOwner;
  readonly value: string;
  /** Earlier than WeChat's own expiry, so that no call leaves with a token that dies on the way. */
  readonly trustedUntil: Date;
  /** The fence of the lease under which it was fetched; grows with every refresh. */
  readonly version: number;
  /** Within the last hour a token of this owner was distrusted; it may have been this one's predecessor. */
  readonly followsDistrust?: boolean;
}

export function ownerKey(owner: TokenOwner): string {
  return `${owner.kind}-${owner.component}-${owner.appid}`;
}
