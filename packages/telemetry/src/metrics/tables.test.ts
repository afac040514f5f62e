import { expect, it } from 'vitest';
import { openCounters, openHistograms } from './tables.ts';

it('a histogram has cumulative buckets, a bound belongs to its bucket, and what exceeds all bounds is in +Inf', () => {
  const { wechat_request_seconds: seconds } = openHistograms();
  for (const value of [0.005, 0.006, 60, 61]) seconds.observe(value, 'h');
  const lines = seconds.text().split('\n');
  expect(lines.slice(0, 4)).toEqual([
    '# HELP wx_wechat_request_seconds Requests to WeChat.',
    '# TYPE wx_wechat_request_seconds histogram',
    'wx_wechat_request_seconds_bucket{host="h",le="0.005"} 1',
    'wx_wechat_request_seconds_bucket{host="h",le="0.01"} 2',
  ]);
  expect(lines.slice(-4)).toEqual([
    'wx_wechat_request_seconds_bucket{host="h",le="60"} 3',
    'wx_wechat_request_seconds_bucket{host="h",le="+Inf"} 4',
    'wx_wechat_request_seconds_sum{host="h"} 121.011',
    'wx_wechat_request_seconds_count{host="h"} 4',
  ]);
});

it('escapes what would end a label’s value, and shows metrics without labels from the start', () => {
  const { redis_events_total: redis, calls_unrecorded_total: unrecorded } = openCounters();
  redis.add(1, 'a"b\\c\nd');
  expect(redis.text().split('\n').at(-1)).toBe('wx_redis_events_total{what="a\\"b\\\\c\\nd"} 1');
  expect(unrecorded.text().split('\n').at(-1)).toBe('wx_calls_unrecorded_total 0');
});
