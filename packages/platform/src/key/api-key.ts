import { Failure } from '@wxthirdparty/wechat';
import { type KeyRights, keyScopes } from './key-rights.ts';

export interface KeyInput extends KeyRights {
  /** For people: which program has it. */
  readonly name: string;
  /** Null: it does not expire. By the clock of whoever looks. */
  readonly expiresAt: Date | null;
  /** Requests in a second, over all nodes; null: as many as may come. */
  readonly ratePerSecond: number | null;
}

/** A program's key, without the key itself, which nobody has but the program. What it may do never changes. */
export interface ApiKey extends KeyInput {
  readonly id: string;
  readonly createdAt: Date;
  /** The id of the key that made it, or one of the makers that are none. */
  readonly createdBy: string;
  readonly revokedAt: Date | null;
  /** To the minute. */
  readonly lastUsedAt: Date | null;
}

/** Bounds and shapes of a wish, for all who take one. */
export const keyBounds = {
  name: /^[^\x00-\x1f\x7f]{1,100}$/,
  account: /^[A-Za-z0-9_-]{1,64}$/,
  path: /^(?=.{1,256}$)(?:\/[A-Za-z0-9_~.-]+)+(?:\/\*)?$/,
  most: 1_000,
  ratePerSecond: 100_000,
} as const;

/** Throws Failure `invalid_request` that names every fault. */
export function checkKeyInput(wish: KeyInput, now: number = Date.now()): void {
  const { scopes, accounts, paths, ratePerSecond: rate, expiresAt } = wish;
  const faults: string[] = [];
  const unless = (right: boolean, fault: string): void => {
    if (!right) faults.push(fault);
  };
  unless(keyBounds.name.test(wish.name), 'name: 1 to 100 characters');
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
  unless(expiresAt === null || expiresAt.getTime() > now, 'expiresAt: must lie ahead');
  // It could make itself another key without them.
  unless(
    !scopes.includes('admin') || (accounts.length === 0 && paths.length === 0),
    'accounts, paths: a key with the scope admin cannot be restricted to some',
  );
  if (faults.length > 0) throw new Failure('invalid_request', 'fix-request', faults.join('; '));
}

/** Whether it opens anything at that time. */
export function isGood({ revokedAt, expiresAt }: ApiKey, now: number): boolean {
  return revokedAt === null && (expiresAt === null || expiresAt.getTime() > now);
}
