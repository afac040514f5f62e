import { expect, it } from 'vitest';
import { type ApiKey, checkKeyInput, isValid, type KeyInput } from './api-key.ts';

const input: KeyInput = {
  name: 'shop',
  scopes: ['calls'],
  accounts: ['wx0123456789abcdef'],
  paths: ['/cgi-bin/user/info', '/cgi-bin/message/*'],
  expiresAt: new Date(2_000),
  ratePerSecond: 10,
};

it('a complete input is valid', () => {
  expect(() => checkKeyInput(input, 1_000)).not.toThrow();
});

it.each<[Partial<KeyInput>, string]>([
  [{ name: '' }, 'name'],
  [{ name: 'a\nb' }, 'name'],
  [{ name: 'x'.repeat(101) }, 'name'],
  [{ scopes: [] }, 'scopes'],
  [{ scopes: ['everything' as never] }, 'scopes'],
  [{ accounts: ['a b'] }, 'accounts'],
  [{ accounts: Array<string>(1_001).fill('wxa') }, 'accounts'],
  [{ paths: ['cgi-bin/user/info'] }, 'paths'],
  [{ paths: ['/cgi-bin/*/info'] }, 'paths'],
  [{ paths: ['/cgi-bin/user/'] }, 'paths'],
  [{ paths: ['/cgi-bin/user?x'] }, 'paths'],
  [{ ratePerSecond: 0 }, 'ratePerSecond'],
  [{ ratePerSecond: 1.5 }, 'ratePerSecond'],
  [{ expiresAt: new Date(1_000) }, 'expiresAt'],
  [{ expiresAt: new Date(Number.NaN) }, 'expiresAt'],
  [{ scopes: ['admin'] }, 'accounts, paths'],
  [{ scopes: ['admin', 'calls'], accounts: [] }, 'accounts, paths'],
])('%o is refused', (changes, fault) => {
  expect(() => checkKeyInput({ ...input, ...changes }, 1_000)).toThrow(
    expect.objectContaining({ code: 'invalid_request' }),
  );
  expect(() => checkKeyInput({ ...input, ...changes }, 1_000)).toThrow(fault);
});

it('a key is valid until it expires or is revoked', () => {
  const key = { revokedAt: null, expiresAt: new Date(2_000) } as ApiKey;
  expect(isValid(key, 1_999)).toBe(true);
  expect(isValid(key, 2_000)).toBe(false);
  expect(isValid({ ...key, revokedAt: new Date(1) }, 1_000)).toBe(false);
  expect(isValid({ ...key, expiresAt: null }, Number.MAX_SAFE_INTEGER)).toBe(true);
});
