import { randomBytes } from 'node:crypto';
import type { Transport, WeChatResponse } from '@wxthirdparty/wechat';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { until } from '../../test/until.ts';
import { Events } from '../events.ts';
import { Clears } from '../quota/clears.ts';
import { Ledger } from '../quota/ledger.ts';
import { Seals } from '../sealing/seals.ts';
import { HostGate } from '../token/host-gate.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import type { Tokens } from '../token/tokens.ts';
import { UserTokens } from '../user-token/user-tokens.ts';
import type { CallRequest } from './call.ts';
import { type CallId, newCallId } from './call-id.ts';
import { CallStore } from './call-store.ts';
import { Holds } from './holds.ts';
import { perform } from './perform.ts';
import type { CallRunResult, RunDeps } from './run.ts';

let server: TestRedis;
let store: CallStore;
let ledger: Ledger;
let userTokens: UserTokens;
beforeAll(async () => {
  server = await startRedis();
  store = new CallStore(server.redis, new Seals([randomBytes(32)]));
  ledger = new Ledger(server.redis);
  userTokens = new UserTokens(server.redis, [randomBytes(32)]);
});
afterAll(() => server.stop());
beforeEach(() => server.redis.flushall());

const READ = '/cgi-bin/user/info';
const SEND = '/cgi-bin/message/custom/send';
const owner = { component: 'wxc', appid: 'wxa' };
const unlimited = { dailyLimit: undefined, minuteLimit: undefined };

async function created(path: string, change: Partial<CallRequest> = {}): Promise<CallId> {
  const call = newCallId(owner.component, owner.appid);
  const method = path === READ ? 'GET' : 'POST';
  const request = { appid: owner.appid, method, path, query: [], waitMs: 30_000, departWithinMs: 60_000 };
  await store.create(call, { ...request, ...change }, 'gateway-1');
  return call;
}

/** Runs calls at a WeChat that always answers the same. */
function runs(answer: string | (() => string), status = 200, gate = new HostGate(server.redis)) {
  let requests = 0;
  const clears = new Clears(server.redis, ledger, async () => {});
  const send: Transport['send'] = async (): Promise<WeChatResponse> => {
    requests++;
    const body = typeof answer === 'string' ? answer : answer();
    return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) };
  };
  const options = {
    events: new Events(),
    store,
    gate,
    durable: { claim: async () => 'confirmed' },
    holds: new Holds(store),
    ledger,
    tokens: {
      get: async () => ({ owner: { kind: 'authorizer', ...owner }, value: 'T', version: 1, trustedUntil: new Date() }),
      distrust: async () => 'replaced',
      accepted: () => {},
    } as unknown as Tokens,
    refreshAhead: { markUsed: async () => {} } as unknown as RefreshAhead,
    userTokens: userTokens as Pick<UserTokens, 'remember'>,
    clears: { recordClear: clears.recordClear.bind(clears) },
    transport: { send, close: async () => {} },
    apiBase: 'http://wechat',
  } satisfies RunDeps;
  const run = (call: CallId) => perform(call.id, new AbortController().signal, options);
  return { run, options, requests: () => requests };
}

