import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { openVirtualTokens } from './virtual-token.ts';

const grant = { keyFingerprint: 'a'.repeat(32), component: 'wx0123456789abcdef', appid: 'wxfedcba9876543210' };

test('a token contains the account for which it was issued', () => {
  const tokens = openVirtualTokens([randomBytes(32)]);
  const token = tokens.sign(grant);
  expect(token).toMatch(/^wxt_[A-Za-z0-9_-]{1,500}$/);
  expect(token.length).toBeLessThan(512);
  expect(tokens.read(token)).toEqual({ verdict: 'good', grant });
});

test('a token is valid for two hours', () => {
  let now = 1_000_000;
  const tokens = openVirtualTokens([randomBytes(32)], () => now);
  const token = tokens.sign(grant);
  now += 7199_000;
  expect(tokens.read(token).verdict).toBe('good');
  now += 1000;
  expect(tokens.read(token).verdict).toBe('expired');
});

test('a token with a changed character is refused', () => {
  const tokens = openVirtualTokens([randomBytes(32)]);
  const token = tokens.sign(grant);
  const bytes = Buffer.from(token.slice(4), 'base64url');
  for (let at = 0; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at]! ^= 1;
    expect(tokens.read(`wxt_${changed.toString('base64url')}`).verdict).toBe('made-up');
  }
});

test.each(['', 'wxt_', 'wxt_AAAA', 'wxt_%%%', '68_realWeChatToken', `wxt_${'A'.repeat(100_000)}`])(
  'made up: %.20s',
  (token) => {
    expect(openVirtualTokens([randomBytes(32)]).read(token).verdict).toBe('made-up');
  },
);

test('after a change of keys tokens of the former key are still valid, those of a foreign key never', () => {
  const former = randomBytes(32);
  const token = openVirtualTokens([former]).sign(grant);
  expect(openVirtualTokens([randomBytes(32), former]).read(token).verdict).toBe('good');
  expect(openVirtualTokens([randomBytes(32)]).read(token).verdict).toBe('made-up');
});
