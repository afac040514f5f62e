import { describe, expect, it } from 'vitest';
import { forecast } from './forecast.ts';

const HOUR_MS = 60 * 60_000;
/** Midnight in Beijing. */
const MIDNIGHT = Date.parse('2026-11-22T00:00:00+08:00');
const at = (time: string, day = 22) => Date.parse(`2026-11-${day}T${time}:00+08:00`);

/** Calls of each hour of a day in Beijing; `day` 0 is today. */
function day(number: number, perHour: (hour: number) => number): [number, number][] {
  return Array.from({ length: 24 }, (_, hour) => [MIDNIGHT / HOUR_MS + 24 * number + hour, perHour(hour)]);
}

function forecastAt(now: number, limit: number | undefined, hours: [number, number][], more: { used?: number } = {}) {
  const seen = new Map(hours.filter(([hour, count]) => hour * HOUR_MS <= now && count > 0));
  const ownUsed = [...seen].reduce((all, [hour, count]) => all + (hour * HOUR_MS >= MIDNIGHT ? count : 0), 0);
  const when = forecast({ now, hours: seen, ownUsed, limit, used: ownUsed, ...more });
  return when === undefined ? undefined : new Date(when).toISOString();
}
const beijing = (time: string, day = 22) => new Date(at(time, day)).toISOString();
const minutesApart = (a: string | undefined, b: string) => Math.abs(Date.parse(a ?? '') - Date.parse(b)) / 60_000;

/** Shops sleep. */
const shop = (hour: number) => (hour >= 9 && hour < 21 ? 100 : 0);

describe('today', () => {
  it('goes on as the last hour where there is no yesterday', () => {
    const hours = day(0, (hour) => (hour === 10 ? 60 : 0)).concat([[MIDNIGHT / HOUR_MS + 11, 30]]);
    // 90 by half past eleven, of which 60 in the last hour; 60 more take an hour.
    expect(minutesApart(forecastAt(at('11:30'), 150, hours), beijing('12:30'))).toBeLessThan(2);
  });

  it('goes on as yesterday did, in its hours', () => {
    const hours = [...day(-1, shop), ...day(0, (hour) => (hour < 12 ? shop(hour) : 0))];
    // 300 so far; the thousandth departs at seven in the evening.
    expect(forecastAt(at('12:00'), 1_000, hours)).toBe(beijing('19:00'));
    // The shop closes at 1200.
    expect(forecastAt(at('12:00'), 1_250, hours)).toBeUndefined();
  });

  it('goes on twice as busy where it was so far', () => {
    const hours = [...day(-1, shop), ...day(0, (hour) => (hour < 12 ? 2 * shop(hour) : 0))];
    expect(forecastAt(at('12:00'), 1_000, hours)).toBe(beijing('14:00'));
  });

  it('is not judged by the quiet of the night', () => {
    const hours = [...day(-1, shop), ...day(0, () => 0)];
    expect(forecastAt(at('06:00'), 800, hours)).toBe(beijing('17:00'));
  });

  it('notices a program that has gone wild', () => {
    const wild = day(0, (hour) => (hour === 12 ? 900 : hour < 12 ? shop(hour) : 0));
    const when = forecastAt(at('12:59'), 2_000, [...day(-1, shop), ...wild]);
    // 800 remain, and 900 departed in the last hour.
    expect(minutesApart(when, beijing('13:53'))).toBeLessThan(3);
  });

  it('counts the merchant’s own programs in', () => {
    const hours = [...day(-1, shop), ...day(0, (hour) => (hour < 12 ? shop(hour) : 0))];
    // 300 of ours and 1200 of his, which are 100 an hour.
    expect(forecastAt(at('12:00'), 2_100, hours, { used: 1_500 })).toBe(beijing('15:00'));
  });

  it('is over where the limit is reached', () => {
    const hours = day(0, (hour) => (hour === 10 ? 50 : 0));
    expect(forecastAt(at('10:30'), 50, hours)).toBe(beijing('10:30'));
  });
});

describe('tomorrow', () => {
  it('is like the last 24 hours: what starts late today is seen today', () => {
    // A job that started at four in the afternoon and goes on every hour.
    const hours = day(0, (hour) => (hour >= 16 ? 50 : 0));
    expect(forecastAt(at('22:00'), 1_000, hours)).toBeUndefined();
    // 300 until midnight; tomorrow they are 50 from four o'clock on as far as is known.
    expect(forecastAt(at('23:59'), 350, hours)).toBeDefined();
  });

  it('reaches the limit that today just does not', () => {
    const hours = [...day(-1, shop), ...day(0, (hour) => (hour < 20 ? shop(hour) : 0))];
    // A clear this afternoon: WeChat has counted only 300 since.
    const when = forecast({
      now: at('20:00'),
      hours: new Map(hours.filter(([, count]) => count > 0)),
      used: 300,
      ownUsed: 300,
      limit: 900,
    });
    expect(new Date(when!).toISOString()).toBe(beijing('18:00', 23));
  });
});

describe('nothing is said', () => {
  it('without a limit', () => {
    expect(forecastAt(at('12:00'), undefined, day(0, shop))).toBeUndefined();
  });

  it('after a handful of calls, however small the limit', () => {
    const hours = day(0, (hour) => (hour === 10 ? 15 : 0));
    expect(forecastAt(at('10:20'), 20, hours)).toBeUndefined();
  });

  it('where all goes well', () => {
    const hours = [...day(-1, shop), ...day(0, (hour) => (hour < 12 ? shop(hour) : 0))];
    expect(forecastAt(at('12:00'), 500_000, hours)).toBeUndefined();
  });

  it('nonsense, whatever the hours', () => {
    for (let hour = 0; hour < 24; hour++) {
      for (const limit of [1, 30, 700, 1_300]) {
        const now = MIDNIGHT + hour * HOUR_MS + 1;
        const when = forecast({
          ...{ now, limit, hours: new Map([...day(-1, shop), ...day(0, (h) => (h <= hour ? shop(h) : 0))]) },
          ...{ used: 0, ownUsed: 0 },
        });
        if (when === undefined) continue;
        expect(when).toBeGreaterThanOrEqual(now);
        expect(when).toBeLessThanOrEqual(MIDNIGHT + 48 * HOUR_MS);
      }
    }
  });
});
