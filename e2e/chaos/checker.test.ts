import { describe, expect, it } from 'vitest';
import { check, type Findings } from './checker.ts';
import type { CallLine, History, Moments, ProbeLine, PushLine, RequestLine } from './history.ts';

const AT = 1_800_000_000_000;
const MOMENTS: Moments = {
  at: AT,
  healedAt: AT + 10_000,
  cutHosts: [],
  cutAddresses: [],
  killedNodes: [],
  expiries: 1,
  startedNode: null,
};

/** A history in which every promise holds: each kind of call before and after the fault, and a push. */
const SOUND: History = {
  moments: MOMENTS,
  callers: [
    call('read', { startedAt: AT - 2_000, bodyHash: null }),
    call('send', { startedAt: AT - 1_000, bodyHash: 'a' }),
    call('background', { startedAt: AT + 1_000, status: 202, state: 'queued', id: 'b', bodyHash: 'b' }),
    { kind: 'settled', id: 'b', at: AT + 9_000, state: 'completed', code: null, errcode: 0 },
    { kind: 'delivery', at: AT + 600, webhookId: 'w1', msgId: 'm1' },
    probe('h1', AT + 500),
  ],
  wechat: [
    send('a', AT - 990),
    request('/cgi-bin/component/api_authorizer_token', AT + 100),
    send('b', AT + 1_010),
    push('m1', AT + 500),
  ],
};

it('finds nothing in a history in which every promise holds', () => {
  const nothing: Partial<Findings> = {
    lost: [],
    sentTwice: [],
    sentTwiceInWindow: [],
    refusedYetSent: [],
    unclearYetSent: [],
    outcomeUnknown: [],
    orderViolations: [],
    pushesLost: [],
    pushesTwice: [],
    pushesRefused: 0,
    extraTokens: 0,
    tokenErrors: [],
    outsideContract: [],
    failedBefore: [],
    failed: [],
    outageMs: 0,
    notReady: [],
    nodeStartMs: null,
  };
  expect(check(SOUND)).toMatchObject({ requests: 3, accepted: 3, pushesAccepted: 1, ...nothing });
});

