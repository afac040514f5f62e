import { expect, it } from 'vitest';
import { VirtualCodes } from './virtual-code.ts';

const [first, second] = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)];
const at = new Date('2026-11-28T10:00:00.900Z');
const later = (seconds: number) => new Date(at.getTime() + seconds * 1000);
const consent = { component: 'wx00000000000000aa', appid: 'wx00000000000000bb', grantVersion: 7 };
const { component } = consent;

it('a code is read in every process, as often as asked, for an hour', () => {
  const { code, expiresAt } = new VirtualCodes([first]).issue(consent, at);
  expect(code).toMatch(/^queryauthcode@@@wxv\.[\w-]+$/);
  expect(expiresAt).toBe(1795863600);
  const codes = new VirtualCodes([first]);
  for (const seconds of [0, 1, 3_598]) {
    expect(codes.read(code, component, later(seconds))).toEqual({ verdict: 'valid', consent });
  }
  expect(codes.read(code, component, later(3_600))).toEqual({ verdict: 'expired' });
});

it('each listed key verifies, the first signs', () => {
  const old = new VirtualCodes([first]).issue(consent, at).code;
  const rotated = new VirtualCodes([second, first]);
  expect(rotated.read(old, component, at).verdict).toBe('valid');
  const fresh = rotated.issue(consent, at).code;
  expect(new VirtualCodes([second]).read(fresh, component, at).verdict).toBe('valid');
  expect(new VirtualCodes([first]).read(fresh, component, at).verdict).toBe('altered');
});

it('every changed, added or removed character is noticed', () => {
  const codes = new VirtualCodes([first]);
  const { code } = codes.issue(consent, at);
  const start = 'queryauthcode@@@wxv.'.length;
  for (let i = start; i < code.length; i++) {
    const changed = `${code.slice(0, i)}${code[i] === 'A' ? 'B' : 'A'}${code.slice(i + 1)}`;
    expect(codes.read(changed, component, at).verdict).toBe('altered');
  }
  for (const changed of [
    `${code}A`,
    `${code}=`,
    `${code} `,
    code.slice(0, -1),
    code.slice(0, start),
    `${code}${'A'.repeat(600)}`,
  ]) {
    expect(codes.read(changed, component, at).verdict).toBe('altered');
  }
});

it("another component's program cannot use it, and WeChat's own codes are not ours", () => {
  const codes = new VirtualCodes([first]);
  const { code } = codes.issue(consent, at);
  expect(codes.read(code, 'wx00000000000000cc', at).verdict).toBe('other_component');
  expect(codes.read('queryauthcode@@@abc', component, at).verdict).toBe('foreign');
});