describe('a job that names method and path', () => {
  const expected = { method: 'POST', path: SEND };
  const withToken = (parts: ReturnType<typeof runs>) => {
    const { options } = parts;
    const cached = vi.fn(() => ({
      owner: { kind: 'authorizer', ...owner },
      value: 'T',
      version: 1,
      trustedUntil: new Date(),
    }));
    const deps = { ...options, tokens: Object.assign(options.tokens, { cached }) };
    const run = (call: CallId) => perform(call.id, new AbortController().signal, deps, expected);
    return { ...parts, cached, run };
  };
  const departures = () => vi.spyOn(store, 'depart');
  afterEach(() => vi.restoreAllMocks());

  it('lets its call depart while the record is read, and continues as any other', async () => {
    const answers = ['{"errcode":40001}', '{"errcode":0}'];
    const { run, requests } = withToken(runs(() => answers.shift()!));
    const [load, depart] = [vi.spyOn(store, 'load'), departures()];
    const call = await created(SEND);
    const settled = { ...owner, path: SEND, isBackground: false, key: undefined, queueMs: expect.any(Number) };
    expect(await run(call)).toMatchObject({ done: true, outcome: 'completed', attempts: 2, settled });
    expect(requests()).toBe(2);
    expect(load).not.toHaveBeenCalled();
    expect(depart).toHaveBeenCalledTimes(1);
    expect(await run(call)).toEqual({ done: true, outcome: 'settled_before', attempts: 2, hasCallback: false });
  });

  it('waits for the token first, if it is not cached', async () => {
    const { run, cached } = withToken(runs('{"errcode":0}'));
    cached.mockReturnValue(undefined as never);
    const depart = departures();
    expect(await run(await created(SEND))).toMatchObject({ outcome: 'completed', attempts: 1 });
    expect(depart).toHaveBeenCalledTimes(1);
  });

  it('is no reason to send what belongs to another run, or what does not open', async () => {
    const { run, requests } = withToken(runs('{"errcode":0}'));
    const [held, foreign, damaged] = [await created(SEND), await created(SEND), await created(SEND)];
    await store.depart(held, 'another', false, ledger.scriptArgs({ ...owner, path: SEND }, unlimited));
    expect(await run(held)).toMatchObject({ done: false, until: 'again' });
    const sealed = new CallStore(server.redis, new Seals([randomBytes(32)]));
    await server.redis.del(recordKey(foreign), `${recordKey(foreign)}:request`);
    await sealed.create(
      foreign,
      { ...owner, method: 'POST', path: SEND, query: [], waitMs: 30_000, departWithinMs: 60_000 },
      'g',
    );
    expect(await run(foreign)).toMatchObject({ done: false, until: 'again' });
    expect(await store.load(foreign)).toMatchObject({ departed: false, unreadable: 'no_key' });
    await server.redis.setrange(`${recordKey(damaged)}:request`, 40, 'xxxx');
    expect(await run(damaged)).toMatchObject({ done: true, outcome: 'call_unreadable' });
    expect(requests()).toBe(0);
  });

  it('reports a closed quota and a passed deadline', async () => {
    const { run, requests } = withToken(runs('{"errcode":0}'));
    const [late, closed, background] = [await created(SEND), await created(SEND), await created(SEND, { waitMs: 0 })];
    await server.redis.hset(recordKey(late), 'deadlineAt', '1');
    expect(await run(late)).toMatchObject({ done: true, outcome: 'deadline_passed' });
    await ledger.close({ ...owner, path: SEND }, 'day', Date.now(), unlimited);
    expect(await run(closed)).toMatchObject({ done: true, outcome: 'quota_closed' });
    expect(await run(background)).toMatchObject({ done: false, until: 'quota' });
    expect(requests()).toBe(0);
  });
});

describe.each([
  ['safe to repeat', READ],
  ['not safe to repeat', SEND],
])('the probe of a closed day by a call that is %s', (_, path) => {
  const pair = { ...owner, path };
  const isClosed = async () => (await ledger.usage(pair, unlimited)).closedUntil !== undefined;
  beforeEach(async () => {
    await ledger.close(pair, 'day', Date.now() + 1_000, unlimited);
    await server.redis.hset(`wx:{wxc:wxa}:quota:${path}`, 'probeAt', '1');
  });

  it.each([
    ['a refused token', '{"errcode":40001}'],
    ['−1', '{"errcode":-1}'],
    ['a page of HTML', '<html>busy</html>'],
    ['nothing', ''],
  ])('keeps it closed if it is answered by %s, with one request', async (_, body) => {
    const { run, requests } = runs(body);
    const call = await created(path);
    for (let n = 0; n < 3; n++) await run(call);
    expect([requests(), await isClosed()]).toEqual([1, true]);
  });

  it('reopens it if WeChat answers', async () => {
    await runs('{"errcode":0}').run(await created(path));
    expect(await isClosed()).toBe(false);
  });
});

const recordKey = (call: CallId) => `wx:{wxc:wxa}:call:${call.id}`;
const requestKey = (call: CallId) => `${recordKey(call)}:request`;
/** A sealed value contains the id of its key from its second byte on. */
async function flip(key: string, at: number): Promise<void> {
  const sealed = (await server.redis.getBuffer(key))!;
  sealed[at < 0 ? sealed.length + at : at]! ^= 0xff;
  await server.redis.set(key, sealed, 'KEEPTTL');
}

