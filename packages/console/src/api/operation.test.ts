import { expect, it } from 'vitest';
import { urlOf } from './operation.ts';

it('puts parameters into path and query, encoded', () => {
  expect(urlOf('GET /v1/calls/:id', { path: { id: 'a/b?c' } })).toBe('/v1/calls/a%2Fb%3Fc');
  expect(urlOf('GET /v1/authorizers', { query: { state: 'active', cursor: 'a b', limit: 50 } })).toBe(
    '/v1/authorizers?state=active&cursor=a+b&limit=50',
  );
});

it('sends no parameters that are not set', () => {
  expect(urlOf('GET /v1/authorizers', { query: { state: undefined, cursor: '' } })).toBe('/v1/authorizers');
});
