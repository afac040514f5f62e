import { expect, test } from 'vitest';
import { quotaTable } from './quota-table.ts';

test('a line for each path, in columns', () => {
  const quota = { used: 3, limit: 500, remaining: 497, closedUntil: null, exhaustedAt: null };
  expect(
    quotaTable([
      { path: '/cgi-bin/user/get', ...quota },
      { path: '/wxa/x', ...quota, limit: null, remaining: null },
      { path: '/wxa/y', ...quota, used: 500, remaining: 0, closedUntil: '2026-11-22T16:00:00.000Z' },
      { path: '/wxa/z', ...quota, used: 400, remaining: 100, exhaustedAt: '2026-11-22T11:30:12.000Z' },
    ]),
  ).toBe(
    [
      'PATH               USED  LIMIT  LEFT',
      '/cgi-bin/user/get     3    500   497',
      '/wxa/x                3      ?     ?',
      '/wxa/y              500    500     0  closed until 2026-11-23 00:00',
      '/wxa/z              400    500   100  used up by 2026-11-22 19:30 at the current rate',
    ].join('\n'),
  );
});