describe('a call whose stored request cannot be opened', () => {
  const fault = { done: true, outcome: 'call_unreadable', hasCallback: true };
  const callbackUrl = 'https://shop.example/hook';

  it.each([
    ['damaged', (call: CallId) => flip(requestKey(call), -1)],
    ['missing', (call: CallId) => server.redis.del(requestKey(call))],
  ])('because it is %s, fails at once, and is not sent', async (_, damage) => {
    const call = await created(SEND, { callbackUrl });
    await damage(call);
    const { run, requests } = runs('{"errcode":0}');
    expect(await run(call)).toMatchObject(fault);
    expect(await store.find(call)).toMatchObject({
      state: 'failed',
      failure: { code: 'call_unreadable', remedy: 'operator' },
    });
    expect(requests()).toBe(0);
  });

  it('because this process does not have its key, waits for a process that has it, but not for ever', async () => {
    const [call, other] = [await created(SEND, { callbackUrl }), await created(SEND)];
    for (const one of [call, other]) await flip(requestKey(one), 1);
    const { run } = runs('{"errcode":0}');
    for (let times = 1; times < 5; times++) expect(await run(call)).toMatchObject({ done: false, until: 'again' });
    expect(await run(call)).toMatchObject(fault);

    expect(await run(other)).toMatchObject({ done: false });
    await flip(requestKey(other), 1);
    expect(await run(other)).toMatchObject({ done: true, outcome: 'completed' });
  });

  it('ends by its deadline like any other, and as unknown if it may have been sent', async () => {
    const [late, sent] = [await created(SEND), await created(SEND)];
    for (const call of [late, sent]) await server.redis.del(requestKey(call));
    await server.redis.hset(recordKey(late), 'deadlineAt', '1');
    await server.redis.hset(recordKey(sent), { state: 'sent', sentBy: 'a run that died', heldUntil: '1' });
    const { run } = runs('{"errcode":0}');
    expect(await run(late)).toMatchObject({ done: true, outcome: 'deadline_passed' });
    expect(await run(sent)).toMatchObject({ done: true, outcome: 'outcome_unknown' });
  });
});

it('a call whose answer cannot be opened any more has an unknown outcome, and reading it is no error', async () => {
  const call = await created(SEND);
  const { run } = runs('{"errcode":0}');
  expect(await run(call)).toMatchObject({ outcome: 'completed' });
  await flip(`${recordKey(call)}:result`, -1);
  expect(await store.find(call)).toMatchObject({
    state: 'failed',
    response: null,
    failure: { code: 'outcome_unknown', message: expect.stringContaining('WeChat answered') },
  });
});

describe('an internal error in a run', () => {
  const broken = () => {
    throw new Error('a fault of our own');
  };

  it('is repeated, and ends the call as `internal` at the fifth time', async () => {
    const call = await created(READ, { callbackUrl: 'https://shop.example/hook' });
    const { run, requests } = runs(broken);
    for (let times = 1; times < 5; times++) {
      expect(await run(call)).toMatchObject({ done: false, until: 'again', fault: { message: 'a fault of our own' } });
      await server.redis.hset(recordKey(call), 'heldUntil', '1');
    }
    expect(await run(call)).toMatchObject({ done: true, outcome: 'internal', hasCallback: true });
    expect(await store.find(call)).toMatchObject({
      state: 'failed',
      failure: { code: 'internal', remedy: 'operator' },
    });
    expect(requests()).toBe(5);
  });

  it('that occurs once has no effect on the call', async () => {
    const call = await created(READ);
    expect(await runs(broken).run(call)).toMatchObject({ done: false });
    await server.redis.hset(recordKey(call), 'heldUntil', '1');
    expect(await runs('{"errcode":0}').run(call)).toMatchObject({ done: true, outcome: 'completed' });
  });

  it('after the departure of a call that is not safe to repeat makes its outcome unknown, and nothing is sent again', async () => {
    const call = await created(SEND);
    const { run, requests } = runs(broken);
    expect(await run(call)).toMatchObject({ done: true, outcome: 'outcome_unknown', fault: expect.any(Error) });
    expect(await run(call)).toMatchObject({ done: true, outcome: 'settled_before' });
    expect(requests()).toBe(1);
  });

  it('whose cause is Redis is not counted', async () => {
    const call = await created(READ);
    const { depart } = store;
    const refused = new Error('OOM command not allowed');
    store.depart = store.countFault = async () => {
      throw refused;
    };
    try {
      for (let times = 1; times <= 6; times++) await expect(runs('{}').run(call)).rejects.toBe(refused);
    } finally {
      store.depart = depart;
      // @ts-expect-error Deleting the stub uncovers the method of the class.
      delete store.countFault;
    }
    expect(await runs('{"errcode":0}').run(call)).toMatchObject({ done: true, outcome: 'completed' });
  });
});

