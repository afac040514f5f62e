import { expect, it } from 'vitest';
import { newSecrets, readSecrets, rotated, signingSecrets, writeSecrets } from './secrets.ts';

const none = { token: null, encodingAesKey: null };

it('a json subscription has one signing secret of 32 bytes and none of WeChat', () => {
  const secrets = newSecrets('json', none);
  expect(secrets.signing.map(({ secret, until }) => [secret.length, until])).toEqual([[32, null]]);
  expect(secrets.wechat).toBeNull();
  expect(newSecrets('json', none).signing[0]!.secret.equals(secrets.signing[0]!.secret)).toBe(false);
});

it('the formats of WeChat have a token and a key that WeChat itself would accept', () => {
  for (const format of ['wechat', 'wechat-component'] as const) {
    const { wechat } = newSecrets(format, none);
    expect(wechat?.token).toMatch(/^[A-Za-z0-9]{32}$/);
    expect(wechat?.encodingAesKey).toMatch(/^[A-Za-z0-9]{43}$/);
    const bytes = Buffer.from(`${wechat?.encodingAesKey}=`, 'base64');
    expect(bytes).toHaveLength(32);
    // A strict decoder accepts only what encodes back to itself.
    expect(bytes.toString('base64')).toBe(`${wechat?.encodingAesKey}=`);
  }
});

it('a token and a key that are given are used, each by itself', () => {
  expect(newSecrets('wechat', { token: 'shop', encodingAesKey: null }).wechat).toMatchObject({ token: 'shop' });
  const encodingAesKey = 'a'.repeat(43);
  expect(newSecrets('wechat', { token: null, encodingAesKey }).wechat).toMatchObject({ encodingAesKey });
});

it('after a rotation both secrets sign until the overlap ends', () => {
  const first = newSecrets('json', none);
  const second = rotated(first, 1_000, 5_000);
  expect(signingSecrets(second, 5_999)).toEqual([second.signing[0]!.secret, first.signing[0]!.secret]);
  expect(signingSecrets(second, 6_000)).toEqual([second.signing[0]!.secret]);
});

it('a rotation during an overlap ends the oldest secret at once', () => {
  const first = newSecrets('json', none);
  const second = rotated(first, 1_000, 5_000);
  const third = rotated(second, 2_000, 5_001);
  expect(signingSecrets(third, 5_002)).toEqual([third.signing[0]!.secret, second.signing[0]!.secret]);
  expect(signingSecrets(third, 7_001)).toEqual([third.signing[0]!.secret]);
});

it('a rotation without overlap ends the present secret at once', () => {
  const first = newSecrets('json', none);
  const second = rotated(first, 0, 5_000);
  expect(second.signing).toHaveLength(1);
  expect(second.signing[0]!.secret.equals(first.signing[0]!.secret)).toBe(false);
});

it('a rotation replaces token and key of WeChat', () => {
  const first = newSecrets('wechat', { token: 'shop', encodingAesKey: 'a'.repeat(43) });
  const { wechat } = rotated(first, 1_000, 0);
  expect(wechat?.token).not.toBe('shop');
  expect(wechat?.encodingAesKey).not.toBe('a'.repeat(43));
});

it('secrets are read as they were written', () => {
  const secrets = rotated(newSecrets('wechat', none), 1_000, 5_000);
  expect(readSecrets(writeSecrets(secrets))).toEqual(secrets);
});
