import { Failure } from '@wxthirdparty/wechat';
import { type KeyRights, keyScopes } from './key-rights.ts';

export interface KeyInput extends KeyRights {
  /** For operators: which program has the key. */
  readonly name: string;
  /** By the clock of the process that checks it. Null: it does not expire. */
  readonly expiresAt: Date | null;
  /** Requests a second, over all nodes; null: unlimited. */
  readonly ratePerSecond: number | null;
}

/** A program's key, without its text, which only the program has. Its rights never change. */
export interface ApiKey extends KeyInput {
  readonly id: string;
  readonly createdAt: Date;
  /** The id of the key that created it, or the name of an actor without a key. */
  readonly createdBy: string;
  readonly revokedAt: Date | null;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
}

/** Bounds and patterns of the input, for every entry point. */
export const keyBounds = {
  name: /^[^\x00-\x1f\x7f]{1,100}$/,
  account: /^[A-Za-z0-9_-]{1,64}$/,
  path: /^(?=.{1,256}$)(?:\/[A-Za-z0-9_~.-]+)+(?:\/\*)?$/,
  most: 1_000,
  ratePerSecond: 100_000,
} as const;

/** Throws Failure `invalid_request`, which names every fault. */
export function checkKeyInput(input: KeyInput, now: number = Date.now()): void {
  const { scopes, accounts, paths, ratePerSecond: rate, expiresAt } = input;
  const faults: string[] = [];
  const unless = (isValid: boolean, fault: string): void => {
    if (!isValid) faults.push(fault);
  };
  unless(keyBounds.name.test(input.name), 'name: 1 to 100 characters');
  unless(
    scopes.length > 0 && scopes.every((scope) => keyScopes.includes(scope)),
    `scopes: at least one of ${keyScopes.join(', ')}`,
  );
  unless(
    accounts.length <= keyBounds.most && accounts.every((one) => keyBounds.account.test(one)),
    `accounts: at most ${keyBounds.most} appids`,
  );
  unless(
    paths.length <= keyBounds.most && paths.every((one) => keyBounds.path.test(one)),
    `paths: at most ${keyBounds.most} WeChat paths like /cgi-bin/user/info, or /cgi-bin/user/* for all below`,
  );
  unless(
    rate === null || (Number.isInteger(rate) && rate >= 1 && rate <= keyBounds.ratePerSecond),
    `ratePerSecond: 1 to ${keyBounds.ratePerSecond}`,
  );
  unless(expiresAt === null || expiresAt.getTime() > now, 'expiresAt: must be in the future');
  // It could create another key without these restrictions.
  unless(
    !scopes.includes('admin') || (accounts.length === 0 && paths.length === 0),
    'accounts, paths: a key with the scope admin cannot be restricted to some',
  );
  if (faults.length > 0) throw new Failure('invalid_request', 'fix-request', faults.join('; '));
}

/** Neither revoked nor expired. */
export function isValid({ revokedAt, expiresAt }: ApiKey, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt.getTime() > now);
}
