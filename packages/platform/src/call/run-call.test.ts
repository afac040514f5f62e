import { Failure } from '@wxthirdparty/wechat';
import { describe, expect, it } from 'vitest';
import type { Call, CallRequest } from './call.ts';
import { type CallSteps, runCall } from './run-call.ts';

const request = { appid: 'wxa', method: 'GET', path: '/cgi-bin/user/get', query: [], departWithinMs: 1_000 };
const settledCall = { id: 'c', settledAt: new Date(0) } as Call;
const openCall = { id: 'c', settledAt: null } as Call;

/** The steps of one call, and which of them were taken. */
function stepsOf(change: Partial<CallSteps> = {}) {
  const taken: string[] = [];
  const noted =
    <Args extends unknown[], Result>(name: string, step: (...args: Args) => Promise<Result>) =>
    (...args: Args) => {
      taken.push(name);
      return step(...args);
    };
  const all: CallSteps = {
    submit: async ({ waitMs }: CallRequest) => ({ id: `c${waitMs}` }),
    settled: async () => undefined,
    cancel: async () => false,
    find: async () => openCall,
    ...change,
  };
  const steps: CallSteps = {
    submit: noted('submit', all.submit),
    settled: noted('settled', all.settled),
    cancel: noted('cancel', all.cancel),
    find: noted('find', all.find),
  };
  return { steps, taken };
}

const away = new Failure('redis_unreachable', 'retry', 'Redis does not answer.');
const keep = { waitMs: 5, onTimeout: 'keep' } as const;
const cancel = { waitMs: 5, onTimeout: 'cancel', settleTimeoutMs: 7 } as const;

it('returns the settled call, with one wait', async () => {
  for (const options of [keep, cancel]) {
    const { steps, taken } = stepsOf({ settled: async () => settledCall });
    expect(await runCall(steps, request, options)).toEqual({ id: 'c5', call: settledCall });
    expect(taken).toEqual(['submit', 'settled']);
  }
});

it('reports the id as soon as the call is accepted', async () => {
  const accepted: string[] = [];
  const { steps } = stepsOf({ settled: () => Promise.reject(away) });
  await runCall(steps, request, { ...keep, accepted: (id) => accepted.push(id) });
  expect(accepted).toEqual(['c5']);
});

it('throws what submitting throws', async () => {
  const { steps, taken } = stepsOf({ submit: () => Promise.reject(away) });
  await expect(runCall(steps, request, keep)).rejects.toBe(away);
  expect(taken).toEqual(['submit']);
});

describe('a call that is kept on timeout', () => {
  it('is returned as far as it has come', async () => {
    const { steps, taken } = stepsOf();
    expect(await runCall(steps, request, keep)).toEqual({ id: 'c5', call: openCall });
    expect(taken).toEqual(['submit', 'settled', 'find']);
  });

  it('is waited for even if its caller has disconnected before, since it is pending until then', async () => {
    const signals: (boolean | undefined)[] = [];
    const { steps } = stepsOf({
      settled: async (_id, _waitMs, signal) => {
        signals.push(signal?.aborted);
        throw new Error('The wait was aborted.');
      },
    });
    const signal = AbortSignal.abort();
    expect(await runCall(steps, request, { ...keep, signal })).toEqual({ id: 'c5', call: openCall });
    expect(signals).toEqual([true]);
  });

  it('is returned by its id alone while Redis is unreachable', async () => {
    const { steps } = stepsOf({ find: () => Promise.reject(away) });
    expect(await runCall(steps, request, keep)).toEqual({ id: 'c5' });
  });

  it('is lost if its record has vanished', async () => {
    const { steps } = stepsOf({ find: async () => undefined });
    await expect(runCall(steps, request, keep)).rejects.toMatchObject({ code: 'call_lost', remedy: 'operator' });
  });
});

describe('a call that is cancelled on timeout', () => {
  it('never departs, if it had not departed', async () => {
    const { steps, taken } = stepsOf({ cancel: async () => true });
    expect(await runCall(steps, request, cancel)).toEqual({ id: 'c5', cancelled: true });
    expect(taken).toEqual(['submit', 'settled', 'cancel']);
  });

  it('is waited for again, if it had departed', async () => {
    const waits: number[] = [];
    const { steps } = stepsOf({
      settled: async (_id, waitMs) => (waits.push(waitMs) === 1 ? undefined : settledCall),
    });
    expect(await runCall(steps, request, cancel)).toEqual({ id: 'c5', call: settledCall });
    expect(waits).toEqual([5, 7]);
  });

  it('is returned as far as it has come when the second wait ends, too', async () => {
    const { steps, taken } = stepsOf();
    expect(await runCall(steps, request, cancel)).toEqual({ id: 'c5', call: openCall });
    expect(taken).toEqual(['submit', 'settled', 'cancel', 'settled', 'find']);
  });
});
