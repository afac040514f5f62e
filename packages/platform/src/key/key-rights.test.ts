import { describe, expect, it } from 'vitest';
import {
  allRights,
  demandAccount,
  demandPath,
  demandScope,
  demandUnrestricted,
  ForbiddenFailure,
  type KeyRights,
  keyScopes,
} from './key-rights.ts';

const rights = (some: Partial<KeyRights>): KeyRights => ({ scopes: ['calls'], accounts: [], paths: [], ...some });

/** Undefined if nothing is missing. */
function missing(demand: () => void): unknown {
  try {
    demand();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(ForbiddenFailure);
    expect(error).toMatchObject({ code: 'forbidden', remedy: 'fix-request' });
    return (error as ForbiddenFailure).missing;
  }
}

it('no scope includes another', () => {
  for (const had of keyScopes) {
    for (const asked of keyScopes) {
      expect(missing(() => demandScope(rights({ scopes: [had] }), asked))).toEqual(
        had === asked ? undefined : { scope: asked },
      );
    }
  }
});

it('a key is for the accounts that it names, or for all', () => {
  expect(missing(() => demandAccount(rights({}), 'wxa'))).toBeUndefined();
  expect(missing(() => demandAccount(rights({ accounts: ['wxb', 'wxa'] }), 'wxa'))).toBeUndefined();
  expect(missing(() => demandAccount(rights({ accounts: ['wxa'] }), 'WXA'))).toEqual({ account: 'WXA' });
});

describe.each([
  ['/cgi-bin/user/info', '/cgi-bin/user/info', true],
  ['/cgi-bin/user/info', '/cgi-bin/user/info/batchget', false],
  ['/cgi-bin/user/info', '/cgi-bin/user/Info', true],
  ['/cgi-bin/user/Info', '/cgi-bin/user/info', true],
  ['/cgi-bin/user/info', '/cgi-bin/user/info~', false],
  ['/xpay/query_order', '/xpay/Query_Order', false],
  ['/cgi-bin/user/*', '/cgi-bin/user/info/batchget', true],
  ['/cgi-bin/user/*', '/cgi-bin/user', false],
  ['/cgi-bin/user/*', '/cgi-bin/userx/get', false],
])('a key for %s', (allowed, path, may) => {
  it(`${may ? 'may' : 'may not'} call ${path}`, () => {
    const found = missing(() => demandPath(rights({ paths: ['/wxa/x', allowed] }), path));
    expect(found).toEqual(may ? undefined : { path });
  });
});

it('a request that concerns all accounts is refused for a restricted key', () => {
  const some = rights({ accounts: ['wxa'], paths: ['/wxa/x'] });
  for (const restriction of ['accounts', 'paths'] as const) {
    expect(missing(() => demandUnrestricted(some, restriction))).toEqual({ restriction });
    expect(missing(() => demandUnrestricted(allRights, restriction))).toBeUndefined();
  }
});

it('the refusal names what is missing, in a bounded length', () => {
  expect(() => demandScope(rights({}), 'admin')).toThrow('lacks the scope admin');
  expect(() => demandAccount(rights({ accounts: ['wxa'] }), 'wxb')).toThrow('not for the account wxb');
  const long = missing(() => demandAccount(rights({ accounts: ['wxa'] }), 'x'.repeat(5_000))) as { account: string };
  expect(long.account.length).toBeLessThan(300);
});
