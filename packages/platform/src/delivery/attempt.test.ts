import { describe, expect, it } from 'vitest';
import type { OutboundResult } from '../webhook/outbound-request.ts';
import { readAttempt } from './attempt.ts';

const now = new Date('2026-11-28T10:00:00Z');

function answered(status: number, headers: Record<string, string> = {}): OutboundResult {
  return { kind: 'answered', status, headers, body: Buffer.from('answer'), cut: false, ms: 7 };
}

function read(result: OutboundResult, { format = 'json', type = 'message.text' } = {}) {
  return readAttempt(result, { format: format as 'json', type, now });
}

describe('an attempt', () => {
  it.each([200, 202, 204, 299])('has delivered the push if it was answered %i', (status) => {
    expect(read(answered(status))).toEqual({ kind: 'delivered', status, ms: 7 });
  });

  it.each([
    [301, 'redirect'],
    [304, 'redirect'],
    [400, 'status'],
    [404, 'status'],
    [429, 'status'],
    [500, 'status'],
    [410, 'gone'],
  ])('has failed if it was answered %i: %s', (status, code) => {
    const failed = { kind: 'failed', code, status, ms: 7, counts: true, unconnected: false, notHandled: false };
    expect(read(answered(status))).toEqual({ ...failed, holdMs: null });
  });

  it.each([
    ['no_connection', true],
    ['bad_certificate', true],
    ['address_not_allowed', true],
    ['address_unresolved', true],
    ['timeout', false],
  ] as const)('without an answer has its code: %s', (code, unconnected) => {
    const outcome = read({ kind: 'failed', code, ms: 3 });
    expect(outcome).toMatchObject({ kind: 'failed', code, status: null, ms: 3, counts: true, unconnected });
  });

  it('that this process aborts is none', () => {
    expect(read({ kind: 'aborted' })).toEqual({ kind: 'aborted' });
  });
});

describe('a receiver that asks for silence', () => {
  it.each([429, 503])('is believed with a %i, for an hour at most, and is not counted as failing', (status) => {
    const hold = (value: string) => read(answered(status, { 'retry-after': value }));
    expect(hold('30')).toMatchObject({ counts: false, holdMs: 30_000 });
    expect(hold('86400')).toMatchObject({ counts: false, holdMs: 3_600_000 });
    expect(hold('Sat, 28 Nov 2026 10:00:20 GMT')).toMatchObject({ counts: false, holdMs: 20_000 });
    expect(hold('soon')).toMatchObject({ counts: true, holdMs: null });
    expect(hold('0')).toMatchObject({ counts: true, holdMs: null });
    expect(hold('Sat, 28 Nov 2026 09:00:00 GMT')).toMatchObject({ counts: true, holdMs: null });
  });

  it('is not believed with another status', () => {
    expect(read(answered(500, { 'retry-after': '30' }))).toMatchObject({ counts: true, holdMs: null });
  });
});

describe('a WeChat program without a handler for a type', () => {
  it.each([404, 405, 501])('answers %i, which does not count as failing', (status) => {
    for (const format of ['wechat', 'wechat-component']) {
      for (const type of ['message.image', 'event.subscribe']) {
        expect(read(answered(status), { format, type })).toMatchObject({ notHandled: true, counts: false });
      }
    }
  });

  it('is only assumed for messages and events', () => {
    const outcome = read(answered(404), { format: 'wechat-component', type: 'authorizer.authorized' });
    expect(outcome).toMatchObject({ notHandled: false, counts: true });
    expect(read(answered(500), { format: 'wechat' })).toMatchObject({ notHandled: false, counts: true });
  });
});
