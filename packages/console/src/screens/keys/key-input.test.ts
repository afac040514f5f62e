import { expect, it } from 'vitest';
import { faultsOf, inputOf, nothingEntered } from './key-input.ts';

const entered = { ...nothingEntered, name: ' crm ', scopes: ['calls'] } as const;

it('a key of a name and a scope is for everything, and does not expire', () => {
  expect(faultsOf(entered)).toEqual({});
  expect(inputOf(entered, 0)).toEqual({
    name: 'crm',
    scopes: ['calls'],
    accounts: [],
    paths: [],
    expiresAt: null,
    ratePerSecond: null,
  });
});

it('accounts and paths are lists, however they were pasted', () => {
  const lists = { ...entered, accounts: 'wxa, wxb\n\nwxc', paths: ' /cgi-bin/user/*；/cgi-bin/menu/get ' };
  expect(faultsOf(lists)).toEqual({});
  expect(inputOf(lists, 0)).toMatchObject({
    accounts: ['wxa', 'wxb', 'wxc'],
    paths: ['/cgi-bin/user/*', '/cgi-bin/menu/get'],
  });
});

it('a lifetime is days from now', () => {
  expect(inputOf({ ...entered, lifetime: 'd30', rate: '5' }, 0)).toMatchObject({
    expiresAt: '1970-01-31T00:00:00.000Z',
    ratePerSecond: 5,
  });
});

it('each fault is at its field', () => {
  expect(faultsOf(nothingEntered)).toEqual({ name: 'missing', scopes: 'missing' });
  expect(faultsOf({ ...entered, accounts: 'wxa wx!', paths: 'user/get', rate: '0' })).toEqual({
    accounts: { line: 'wx!' },
    paths: { line: 'user/get' },
    rate: 'invalid',
  });
  expect(faultsOf({ ...entered, scopes: ['calls', 'admin'], accounts: 'wxa', paths: '/a' })).toEqual({
    accounts: 'admin',
    paths: 'admin',
  });
});
