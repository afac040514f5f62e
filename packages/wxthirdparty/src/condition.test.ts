import { expect, it } from 'vitest';
import { conditionOf } from './condition.ts';

const appid = 'wxa';
const status = (reasons: readonly string[], expiresAt?: string) => ({
  appid,
  ready: reasons.length === 0,
  reasons,
  token: expiresAt === undefined ? null : { expiresAt },
});
const of = (...components: Parameters<typeof conditionOf>[0]) => {
  const condition = conditionOf(components, appid);
  return condition.state === 'ready' ? condition.state : [condition.state, condition.error.code];
};

it.each([
  [[], undefined, 'ready'],
  [['no_ticket'], undefined, ['not_ready', 'not_ready']],
  [['component_token_failing'], undefined, ['not_ready', 'not_ready']],
  [['no_ticket', 'component_token_failing'], '2026-01-01T00:00:00Z', ['not_ready', 'not_ready']],
  [['ticket_expired'], undefined, ['outdated', 'not_ready']],
  [['component_token_failing'], '2026-01-01T00:00:00Z', ['outdated', 'not_ready']],
])('reasons %j, token until %s: %j', (reasons, expiresAt, expected) => {
  expect(of(status(reasons, expiresAt))).toEqual(expected);
});

it('other components do not count, and an unknown one is not ready', () => {
  expect(of({ ...status([]), appid: 'wxb' })).toEqual(['not_ready', 'unknown_component']);
  expect(of({ ...status(['no_ticket']), appid: 'wxb' }, status([]))).toBe('ready');
});
