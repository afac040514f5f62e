import { expect, test } from 'vitest';
import { Circuit } from './circuit.ts';

const PAUSE = 10_000;

function opened(at = 100): Circuit {
  const circuit = new Circuit();
  for (let i = 0; i < 3; i++) circuit.failed(at - 1, at);
  expect(circuit.closed).toBe(false);
  return circuit;
}

test('three consecutive failures open the circuit, which is reported once', () => {
  const circuit = new Circuit();
  expect([1, 2, 3, 4].map((at) => circuit.failed(at, at))).toEqual([false, false, true, false]);
  expect(circuit.closed).toBe(false);
});

test('a success in between restarts the count of failures', () => {
  const circuit = new Circuit();
  for (const at of [1, 3, 5]) {
    expect([circuit.failed(at, at), circuit.failed(at, at), circuit.succeeded(at, at)]).toEqual([false, false, false]);
  }
  expect(circuit.closed).toBe(true);
});

test('one failure that took a second opens the circuit', () => {
  expect(new Circuit().failed(0, 999)).toBe(false);
  expect(new Circuit().failed(0, 1_000)).toBe(true);
});

test('after a pause one probe runs at a time; the circuit closes when one succeeds', () => {
  const circuit = opened(100);
  expect(circuit.takeProbe(100 + PAUSE - 1)).toBe(false);
  expect(circuit.takeProbe(100 + PAUSE)).toBe(true);
  expect(circuit.takeProbe(100 + 5 * PAUSE)).toBe(false);
  expect(circuit.closed).toBe(false);

  const failedAt = 200 + PAUSE;
  expect(circuit.failed(100 + PAUSE, failedAt)).toBe(false);
  expect(circuit.takeProbe(failedAt + PAUSE - 1)).toBe(false);
  expect(circuit.takeProbe(failedAt + PAUSE)).toBe(true);
  expect(circuit.succeeded(failedAt + PAUSE, failedAt + PAUSE + 1)).toBe(true);
  expect(circuit.closed).toBe(true);
  expect(circuit.takeProbe(failedAt + 9 * PAUSE)).toBe(false);
});

test('a circuit that closed again opens after another three failures', () => {
  const circuit = opened(100);
  circuit.succeeded(200, 300);
  expect([400, 401, 402].map((at) => circuit.failed(at, at))).toEqual([false, false, true]);
});

test('an attempt started before the circuit opened does not close it, and one started before it closed does not open it', () => {
  const circuit = opened(100);
  expect(circuit.succeeded(50, 120)).toBe(false);
  expect(circuit.closed).toBe(false);
  expect(circuit.succeeded(130, 140)).toBe(true);
  expect([circuit.failed(90, 5_090), circuit.failed(139, 5_139)]).toEqual([false, false]);
  expect(circuit.closed).toBe(true);
});

test('another failure while the circuit is open delays the next probe', () => {
  const circuit = opened(100);
  circuit.failed(5_000, 5_001);
  expect(circuit.failedAt).toBe(5_001);
  expect(circuit.takeProbe(100 + PAUSE)).toBe(false);
  expect(circuit.takeProbe(5_001 + PAUSE)).toBe(true);
});