describe('a call', () => {
  it('that was accepted and never reached WeChat is lost, whether the caller learns it or not', () => {
    const accepted = call('background', { status: 202, id: 'x', bodyHash: 'x' });
    expect(changed({ callers: [accepted] }).lost).toEqual([expect.stringContaining('h1 background x')]);
    const settled = { kind: 'settled', id: 'x', at: AT, state: null, code: 'unknown_call', errcode: null } as const;
    expect(changed({ callers: [accepted, settled] }).lost).toHaveLength(1);
    const completed = { ...settled, state: 'completed', code: null };
    expect(changed({ callers: [accepted, completed] }).lost).toHaveLength(1);
    expect(changed({ callers: [call('send', { bodyHash: 'x', state: 'completed' })] }).lost).toHaveLength(1);
  });

  it('that WeChat refused, or of which the caller knows that its outcome is unknown, is not lost', () => {
    const accepted = call('background', { status: 202, id: 'x', bodyHash: 'x' });
    const refused = { kind: 'settled', id: 'x', at: AT, state: 'completed', code: null, errcode: 45015 } as const;
    expect(changed({ callers: [accepted, refused] }).lost).toEqual([]);
    const unknown = { ...refused, state: 'failed', code: 'outcome_unknown', errcode: null };
    expect(changed({ callers: [accepted, unknown] })).toMatchObject({ lost: [], outcomeUnknown: [expect.anything()] });
  });

  it('that WeChat refused for its token has not been sent', () => {
    const sent = [{ ...send('x', AT), answer: 42001 }, send('x', AT + 10)];
    expect(changed({ callers: [call('send', { bodyHash: 'x' })], wechat: sent }).sentTwice).toEqual([]);
    const never = changed({ callers: [call('send', { bodyHash: 'x' })], wechat: sent.slice(0, 1) });
    expect(never.lost).toHaveLength(1);
  });

  it('that departed twice is an error, unless it first departed in the window before the fault', () => {
    const twice = (firstAt: number) =>
      changed({
        callers: [call('background', { status: 202, id: 'x', bodyHash: 'x' })],
        wechat: [send('x', firstAt), send('x', AT + 5_000)],
      });
    expect(twice(AT - 2_999)).toMatchObject({ sentTwice: [], sentTwiceInWindow: [expect.anything()] });
    expect(twice(AT - 3_001)).toMatchObject({ sentTwice: [expect.anything()], sentTwiceInWindow: [] });
    expect(twice(AT + 1)).toMatchObject({ sentTwice: [expect.anything()], sentTwiceInWindow: [] });
  });

  it('that departed on a host that was cut off may arrive once more when the host is back, if it was accepted in the window', () => {
    const twice = (answeredAt: number, cutAddresses: string[]) =>
      changed({
        callers: [call('background', { status: 202, id: 'x', bodyHash: 'x', answeredAt })],
        wechat: [send('x', AT + 5_000), { ...send('x', AT + 25_000), from: '10.0.0.1' }],
        moments: { cutAddresses, healedAt: AT + 20_000 },
      });
    expect(twice(AT + 3_000, ['10.0.0.1'])).toMatchObject({ sentTwice: [], sentTwiceInWindow: [expect.anything()] });
    expect(twice(AT + 3_001, ['10.0.0.1'])).toMatchObject({ sentTwice: [expect.anything()], sentTwiceInWindow: [] });
    expect(twice(AT + 3_000, ['10.0.0.2'])).toMatchObject({ sentTwice: [expect.anything()], sentTwiceInWindow: [] });
  });

  it('that departed on a host that was cut off may arrive after later calls of its order key, and is named', () => {
    const keyed = (id: string, answeredAt: number) =>
      call('ordered', { status: 202, id, bodyHash: id, orderKey: 'k', startedAt: answeredAt - 5, answeredAt });
    const late = (cutAddresses: string[]) =>
      changed({
        callers: [keyed('x', AT + 100), keyed('y', AT + 21_000)],
        wechat: [send('y', AT + 21_100), { ...send('x', AT + 25_000), from: '10.0.0.1' }],
        moments: { cutAddresses, healedAt: AT + 20_000 },
      });
    expect(late(['10.0.0.1'])).toMatchObject({ heldBack: [expect.stringContaining(' x ')], orderViolations: [] });
    expect(late([])).toMatchObject({ heldBack: [], orderViolations: [expect.anything()] });
  });

  it('that was sent twice is an error also if its caller got no answer', () => {
    const broken = call('send', { status: 0, state: null, bodyHash: 'x' });
    expect(
      changed({ callers: [broken], wechat: [send('x', AT), send('x', AT + 9_000)] }).sentTwiceInWindow,
    ).toHaveLength(1);
    const late = [send('x', AT + 4_000), send('x', AT + 9_000)];
    expect(changed({ callers: [broken], wechat: late }).sentTwice).toHaveLength(1);
  });

  it('that was refused must not be sent; a background call may have been accepted all the same', () => {
    const refused = (stream: CallLine['stream']) =>
      changed({ callers: [call(stream, { status: 503, state: null, bodyHash: 'x' })], wechat: [send('x', AT)] });
    expect(refused('send')).toMatchObject({ refusedYetSent: [expect.anything()], unclearYetSent: [] });
    expect(refused('background')).toMatchObject({ refusedYetSent: [], unclearYetSent: [expect.anything()] });
  });

  it('that ended as failed must not have been carried out, unless the failure says that it may have been', () => {
    const failed = (code: string) =>
      changed({ callers: [call('send', { state: 'failed', code, bodyHash: 'x' })], wechat: [send('x', AT)] });
    expect(failed('deadline_passed').refusedYetSent).toHaveLength(1);
    expect(failed('outcome_unknown').refusedYetSent).toEqual([]);
    const accepted = call('background', { status: 202, id: 'x', bodyHash: 'x' });
    const settled = { kind: 'settled', id: 'x', at: AT, state: 'failed', code: 'internal', errcode: null } as const;
    expect(changed({ callers: [accepted, settled], wechat: [send('x', AT)] }).refusedYetSent).toHaveLength(1);
  });

  it('whose outcome is unknown though WeChat had answered its sender is found', () => {
    const unknown = call('send', { state: 'failed', code: 'outcome_unknown', bodyHash: 'x' });
    expect(changed({ callers: [unknown], wechat: [send('x', AT)] }).unknownThoughAnswered).toHaveLength(1);
    const unanswered = { ...send('x', AT), connected: false };
    expect(changed({ callers: [unknown], wechat: [unanswered] })).toMatchObject({
      outcomeUnknown: [expect.anything()],
      unknownThoughAnswered: [],
    });
  });

  it('that was accepted after another one of its order key must not overtake it', () => {
    const keyed = (id: string, startedAt: number) =>
      call('background', { status: 202, id, bodyHash: id, orderKey: 'k', startedAt, answeredAt: startedAt + 50 });
    const callers = [keyed('x', AT), keyed('y', AT + 100)];
    const inOrder = [send('x', AT + 200), send('y', AT + 300)];
    expect(changed({ callers, wechat: inOrder }).orderViolations).toEqual([]);
    const reversed = [send('x', AT + 300), send('y', AT + 200)];
    expect(changed({ callers, wechat: reversed }).orderViolations).toEqual([
      expect.stringMatching(/^k: .*y.* before .*x/),
    ]);
    // Two that were submitted at once have no order.
    const atOnce = [keyed('x', AT), keyed('y', AT + 20)];
    expect(changed({ callers: atOnce, wechat: reversed }).orderViolations).toEqual([]);
  });

  it('must not show a token error to its caller, nor an answer outside the contract', () => {
    expect(changed({ callers: [call('read', { errcode: 40001 })] }).tokenErrors).toHaveLength(1);
    for (const status of [500, 502, 404, 0]) {
      expect(
        changed({ callers: [call('read', { status, state: null })] }).outsideContract,
        String(status),
      ).toHaveLength(1);
    }
    expect(changed({ callers: [call('read', { status: 503, state: null })] }).outsideContract).toEqual([]);
  });

  it('may end without an answer on a host whose node was killed, or that was cut off, from the fault on', () => {
    const broken = [call('read', { status: 0, state: null, startedAt: AT, answeredAt: AT + 10 })];
    expect(changed({ callers: broken, moments: { killedNodes: ['h1'] } }).outsideContract).toEqual([]);
    expect(changed({ callers: broken, moments: { cutHosts: ['h1'] } }).outsideContract).toEqual([]);
    expect(changed({ callers: broken, moments: { cutHosts: ['h2'] } }).outsideContract).toHaveLength(1);
    const early = [call('read', { status: 0, state: null, startedAt: AT - 20, answeredAt: AT - 10 })];
    expect(changed({ callers: early, moments: { killedNodes: ['h1'] } }).outsideContract).toHaveLength(1);
  });
});

