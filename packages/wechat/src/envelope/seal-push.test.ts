import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEncodingAesKey } from './envelope-keys.ts';
import { openEnvelope } from './open-envelope.ts';
import { readEnvelope } from './read-envelope.ts';
import { readXml } from './read-xml.ts';
import { sealPush } from './seal-push.ts';

const appid = 'wx0123456789abcdef';
const key = { token: 'token', aesKey: readEncodingAesKey('a'.repeat(43)) };
const times = { timestamp: '1700000000', nonce: '1320562132' };

describe('a push sealed as WeChat seals it', () => {
  it('opens to the same bytes, even where they are not UTF-8', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.constantFrom('ToUserName' as const, 'AppId' as const),
        (bytes, element) => {
          const message = Buffer.from(bytes);
          const { body, msgSignature } = sealPush(key, message, {
            appid,
            addressee: { element, value: 'gh_1' },
            ...times,
          });
          const envelope = readEnvelope({ ...times, msg_signature: msgSignature }, Buffer.from(body));
          expect(openEnvelope({ appid, keys: [key] }, envelope).bytes).toEqual(message);
          expect(Object.keys(readXml(body))).toEqual([element, 'Encrypt']);
        },
      ),
    );
  });

  it('has the ciphertext of the vector of protocol §2.5 (V4)', () => {
    const vector = { token: 't', aesKey: readEncodingAesKey('abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG') };
    const { body, msgSignature } = sealPush(vector, Buffer.from('success'), {
      appid,
      addressee: { element: 'AppId', value: appid },
      timestamp: '1700000000',
      nonce: 'n',
      random16: Buffer.from('ABCDEFGHIJKLMNOP'),
    });
    expect(msgSignature).toBe('04ce62387826b6a4ae4bf993565b34fb4728aa0c');
    expect(readXml(body)).toEqual({
      AppId: appid,
      Encrypt: 'ECb94sC68hxnidW1ycQhs3QTdL23xkN8szf/mwR/1neQwNNCxx+O7UMDI2LU3I+XANrKi9AepNwo25mIaNf7SA==',
    });
  });
});
