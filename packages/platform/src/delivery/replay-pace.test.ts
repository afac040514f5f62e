import { describe, expect, it } from 'vitest';
import { ReplayPace } from './replay-pace.ts';

describe('a replay', () => {
  it('starts with ten deliveries, and adds none while they are pending', () => {
    const pace = new ReplayPace();
    expect(pace.capacity(0, 0)).toBe(10);
    pace.added(10);
    expect(pace.capacity(10, 100)).toBe(0);
    expect(pace.capacity(10, 5_000)).toBe(0);
  });

  it('keeps as many pending as were settled in the last second', () => {
    const pace = new ReplayPace();
    pace.capacity(0, 0);
    pace.added(10);
    // Ten in 100 ms.
    expect(pace.capacity(0, 100)).toBe(100);
    pace.added(100);
    expect(pace.capacity(50, 200)).toBe(300 - 50);
  });

  it('never has more than a thousand pending', () => {
    const pace = new ReplayPace();
    pace.capacity(0, 0);
    pace.added(1_000);
    expect(pace.capacity(0, 100)).toBe(1_000);
    expect(pace.capacity(400, 200)).toBe(600);
  });

  it('adds nothing where live pushes alone are more than that', () => {
    const pace = new ReplayPace();
    expect(pace.capacity(5_000, 0)).toBe(0);
    expect(pace.capacity(6_000, 500)).toBe(0);
  });

  it('slows down with its receiver', () => {
    const pace = new ReplayPace();
    pace.capacity(0, 0);
    pace.added(500);
    pace.capacity(0, 500);
    pace.added(500);
    // Nothing is settled for more than a second.
    for (const at of [600, 1_100, 1_600]) pace.capacity(500, at);
    expect(pace.capacity(495, 1_700)).toBe(0);
    expect(pace.capacity(0, 1_800)).toBeGreaterThan(10);
  });
});
