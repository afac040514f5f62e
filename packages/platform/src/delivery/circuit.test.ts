import { describe, expect, it } from 'vitest';
import { failsTooLong, opensCircuit, probeDelayMs, SlowStart } from './circuit.ts';

const at = (seconds: number) => new Date(Date.parse('2026-11-28T10:00:00Z') + seconds * 1_000);
const failed = (...pushes: readonly string[]) => pushes.map((push) => ({ push, unconnected: false }));
const unconnected = (...pushes: readonly string[]) => pushes.map((push) => ({ push, unconnected: true }));

describe('a subscription becomes failing', () => {
  it('after five failed attempts in a row over at least three pushes', () => {
    expect(opensCircuit(failed('a', 'b', 'c', 'a', 'b'))).toBe(true);
    expect(opensCircuit(failed('a', 'b', 'c', 'a'))).toBe(false);
    expect(opensCircuit(failed('a', 'a', 'a', 'a', 'a', 'b', 'c'))).toBe(true);
  });

  it('not by one or two pushes that always fail', () => {
    expect(opensCircuit(failed(...Array.from({ length: 20 }, () => 'a')))).toBe(false);
    expect(opensCircuit(failed(...Array.from({ length: 20 }, (_, i) => String(i % 2))))).toBe(false);
  });

  it('after five attempts in a row without a connection, even of one push', () => {
    expect(opensCircuit(unconnected('a', 'a', 'a', 'a', 'a'))).toBe(true);
    expect(opensCircuit([...unconnected('a', 'a', 'a', 'a'), ...failed('a')])).toBe(false);
    expect(opensCircuit(unconnected('a', 'a', 'a', 'a'))).toBe(false);
  });
});

it('probes follow after 5 s, 15 s, 1 min, 5 min, then every 10 min', () => {
  const delays: number[] = [];
  let seconds = 0;
  for (let probe = 0; probe < 7; probe++) {
    const delay = probeDelayMs(at(0), at(seconds)) / 1_000;
    delays.push(delay);
    // An attempt takes a moment.
    seconds += delay + 0.1;
  }
  expect(delays).toEqual([5, 15, 60, 300, 600, 600, 600]);
});

it('a receiver that fails for three days gets about 450 probes', () => {
  let [seconds, probes] = [0, 0];
  while (seconds < 3 * 86_400) {
    seconds += probeDelayMs(at(0), at(seconds)) / 1_000;
    probes++;
  }
  expect(probes).toBeGreaterThan(400);
  expect(probes).toBeLessThan(460);
});

it('a subscription is paused after five days of failing', () => {
  expect(failsTooLong(at(0), at(5 * 86_400 - 1))).toBe(false);
  expect(failsTooLong(at(0), at(5 * 86_400))).toBe(true);
});

it('after a closed circuit 1, 2, 4 … requests are open at once, up to maxInFlight', () => {
  const start = new SlowStart();
  expect(start.limit(10)).toBe(10);
  start.restart();
  const limits: number[] = [];
  for (let round = 0; round < 5; round++) {
    const open = start.limit(10);
    limits.push(open);
    for (let i = 0; i < open; i++) start.succeeded();
  }
  expect(limits).toEqual([1, 2, 4, 8, 10]);
});
