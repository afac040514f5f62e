import { expect, it } from 'vitest';
import { readTarget } from './target.ts';

it.each(['/admin/', '/admin/calls?errcode=45009', '/admin'])('the page %s is a target', (to) => {
  expect(readTarget({ to })).toEqual({ to });
});

it.each(['//example.com', 'https://example.com', '/administrator', '/v1/status', 7, undefined])('%s is none', (to) => {
  expect(readTarget({ to })).toEqual({});
});
