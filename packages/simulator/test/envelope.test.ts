import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { aesKeyOf, open, seal, sign } from '../src/envelope.ts';

interface Vector {
  name: string;
  token: string;
  key: string;
  appid: string;
  random: string;
  timestamp: string;
  nonce: string;
  message: string;
  encrypt: string;
  msgSignature: string | null;
  signature: string | null;
}

// Protocol §2.5.
const vectors = JSON.parse(
  readFileSync(new URL('./envelope-vectors.json', import.meta.url), 'utf8'),
) as readonly Vector[];

describe.each(vectors)('vector $name', (vector) => {
  test('seals to the known text', () => {
    expect(seal(vector.message, vector.appid, vector.key, Buffer.from(vector.random))).toBe(vector.encrypt);
  });

  test('opens to the known message', () => {
    expect(open(vector.encrypt, vector.key)).toEqual({ message: vector.message, appid: vector.appid });
  });
});

test.each(vectors.filter((one) => one.msgSignature !== null))('vector $name signs as known', (vector) => {
  expect(sign(vector.token, vector.timestamp, vector.nonce, vector.encrypt)).toBe(vector.msgSignature);
});

test.each(vectors.filter((one) => one.signature !== null))('vector $name signs its three parts as known', (vector) => {
  expect(sign(vector.token, vector.timestamp, vector.nonce)).toBe(vector.signature);
});

test('messages of every padding length can be opened', () => {
  const [{ key, appid }] = vectors as [Vector];
  const pads = new Set<number>();
  for (let length = 0; length < 64; length += 1) {
    const message = 'x'.repeat(length);
    pads.add(32 - ((20 + length + appid.length) % 32));
    expect(open(seal(message, appid, key, randomBytes(16)), key)).toEqual({ message, appid });
  }
  expect(pads.size).toBe(32);
});

test('another key does not return the message', () => {
  const [{ encrypt, appid }] = vectors as [Vector];
  const opened = (() => {
    try {
      return open(encrypt, 'ZYXWVUTSRQPONMLKJIHGFEDCBA9876543210zyxwvut').appid;
    } catch {
      return null;
    }
  })();
  expect(opened).not.toBe(appid);
});

test('a key of 42 characters is refused', () => {
  expect(() => aesKeyOf('a'.repeat(42))).toThrow('43 characters');
});
