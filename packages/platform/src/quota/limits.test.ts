import { expect, test } from 'vitest';
import { narrower, readReportedQuota, remainingOf } from './limits.ts';

const quota = { daily_limit: 500, used: 12, remain: 488 };

test('WeChat’s report is read unchanged', () => {
  expect(readReportedQuota({ errcode: 0, quota })).toEqual({ limit: 500, used: 12, rate: undefined });
  expect(readReportedQuota({ quota, rate_limit: { call_count: 10, refresh_second: 60 } })).toMatchObject({
    rate: { calls: 10, seconds: 60 },
  });
});

test('of the account’s rate and that of calls on its behalf, the narrower holds, in either order', () => {
  const a = { call_count: 1000, refresh_second: 60 };
  const b = { call_count: 10, refresh_second: 1 };
  const rate = { calls: 10, seconds: 1 };
  expect(readReportedQuota({ quota, rate_limit: a, component_rate_limit: b })?.rate).toEqual(rate);
  expect(readReportedQuota({ quota, rate_limit: b, component_rate_limit: a })?.rate).toEqual(rate);
  expect(readReportedQuota({ quota, component_rate_limit: b })?.rate).toEqual(rate);
  // The same for long; ten at once are fewer than six hundred.
  expect(narrower({ calls: 600, seconds: 60 }, rate)).toEqual(rate);
});

test('what cannot be a limit is none', () => {
  expect(
    readReportedQuota({ quota: { daily_limit: 0, used: 3 }, rate_limit: { call_count: 0, refresh_second: 60 } }),
  ).toEqual({ limit: undefined, used: 3, rate: undefined });
  expect(readReportedQuota({ quota: { daily_limit: 5 } })).toBeUndefined();
  expect(readReportedQuota({ errcode: 0 })).toBeUndefined();
  expect(readReportedQuota([])).toBeUndefined();
});

test('never less than nothing remains, and of an unknown limit the rest is unknown', () => {
  expect(remainingOf(10, 12)).toBe(0);
  expect(remainingOf(10, 3)).toBe(7);
  expect(remainingOf(undefined, 3)).toBeUndefined();
});
