import { canonicalPath, Failure } from '@wxthirdparty/wechat';

export const keyScopes = [
  'calls',
  'followers:read',
  'authorizers:read',
  'authorizers:write',
  'pushes:read',
  'pushes:write',
  'admin',
] as const;
/** What a key may do. No scope includes another. */
export type KeyScope = (typeof keyScopes)[number];

export interface KeyRights {
  readonly scopes: readonly KeyScope[];
  /** Appids of the accounts that it may use and see; empty: all. */
  readonly accounts: readonly string[];
  /** WeChat paths that it may call, with `/*` at the end for all paths below; empty: all. */
  readonly paths: readonly string[];
}

/** The rights of the key in the environment. */
export const allRights: KeyRights = { scopes: keyScopes, accounts: [], paths: [] };

/** What a key lacks for a request. */
export type MissingRight =
  | { readonly scope: KeyScope }
  | { readonly account: string }
  | { readonly path: string }
  | { readonly restriction: 'accounts' | 'paths' };

export class ForbiddenFailure extends Failure {
  readonly missing: MissingRight;

  constructor(missing: MissingRight) {
    super('forbidden', 'fix-request', messageOf(missing));
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

/** For a request that concerns all accounts or paths. Throws ForbiddenFailure. */
export function demandUnrestricted(rights: KeyRights, restriction: 'accounts' | 'paths'): void {
  if (rights[restriction].length > 0) throw new ForbiddenFailure({ restriction });
}

/** Compares canonical spellings, by which calls are sent, so that no other path is permitted. */
function covers(allowed: string, path: string): boolean {
  return allowed.endsWith('/*') ? path.startsWith(allowed.slice(0, -1)) : path === canonicalPath(allowed);
}

function messageOf(missing: MissingRight): string {
  if ('scope' in missing) return `This key lacks the scope ${missing.scope}.`;
  if ('account' in missing) return `This key is not for the account ${missing.account}.`;
  if ('path' in missing) return `This key is not for the path ${missing.path}.`;
  return `This key is restricted to certain ${missing.restriction}, and the request concerns all of them.`;
}

/** A caller's text may have any length. */
function shortened(text: string): string {
  return text.length > 256 ? `${text.slice(0, 256)}…` : text;
}
