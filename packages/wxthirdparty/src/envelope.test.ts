import { describe, expect, it } from 'vitest';
import vectors from '../test/vectors.json' with { type: 'json' };
import {
  type EnvelopeKeys,
  encryptOf,
  openEncrypt,
  readEncodingAesKey,
  signatureOf,
  signPush,
  verifySignature,
} from './envelope.ts';

type Vector = (typeof vectors)[number];
const keysOf = ({ appid, token, key }: Vector): EnvelopeKeys => ({
  component: appid,
  token,
  aesKey: readEncodingAesKey(key),
});
const [v1] = vectors as [Vector];
const refused = expect.objectContaining({ code: 'envelope_refused', remedy: 'fix-request' });

describe('the vectors of the protocol (protocol §2.5)', () => {
  it.each(vectors)('$name opens', (vector) => {
    const message = openEncrypt(keysOf(vector), vector.encrypt);
    if (vector.message === undefined) expect(message.length).toBeGreaterThan(0);
    else expect(message).toBe(vector.message);
    if (vector.aesKeyHex !== undefined) expect(readEncodingAesKey(vector.key).toString('hex')).toBe(vector.aesKeyHex);
  });

  it.each(vectors)('$name has these signatures', (vector) => {
    const { token, timestamp, nonce, encrypt, signature, msgSignature } = vector;
    if (signature !== undefined) expect(signatureOf(token, timestamp, nonce)).toBe(signature);
    if (msgSignature === undefined) return;
    expect(signatureOf(token, timestamp, nonce, encrypt)).toBe(msgSignature);
    verifySignature(keysOf(vector), encrypt, { timestamp, nonce, msg_signature: msgSignature });
  });
});

describe('an envelope', () => {
  it('is refused if it was encrypted for another component or with another key', () => {
    const other = readEncodingAesKey('a'.repeat(43));
    expect(() => openEncrypt({ ...keysOf(v1), component: 'wxffffffffffffffff' }, v1.encrypt)).toThrow(refused);
    expect(() => openEncrypt({ ...keysOf(v1), aesKey: other }, v1.encrypt)).toThrow(refused);
    expect(() => openEncrypt(keysOf(v1), 'AAAA')).toThrow(refused);
    expect(() => openEncrypt(keysOf(v1), Buffer.alloc(32).toString('base64'))).toThrow(refused);
  });

  it('is refused if the query is not signed with the Token', () => {
    const { timestamp, nonce, encrypt, msgSignature } = v1;
    for (const query of [
      { timestamp, nonce: 'other', msg_signature: msgSignature },
      { timestamp, nonce, msg_signature: 'short' },
      { timestamp, nonce, msg_signature: [msgSignature] },
      {},
    ]) {
      expect(() => verifySignature(keysOf(v1), encrypt, query)).toThrow(refused);
    }
  });

  it('is signed again with the time of sending', () => {
    const { query, body } = signPush(keysOf(v1), v1.encrypt, new Date(1_700_000_000_500));
    const { timestamp, nonce, msg_signature, signature, encrypt_type } = Object.fromEntries(new URLSearchParams(query));
    expect([timestamp, encrypt_type]).toEqual(['1700000000', 'aes']);
    expect(msg_signature).toBe(signatureOf(v1.token, timestamp!, nonce!, v1.encrypt));
    expect(signature).toBe(signatureOf(v1.token, timestamp!, nonce!));
    expect(encryptOf(body)).toBe(v1.encrypt);
  });

  it('is read from a string or bytes, also as the example of 2015 collects it', () => {
    const xml = `<xml>\n  <AppId><![CDATA[wx1]]></AppId>\n  <Encrypt><![CDATA[${v1.encrypt}]]></Encrypt>\n</xml>`;
    for (const raw of [xml, Buffer.from(xml), new TextEncoder().encode(xml), `undefined${xml}`]) {
      expect(encryptOf(raw)).toBe(v1.encrypt);
    }
    expect(encryptOf('<xml><Encrypt> AAAA\n</Encrypt></xml>')).toBe('AAAA');
  });

  it.each(['', '<xml/>', '<xml><Encrypt></Encrypt></xml>', '<xml><Encrypt><![CDATA[ ]]></Encrypt></xml>'])(
    'is refused without a ciphertext: %j',
    (xml) => {
      expect(() => encryptOf(xml)).toThrow(refused);
    },
  );

  it.each([undefined, null, { xml: {} }, 7])('that was parsed already cannot be verified: %j', (raw) => {
    expect(() => encryptOf(raw)).toThrow(expect.objectContaining({ code: 'raw_body_needed' }));
  });
});

it.each(['', 'a'.repeat(42), 'a'.repeat(44), `${'a'.repeat(42)}+`, undefined])('no EncodingAESKey: %j', (key) => {
  expect(() => readEncodingAesKey(key)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});
