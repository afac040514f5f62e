import { expect, it } from 'vitest';
import { beijingDate, beijingDay, nextBeijing } from './beijing-time.ts';

it('days are counted by the time of Beijing', () => {
  expect(beijingDate(beijingDay(Date.parse('2026-11-22T15:59:59Z')))).toBe('2026-11-22');
  expect(beijingDate(beijingDay(Date.parse('2026-11-22T16:00:00Z')))).toBe('2026-11-23');
});

it('the next time of day in Beijing is never the present moment', () => {
  const at = (now: string) => new Date(nextBeijing('03:30', Date.parse(now))).toISOString();
  expect(at('2026-11-22T19:29:59Z')).toBe('2026-11-22T19:30:00.000Z');
  expect(at('2026-11-22T19:30:00Z')).toBe('2026-11-23T19:30:00.000Z');
  expect(at('2026-11-22T16:00:00Z')).toBe('2026-11-22T19:30:00.000Z');
});
