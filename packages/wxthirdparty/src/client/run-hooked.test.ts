import { describe, expect, it, vi } from 'vitest';
import type { Client, Hook } from './client.ts';
import { type Answered, runHooked } from './run-hooked.ts';

const client = { user: { appid: 'wxa' } } as unknown as Client;

function run(hook: Hook | undefined, args: readonly unknown[], answer: Parameters<Answered>) {
  const send = vi.fn((answered: Answered) => answered(...answer));
  const callback = vi.fn<Answered>();
  runHooked(client, hook, args, send, callback);
  return { send, callback };
}

describe('a hook', () => {
  it('sees the arguments, then the answer, with one object for both; `this` is the client', () => {
    const seen: unknown[] = [];
    const { callback } = run(
      {
        before(openid, options, next, temp) {
          temp.openid = openid;
          seen.push([this === client, openid, options]);
          next('arguments do not matter');
        },
        after(error, data, callback, temp) {
          seen.push([this === client, error, data, temp]);
          callback(null, 'changed');
        },
      },
      ['o1', { lang: 'en' }],
      [null, { openid: 'o1' }],
    );
    expect(seen).toEqual([
      [true, 'o1', { lang: 'en' }],
      [true, null, { openid: 'o1' }, { openid: 'o1' }],
    ]);
    expect(callback.mock.calls).toEqual([[null, 'changed']]);
  });

  it('without parts changes nothing', () => {
    for (const hook of [undefined, {}]) {
      expect(run(hook, [], [null, 'data', 'response']).callback.mock.calls).toEqual([[null, 'data', 'response']]);
    }
  });

  it('does not send what `before` does not pass on, and sends it once', () => {
    const held = run({ before: () => undefined }, ['x'], [null]);
    expect([held.send.mock.calls.length, held.callback.mock.calls.length]).toEqual([0, 0]);
    const twice = run(
      {
        before(_x, next) {
          next();
          next();
        },
      },
      ['x'],
      [null],
    );
    expect(twice.send).toHaveBeenCalledOnce();
  });

  it('is not asked about a failed request, as in 2015', () => {
    const error = new Error('refused');
    const after = vi.fn();
    const { callback } = run({ after }, [], [error, { errcode: 40003 }]);
    expect(after).not.toHaveBeenCalled();
    expect(callback.mock.calls).toEqual([[error]]);
  });

  it('that throws or rejects is the outcome', async () => {
    const error = new Error('broken hook');
    const fail = () => {
      throw error;
    };
    expect(run({ before: fail }, [], [null]).callback.mock.calls).toEqual([[error]]);
    expect(run({ after: fail }, [], [null]).callback.mock.calls).toEqual([[error]]);
    const late = run({ after: async () => fail() }, [], [null]);
    await vi.waitFor(() => expect(late.callback.mock.calls).toEqual([[error]]), { timeout: 60_000 });
  });

  it('does not catch what the callback of the caller throws', () => {
    const error = new Error('broken caller');
    const callback = vi.fn(() => {
      throw error;
    });
    const hook: Hook = { after: (_error, data, done) => done(null, data) };
    expect(() => runHooked(client, hook, [], (answered) => answered(null, 'data'), callback)).toThrow(error);
    expect(callback).toHaveBeenCalledOnce();
  });
});