it('WeChat’s answer to a clear is stored even if the clear cannot be counted at first, and is counted once', async () => {
  const { run, options } = runs('{"errcode":0}');
  let refusals = 0;
  const recordClear = options.clears.recordClear;
  options.clears.recordClear = async (...clear) => {
    await recordClear(...clear);
    if (++refusals <= 2) throw new Error('READONLY You can not write against a read only replica.');
  };
  const call = await created('/cgi-bin/clear_quota');
  expect(await run(call)).toMatchObject({ outcome: 'completed', errcode: 0 });
  expect((await new Clears(server.redis, ledger, async () => {}).thisMonth(owner)).usedThisMonth).toBe(1);
});

describe('an error of Redis after WeChat’s answer', () => {
  /** How far the monotonic clock, which stands otherwise, has gone on: no test waits for as long as a write is repeated. */
  let aheadMs = 0;
  beforeEach(() => {
    aheadMs = 0;
    const start = performance.now();
    vi.spyOn(performance, 'now').mockImplementation(() => start + aheadMs);
  });
  afterEach(() => vi.restoreAllMocks());

  /** Redis refuses it once; `forLong`: for longer than a write is repeated. */
  function refuse(what: object, method: string, forLong: boolean): () => number {
    let refusals = 0;
    vi.spyOn(what as Record<string, () => Promise<unknown>>, method).mockImplementationOnce(async () => {
      refusals++;
      if (forLong) aheadMs += 60_000;
      throw new Error('READONLY You can not write against a read only replica.');
    });
    return () => refusals;
  }

  /** Run after run, as by a job. */
  async function runToItsEnd(run: (call: CallId) => Promise<CallRunResult>, call: CallId): Promise<CallRunResult> {
    for (let runs = 1; ; runs++) {
      const performed = await run(call);
      if (performed.done || runs === 5) return performed;
      // A claim that was not released would fail here.
      if ((await store.load(call))!.departed) await server.redis.hset(recordKey(call), 'heldUntil', '1');
    }
  }

  const tooSlow = { status: 429, body: '<html>Too Many Requests</html>' };
  const deadToken = { status: 200, body: '{"errcode":42001}' };

  describe.each([
    ['passes at once', false],
    ['outlasts the repetitions', true],
  ])('that %s', (_, forLong) => {
    it.each([
      ['when the edge refused, on releasing the claim', tooSlow, 'store', 'release'],
      ['when the edge refused, on storing the delay', tooSlow, 'store', 'delay'],
      ['when the token was refused, on distrusting it', deadToken, 'tokens', 'distrust'],
      ['when the token was refused, on releasing the claim', deadToken, 'store', 'release'],
      ['when the claim was too old, on releasing it', 'too old', 'store', 'release'],
      ['when the edge refused, on concluding its quota', tooSlow, 'ledger', 'conclude'],
    ] as const)(
      '%s, repeats a call that is not safe to repeat, since nothing was carried out',
      async (_, first, of, method) => {
        const { run, options } = runs('');
        const sent: string[] = [];
        options.transport.send = async ({ beforeSend }: { beforeSend?: () => void } = {}) => {
          const answer = sent.length === 0 ? first : { status: 200, body: '{"errcode":0}' };
          sent.push(answer === 'too old' ? 'not sent' : answer.body);
          if (answer === 'too old') aheadMs += 60_000;
          beforeSend?.();
          const { status, body } = answer as typeof tooSlow;
          return { status, headers: { 'content-type': 'application/json' }, body: Buffer.from(body) };
        };
        const refusals = refuse(options[of], method, forLong);
        const call = await created(SEND);
        expect(await runToItsEnd(run, call)).toMatchObject({ done: true, outcome: 'completed', errcode: 0 });
        expect(sent).toHaveLength(2);
        expect(refusals()).toBe(1);
      },
    );

    it.each([
      ['an answer', '{"errcode":0}', 200, 'completed', 'settle'],
      ['an answer, whose quota is concluded late,', '{"errcode":0}', 200, 'completed', 'conclude'],
      ['a refusal by the edge', '<html>Bad Request</html>', 400, 'wechat_refused', 'settle'],
    ])('loses no outcome that is known: %s is stored', async (_, body, status, outcome, method) => {
      const { run, requests } = runs(body, status);
      const refusals = refuse(method === 'settle' ? store : ledger, method, forLong);
      const call = await created(SEND);
      expect(await run(call)).toMatchObject({ done: true, outcome });
      expect([requests(), refusals()]).toEqual([1, 1]);
    });
  });
});