describe('the outage', () => {
  const failing = (host: CallLine['host'], answeredAt: number) =>
    call('read', { host, status: 503, state: null, startedAt: AT + 10, answeredAt });

  it('lasts from the fault to the last answer of a request that failed', () => {
    const { outageMs, failed } = changed({ callers: [failing('h1', AT + 900), failing('h2', AT + 4_000)] });
    expect({ outageMs, failed: failed.length }).toEqual({ outageMs: 4_000, failed: 2 });
    const unknown = call('send', { state: 'failed', code: 'outcome_unknown', answeredAt: AT + 5_000, bodyHash: 'x' });
    expect(changed({ callers: [unknown] }).outageMs).toBe(5_000);
  });

  it('does not include hosts that were cut off; requests that failed before the fault are another finding', () => {
    const cut = changed({ callers: [failing('h1', AT + 9_000)], moments: { cutHosts: ['h1'] } });
    expect(cut).toMatchObject({ outageMs: 0, failed: [] });
    const before = call('read', { status: 503, state: null, startedAt: AT - 20, answeredAt: AT - 10 });
    expect(changed({ callers: [before] })).toMatchObject({
      failedBefore: [expect.anything()],
      failed: [],
      outageMs: 0,
    });
  });

  it('has the slowest requests, pushes and departures beside it', () => {
    const slow = call('read', { startedAt: AT + 100, answeredAt: AT + 2_100 });
    const queued = call('background', { status: 202, id: 'x', bodyHash: 'x', startedAt: AT - 60, answeredAt: AT - 50 });
    const late = { ...push('m1', AT + 500), answeredAt: AT + 1_700 };
    const found = changed({ callers: [slow, queued], wechat: [late, send('x', AT + 7_000)] });
    expect(found).toMatchObject({ slowestMs: 2_000, slowestPushMs: 1_200, slowestBackgroundMs: 7_000 });
  });
});

