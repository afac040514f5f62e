import { describe, expect, it } from 'vitest';
import { formats } from './format.ts';

const { zh, en } = formats;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe('durations', () => {
  it.each([
    [82, '82 毫秒', '82 ms'],
    [5_040, '5.0 秒', '5.0 s'],
    [40 * SECOND, '40 秒', '40 s'],
    [12 * MINUTE, '12 分钟', '12 min'],
    [HOUR + 48 * MINUTE, '1 小时 48 分钟', '1 h 48 min'],
    [2 * HOUR, '2 小时', '2 h'],
    [2 * DAY + 3 * HOUR, '2 天 3 小时', '2 d 3 h'],
    [12 * DAY + 3 * HOUR, '12 天', '12 d'],
  ])('of %d ms', (ms, chinese, english) => {
    expect([zh.duration(ms), en.duration(ms)]).toEqual([chinese, english]);
  });
});

describe('ages', () => {
  it.each([
    [300, '刚刚', 'just now'],
    [3 * SECOND, '3 秒前', '3 s ago'],
    [31 * MINUTE, '31 分钟前', '31 min ago'],
    [5 * HOUR + 59 * MINUTE, '5 小时前', '5 h ago'],
    [2 * DAY + 5 * HOUR, '2 天前', '2 d ago'],
    [-(HOUR + 48 * MINUTE), '1 小时 48 分钟后', 'in 1 h 48 min'],
  ])('of %d ms', (ms, chinese, english) => {
    expect([zh.age(ms), en.age(ms)]).toEqual([chinese, english]);
  });
});

describe('numbers', () => {
  it('are grouped, and small shares keep their digits', () => {
    expect(zh.number(1_204_331)).toBe('1,204,331');
    expect([en.percent(0.0012), en.percent(0.84), en.percent(0)]).toEqual(['0.12%', '84%', '0%']);
  });

  it('of bytes have a unit', () => {
    expect([512, 81_000, 812e6, 2e9].map(en.bytes)).toEqual(['512 B', '81.0 kB', '812 MB', '2.0 GB']);
  });
});

it('exact times are UTC with milliseconds', () => {
  expect(zh.exactUtc('2026-11-29T00:04:05.678Z')).toBe('2026-11-29 00:04:05.678 UTC');
});
