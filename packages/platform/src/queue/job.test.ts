import { describe, expect, it } from 'vitest';
import { PushJob } from '../push/push-job.ts';
import { RefreshJob } from '../token/refresh-job.ts';
import { isKnownJob } from './job.ts';

const push = {
  component: 'wxc',
  url: 'events',
  receivedAt: '2026-01-01T00:00:00.000Z',
  envelope: { encrypt: 'sealed' },
};

describe('a job', () => {
  it('is known with the fields of its contract, and with optional ones that a newer version added', () => {
    expect(isKnownJob(PushJob, { name: 'pushes', data: push })).toBe(true);
    expect(isKnownJob(PushJob, { name: 'pushes', data: { ...push, appid: 'wxa', added: 1, format: 1 } })).toBe(true);
    expect(isKnownJob(RefreshJob, { name: 'refreshes', data: { owner: { kind: 'component' } } })).toBe(true);
  });

  it.each([
    ['another name', { name: 'pushes2', data: push }],
    ['a newer format', { name: 'pushes', data: { ...push, format: 2 } }],
    ['a format that is no number', { name: 'pushes', data: { ...push, format: 'b' } }],
    ['a field less', { name: 'pushes', data: { ...push, envelope: undefined } }],
    ['a field of another kind', { name: 'pushes', data: { ...push, receivedAt: 1 } }],
    ['null for an object', { name: 'pushes', data: { ...push, envelope: null } }],
    ['no payload', { name: 'pushes', data: null }],
  ])('with %s is not', (_, job) => {
    expect(isKnownJob(PushJob, job)).toBe(false);
  });
});
