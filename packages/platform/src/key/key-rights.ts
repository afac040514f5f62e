import { canonicalPath, Failure } from '@wxthirdparty/wechat';

export const keyScopes = ['calls', 'followers:read', 'authorizers:read', 'authorizers:write', 'admin'] as const;
/** What a key may do. None includes another. */
export type KeyScope = (typeof keyScopes)[number];

export interface KeyRights {
  readonly scopes: readonly KeyScope[];
  /** Appids that it may act for and see; none named: all. */
  readonly accounts: readonly string[];
  /** WeChat paths that it may call, `/*` at the end for all below; none named: all. */
  readonly paths: readonly string[];
}

/** Those of the key in the environment. */
export const allRights: KeyRights = { scopes: keyScopes, accounts: [], paths: [] };

/** What a key would need besides what it has. */
export type MissingRight =
  | { readonly scope: KeyScope }
  | { readonly account: string }
  | { readonly path: string }
  | { readonly restriction: 'accounts' | 'paths' };

export class ForbiddenFailure extends Failure {
  readonly missing: MissingRight;

  constructor(missing: MissingRight) {
    super('forbidden', 'fix-request', wordsFor(missing));
    this.missing = missing;
  }
}

/** Throws ForbiddenFailure. */
export function demandScope({ scopes }: KeyRights, scope: KeyScope): void {
  if (!scopes.includes(scope)) throw new ForbiddenFailure({ scope });
}

/** Throws ForbiddenFailure. */
export function demandAccount({ accounts }: KeyRights, appid: string): void {
  if (accounts.length > 0 && !accounts.includes(appid)) throw new ForbiddenFailure({ account: shortened(appid) });
}

/** Throws ForbiddenFailure. */
export function demandPath(rights: KeyRights, path: string): void {
  if (!mayCall(rights, path)) throw new ForbiddenFailure({ path: shortened(path) });
}

export function mayCall({ paths }: KeyRights, path: string): boolean {
  if (paths.length === 0) return true;
  const spelled = canonicalPath(path);
  return paths.some((one) => covers(one, spelled));
}

/** For what concerns all of them. Throws ForbiddenFailure. */
export function demandUnrestricted(rights: KeyRights, restriction: 'accounts' | 'paths'): void {
  if (rights[restriction].length > 0) throw new ForbiddenFailure({ restriction });
}

/** Letter by letter between canonical spellings, under which calls are sent, so nothing is allowed by mistake. */
function covers(allowed: string, path: string): boolean {
  return allowed.endsWith('/*') ? path.startsWith(allowed.slice(0, -1)) : path === canonicalPath(allowed);
}

function wordsFor(missing: MissingRight): string {
  if ('scope' in missing) return `this key lacks the scope ${missing.scope}`;
  if ('account' in missing) return `this key is not for the account ${missing.account}`;
  if ('path' in missing) return `this key is not for the path ${missing.path}`;
  return `this key is restricted to certain ${missing.restriction}, and the request concerns all of them`;
}

/** A caller may name anything, of any length. */
function shortened(text: string): string {
  return text.length > 256 ? `${text.slice(0, 256)}…` : text;
}