describe('a call whose host WeChat refuses for its address', () => {
  const REFUSED = '{"errcode":61004,"errmsg":"access clientip is not registered"}';

  it.each([READ, SEND])('is sent once by a process on another host, which gets all others: %s', async (path) => {
    const [bad, good] = [new HostGate(server.redis), new HostGate(server.redis)];
    const beats = [bad, good].map((gate) => gate.keepBeating(['wxc']));
    await until('both are known', () => bad.othersCan('wxc'));
    const [refused, allowed] = [runs(REFUSED, 200, bad), runs('{"errcode":0}', 200, good)];
    const [call, next] = [await created(path), await created(path)];
    expect(await refused.run(call)).toMatchObject({ done: false, until: 'again' });
    expect(bad.isDegraded).toBe(true);
    for (const one of [call, next]) {
      expect(await refused.run(one)).toMatchObject({ done: false, until: 'again' });
      expect(await allowed.run(one)).toMatchObject({ done: true, outcome: 'completed', errcode: 0 });
    }
    expect([refused.requests(), allowed.requests(), good.isDegraded]).toEqual([1, 2, false]);
    await Promise.all(beats.map((beat) => beat.close()));
  });

  it('receives WeChat’s answer if no other process can send it, and the next answer ends the report', async () => {
    const gate = new HostGate(server.redis);
    const beat = gate.keepBeating(['wxc']);
    const outcome = await runs(REFUSED, 200, gate).run(await created(SEND));
    expect(outcome).toMatchObject({ done: true, outcome: 'completed', errcode: 61004 });
    expect(gate.isDegraded).toBe(true);
    expect(await runs('{"errcode":45015}', 200, gate).run(await created(SEND))).toMatchObject({
      done: true,
      errcode: 45015,
    });
    expect(gate.isDegraded).toBe(false);
    await beat.close();
  });
});

describe('a user who logs in to a web page', () => {
  const path = '/sns/oauth2/component/access_token';
  const ANSWER = '{"access_token":"86_user","expires_in":7200,"refresh_token":"86_r","openid":"o1"}';
  const keyFingerprint = '0123456789abcdef';

  it.each([path, '/sns/oauth2/component/refresh_token'])('is remembered with account and key: %s', async (path) => {
    await runs(ANSWER).run(await created(path, { keyFingerprint }));
    expect(await userTokens.find('86_user')).toEqual({ ...owner, keyFingerprint });
  });

  it('is remembered before the outcome is stored, because the next request may come at once', async () => {
    const { run, options } = runs(ANSWER);
    const call = await created(path, { keyFingerprint });
    let settledAt: Date | null | undefined;
    options.userTokens = {
      remember: async (...args) => {
        settledAt = (await store.find(call))?.settledAt;
        await userTokens.remember(...args);
      },
    };
    expect(await run(call)).toMatchObject({ done: true, outcome: 'completed' });
    expect(settledAt).toBeNull();
  });

  it('receives the answer although it cannot be remembered', async () => {
    const { run, options } = runs(ANSWER);
    options.userTokens = { remember: () => Promise.reject(new Error('OOM command not allowed')) };
    expect(await run(await created(path, { keyFingerprint }))).toMatchObject({ done: true, outcome: 'completed' });
  });

  it.each<[how: string, path: string, answer: string, change: Partial<CallRequest>]>([
    ['without a key', path, ANSWER, {}],
    ['with a refused code', path, '{"errcode":40029,"errmsg":"invalid code"}', { keyFingerprint }],
    ['by an API that issues no such token', SEND, ANSWER, { keyFingerprint }],
  ])('is not remembered %s', async (_how, path, answer, change) => {
    expect(await runs(answer).run(await created(path, change))).toMatchObject({ done: true });
    expect(await userTokens.find('86_user')).toBeUndefined();
  });
});
