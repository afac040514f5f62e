import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Seals } from './seals.ts';

const [first, second] = [randomBytes(32), randomBytes(32)];

it('opens what it sealed, whatever it is', () => {
  const seals = new Seals([first]);
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string(), (text, place) => {
      // Lone surrogates have no UTF-8 form.
      fc.pre(text.isWellFormed() && place.isWellFormed());
      expect(seals.open(seals.seal(text, place), place)).toBe(text);
    }),
  );
});

it('hides what it seals, and never seals the same twice alike', () => {
  const seals = new Seals([first]);
  const [a, b] = [seals.seal('ticket@@@secret', 'p'), seals.seal('ticket@@@secret', 'p')];
  expect(a).not.toBe(b);
  expect(Buffer.from(a, 'base64url').includes('ticket')).toBe(false);
});

it('opens under an older key and seals under the first', () => {
  const old = new Seals([first]).seal('token', 'p');
  const rotated = new Seals([second, first]);
  expect(rotated.open(old, 'p')).toBe('token');
  const fresh = rotated.seal('token', 'p');
  expect(new Seals([second]).open(fresh, 'p')).toBe('token');
  expect(() => new Seals([first]).open(fresh, 'p')).toThrow(expect.objectContaining({ code: 'unsealable' }));
});

it('does not open elsewhere, nor after any change', () => {
  const seals = new Seals([first]);
  const sealed = seals.sealBytes(Buffer.from('token'), 'wx1/wx2/token');
  expect(() => seals.openBytes(sealed, 'wx1/wx3/token')).toThrow(expect.objectContaining({ code: 'unsealable' }));
  for (let i = 0; i < sealed.length; i++) {
    const bent = Buffer.from(sealed);
    bent[i]! ^= 1;
    expect(() => seals.openBytes(bent, 'wx1/wx2/token')).toThrow(expect.objectContaining({ code: 'unsealable' }));
  }
  expect(() => seals.openBytes(sealed.subarray(0, 20), 'wx1/wx2/token')).toThrow();
});

it('refuses to start without a key', () => {
  expect(() => new Seals([])).toThrow(expect.objectContaining({ code: 'no_secrets_key' }));
});
