import { expect } from 'vitest';

/** One delivery of a push by WeChat, and its answer. */
export interface PushAnswer {
  /** 0: no answer within five seconds. */
  readonly status: number;
  readonly body: string;
  readonly ms: number;
}

/** Then a gateway refuses a push that it has not stored, so that WeChat delivers it again. */
const SLOW_MS = 4_500;

/**
 * WeChat was answered `success`: at the first delivery, or, where a busy machine took longer than a gateway and WeChat wait, at a
 * later one.
 */
export function expectAccepted(deliveries: readonly PushAnswer[]): void {
  const answered = deliveries.filter(
    ({ status, ms }, i) => i === deliveries.length - 1 || status === 200 || ms < SLOW_MS,
  );
  expect(answered.map(({ status, body }) => [status, body])).toEqual(answered.map(() => [200, 'success']));
  expect(answered).not.toEqual([]);
}
