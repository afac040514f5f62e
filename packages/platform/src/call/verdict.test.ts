import { type Answer, Failure, TransportFailure } from '@wxthirdparty/wechat';
import { describe, expect, it } from 'vitest';
import { type Circumstances, judge, type Result, toCallFailure } from './verdict.ts';

const first: Circumstances = {
  safeToRepeat: true,
  background: false,
  attempts: 1,
  refusals: 0,
  tokenToBlame: true,
  otherHostCan: false,
  path: '/cgi-bin/user/info',
};
const json = (errcode: number): Result => ({
  kind: 'answered',
  answer: { kind: 'json', value: {}, text: '', errcode, errmsg: '', rid: undefined } as Answer,
});
const broken = (why: 'empty' | 'html' | 'http_status' | 'not_json'): Result => ({
  kind: 'answered',
  answer: { kind: 'broken', why, status: 502 } as Answer,
});
const silent = (sent: 'no' | 'maybe'): Result => ({
  kind: 'unanswered',
  failure: new TransportFailure('wechat_timeout', sent, 'no answer'),
});

describe('a call that is not safe to repeat', () => {
  const unsafe = { ...first, safeToRepeat: false };
  it.each([
    ['a reset or timeout after sending', silent('maybe')],
    ['a 5xx', broken('http_status')],
    ['an HTML page', broken('html')],
    ['an empty body', broken('empty')],
    ['a cut body', broken('not_json')],
  ])('ends as outcome_unknown after %s', (_, result) => {
    expect(judge(result, unsafe)).toMatchObject({ do: 'fail', failure: { code: 'outcome_unknown' } });
  });
  it('is repeated if certainly nothing was sent', () => {
    expect(judge(silent('no'), unsafe)).toMatchObject({ do: 'repeat' });
  });
  it("passes WeChat's −1 to the caller instead of repeating", () => {
    expect(judge(json(-1), unsafe)).toEqual({ do: 'answer' });
  });
  it('is sent again with the next token, once, because a refusal is definite', () => {
    expect(judge(json(42001), unsafe)).toEqual({ do: 'next-token' });
    expect(judge(json(42001), { ...unsafe, attempts: 2, refusals: 1 })).toEqual({ do: 'answer' });
  });
  it('is sent by another host if WeChat refuses the address of this one, three times at most', () => {
    const refused = { ...unsafe, otherHostCan: true };
    expect(judge(json(61004), unsafe)).toEqual({ do: 'answer' });
    expect([1, 2, 3].map((attempts) => judge(json(61004), { ...refused, attempts }).do)).toEqual(
      Array(3).fill('repeat'),
    );
    expect(judge(json(61004), { ...refused, attempts: 4 })).toEqual({ do: 'answer' });
  });
  it('closes no quota if one user called too often', () => {
    const waiting = { ...unsafe, background: true };
    expect(judge(json(45011), { ...waiting, path: '/sns/component/jscode2session' })).toEqual({ do: 'answer' });
    expect(judge(json(45011), waiting)).toEqual({ do: 'await-quota' });
  });
  it('is answered with the refusal if the refused token was not ours', () => {
    expect(judge(json(40001), { ...unsafe, tokenToBlame: false })).toEqual({ do: 'answer' });
  });
});

describe('a call that is safe to repeat', () => {
  it.each([
    ['−1', json(-1)],
    ['a reset', silent('maybe')],
    ['an empty body', broken('empty')],
  ])('is repeated a few times with growing pauses after %s', (_, result) => {
    const pauses = [1, 2, 3].map((attempts) => {
      const verdict = judge(result, { ...first, attempts });
      return verdict.do === 'repeat' ? verdict.afterMs : undefined;
    });
    expect(pauses).toEqual([500, 1_000, 2_000]);
    expect(judge(result, { ...first, attempts: 4 }).do).not.toBe('repeat');
  });
  it('does not count refused tokens as tries', () => {
    expect(judge(json(-1), { ...first, attempts: 4, refusals: 1 })).toMatchObject({ do: 'repeat' });
  });
});

describe.each([true, false])('a request that WeChat’s edge refuses (safe to repeat: %s)', (safeToRepeat) => {
  const of = (status: number, attempts = 1) =>
    judge(
      { kind: 'answered', answer: { kind: 'broken', why: 'http_status', status } },
      { ...first, safeToRepeat, attempts },
    );
  it.each([400, 403, 404, 405, 411, 412, 413, 414, 415, 422, 431, 451])(
    'fails at once, as not carried out: %i',
    (status) => {
      expect(of(status)).toMatchObject({
        do: 'fail',
        failure: { code: 'wechat_refused', remedy: 'fix-request', message: expect.stringContaining(String(status)) },
      });
    },
  );
  it.each([408, 425, 429])('is repeated a few times, then fails as not carried out: %i', (status) => {
    expect(of(status)).toEqual({ do: 'repeat', afterMs: 500 });
    expect(of(status, 4)).toMatchObject({ do: 'fail', failure: { code: 'wechat_refused', remedy: 'slow-down' } });
  });
  it.each([301, 302, 500, 502, 503, 504])('is no refusal of the edge: %i', (status) => {
    const verdict = of(status, 4);
    expect(verdict.do === 'fail' && verdict.failure.code).toBe(
      safeToRepeat ? 'wechat_broken_answer' : 'outcome_unknown',
    );
  });
});

describe('a closed quota', () => {
  it('is reported to a waiting caller, and waited for by a background call', () => {
    expect(judge(json(45009), first)).toEqual({ do: 'answer' });
    expect(judge(json(45009), { ...first, background: true })).toEqual({ do: 'await-quota' });
    expect(judge(json(45011), first)).toEqual({ do: 'answer' });
  });
});

it("passes everything else on as WeChat's answer", () => {
  for (const errcode of [0, 40003, 48001, 61007, 45047]) expect(judge(json(errcode), first)).toEqual({ do: 'answer' });
  expect(judge({ kind: 'answered', answer: { kind: 'binary', contentType: 'image/jpeg' } }, first)).toEqual({
    do: 'answer',
  });
});

it('returns reauthorize whatever errcode ended the consent', () => {
  const ended = new Failure('refresh_token_refused', 'reauthorize', 'refused', { errcode: 61023 });
  expect(toCallFailure(ended)).toMatchObject({ code: 'reauthorize', remedy: 'reauthorize', errcode: 61023 });
});
