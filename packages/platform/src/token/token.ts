/** Whose token of which kind. `appid` is the account's, or the component's own for the kinds that the component holds. */
export interface TokenOwner {
  readonly kind: TokenKindName;
  readonly component: string;
  readonly appid: string;
}

export type TokenKindName = 'component' | 'authorizer' | 'jsapi-ticket' | 'wx-card-ticket';

type TokenHolder = 'component' | 'account';

interface KindTraits {
  /** Whether a component has one token of the kind, or each of its accounts. */
  readonly holder: TokenHolder;
  /** After Redis was emptied: fetched for every account in use, or when it is next requested. */
  readonly restoration: 'ahead' | 'on-demand';
  /** Where its refreshes wait. Workers of older versions take jobs of `refreshes`, and know the first two kinds only. */
  readonly queue: RefreshQueue;
}

export type RefreshQueue = 'refreshes' | 'ticket-refreshes';

const TRAITS: Readonly<Record<TokenKindName, KindTraits>> = {
  component: { holder: 'component', restoration: 'ahead', queue: 'refreshes' },
  authorizer: { holder: 'account', restoration: 'ahead', queue: 'refreshes' },
  'jsapi-ticket': { holder: 'account', restoration: 'on-demand', queue: 'ticket-refreshes' },
  'wx-card-ticket': { holder: 'account', restoration: 'on-demand', queue: 'ticket-refreshes' },
};

export function isTokenKindName(name: string): name is TokenKindName {
  return Object.hasOwn(TRAITS, name);
}

/** The owner of the token of each kind that the component itself holds. */
export function componentOwners(component: string): TokenOwner[] {
  return kindsOf('component').map((kind) => ({ kind, component, appid: component }));
}

/** The owner of the token of each kind that an account holds. */
export function accountOwners(component: string, appid: string): TokenOwner[] {
  return kindsOf('account').map((kind) => ({ kind, component, appid }));
}

/** Of those, the owners whose tokens are fetched ahead after Redis was emptied. */
export function restoredOwners(component: string, appid: string): TokenOwner[] {
  return accountOwners(component, appid).filter(({ kind }) => TRAITS[kind].restoration === 'ahead');
}

export function refreshQueueOf({ kind }: TokenOwner): RefreshQueue {
  return TRAITS[kind].queue;
}

/** A credential issued by WeChat for one owner. */
export interface Token {
  readonly owner: TokenOwner;
  readonly value: string;
  /** Earlier than WeChat's expiry, so that no token expires in flight. */
  readonly trustedUntil: Date;
  /** The fence of the lease under which it was fetched; grows with every refresh. */
  readonly version: number;
  /** A token of this owner, perhaps the previous one, was distrusted in the last hour. */
  readonly followsDistrust?: boolean;
}

/** One request that carried a token. */
export interface TokenUse {
  readonly path: string;
  /** When it departed, on this process' monotonic clock (`performance.now()`). */
  readonly departedAt: number;
}

export function ownerKey(owner: TokenOwner): string {
  return `${owner.kind}-${owner.component}-${owner.appid}`;
}

function kindsOf(holder: TokenHolder): TokenKindName[] {
  return (Object.keys(TRAITS) as TokenKindName[]).filter((kind) => TRAITS[kind].holder === holder);
}