describe('a push', () => {
  it('that was answered success and never arrived is lost; one that was refused every time is not', () => {
    expect(changed({ wechat: [push('m2', AT)] }).pushesLost).toEqual(['m2']);
    const refused = { ...push('m2', AT), accepted: false, answer: 503 };
    expect(changed({ wechat: [refused] })).toMatchObject({ pushesLost: [], pushesRefused: 1 });
    const again = { ...push('m2', AT + 200), attempt: 2 };
    expect(changed({ wechat: [refused, again] })).toMatchObject({ pushesLost: ['m2'], pushesRefused: 0 });
  });

  it('may arrive twice under one id, never under two', () => {
    const delivery = { kind: 'delivery', at: AT + 900, webhookId: 'w1', msgId: 'm1' } as const;
    expect(changed({ callers: [delivery] }).pushesTwice).toEqual([]);
    expect(changed({ callers: [{ ...delivery, webhookId: 'w2' }] }).pushesTwice).toEqual(['m1']);
  });
});

it('counts tokens beyond one for each expiry', () => {
  const authorizer = request('/cgi-bin/component/api_authorizer_token', AT + 300);
  const component = request('/cgi-bin/component/api_component_token', AT + 300);
  expect(changed({ wechat: [authorizer] }).extraTokens).toBe(1);
  expect(changed({ wechat: [component] }).extraTokens).toBe(1);
  expect(changed({ wechat: [authorizer], moments: { expiries: 2 } }).extraTokens).toBe(0);
  // One that WeChat refused issued none.
  expect(changed({ wechat: [{ ...authorizer, answer: 61003 }] }).extraTokens).toBe(0);
});

describe('readiness during the fault', () => {
  it('is that of nodes that were neither killed nor cut off, while it lasts', () => {
    const down = { ...probe('h2', AT + 100), status: 503 };
    expect(changed({ callers: [down] }).notReady).toEqual(['h2 503 at 100 ms']);
    expect(changed({ callers: [down], moments: { killedNodes: ['h2'] } }).notReady).toEqual([]);
    expect(changed({ callers: [{ ...down, at: AT + 20_000 }] }).notReady).toEqual([]);
  });

  it('names what was degraded', () => {
    const degraded = { ...probe('h2', AT + 100), degraded: ['database'] };
    expect(changed({ callers: [degraded] }).degraded).toEqual(['database']);
  });

  it('has the time of a node that started meanwhile until its first push', () => {
    const startedNode = { node: 'h3-extra', at: AT + 1_000, firstPushAt: AT + 4_000 };
    const starting = { ...probe('h3-extra', AT + 1_100), status: 0 };
    expect(changed({ callers: [starting], moments: { startedNode } })).toMatchObject({
      nodeStartMs: 3_000,
      notReady: [],
    });
    const never = changed({ moments: { startedNode: { ...startedNode, firstPushAt: null } } });
    expect(never.nodeStartMs).toBe(Number.MAX_SAFE_INTEGER);
  });
});

/** What is found in the sound history with these lines added. */
function changed(more: {
  readonly callers?: History['callers'];
  readonly wechat?: History['wechat'];
  readonly moments?: Partial<Moments>;
}): Findings {
  return check({
    callers: [...SOUND.callers, ...(more.callers ?? [])],
    wechat: [...SOUND.wechat, ...(more.wechat ?? [])],
    moments: { ...MOMENTS, ...more.moments },
  });
}

function call(stream: CallLine['stream'], fields: Partial<CallLine>): CallLine {
  const startedAt = fields.startedAt ?? AT + 2_000;
  return {
    kind: 'call',
    host: 'h1',
    stream,
    startedAt,
    answeredAt: startedAt + 20,
    status: 200,
    id: null,
    state: 'completed',
    code: null,
    errcode: null,
    bodyHash: null,
    orderKey: null,
    ...fields,
  };
}

function request(path: string, at: number): RequestLine {
  return {
    kind: 'request',
    at,
    answeredAt: at + 5,
    method: 'POST',
    path,
    bodyHash: null,
    answer: 0,
    connected: true,
    from: '',
  };
}

function send(bodyHash: string, at: number): RequestLine {
  return { ...request('/cgi-bin/message/custom/send', at), bodyHash };
}

function push(msgId: string, at: number): PushLine {
  return { kind: 'push', at, answeredAt: at + 5, what: 'text', msgId, attempt: 1, answer: 200, accepted: true };
}

function probe(node: string, at: number): ProbeLine {
  return { kind: 'probe', at, node, status: 200, degraded: [] };
}
