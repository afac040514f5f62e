import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readPush } from '../push/read-push.ts';
import { EnvelopeFailure } from './envelope-failure.ts';
import { type EnvelopeKeys, readEncodingAesKey } from './envelope-keys.ts';
import { openEnvelope } from './open-envelope.ts';
import { readEnvelope, readEnvelopeQuery } from './read-envelope.ts';
import { readXml } from './read-xml.ts';
import { sealEnvelope } from './seal-envelope.ts';
import { signatureOf } from './signature.ts';
import vectors from './vectors.json' with { type: 'json' };
import { verifyEcho } from './verify-echo.ts';

const keysOf = ({ appid, token, key }: { appid: string; token: string; key: string }): EnvelopeKeys => ({
  appid,
  keys: [{ token, aesKey: readEncodingAesKey(key) }],
});
const [v1, , , , v5, , v7, , , , v11] = vectors as [V, V, V, V, V, V, V, V, V, V, V];
type V = (typeof vectors)[number];

const refusedWith = (work: () => unknown): number => {
  try {
    work();
  } catch (error) {
    if (error instanceof EnvelopeFailure) return error.wechatCode;
    throw error;
  }
  return 0;
};

describe('the vectors of the protocol (protocol §2.5)', () => {
  test.each(vectors)('$name opens', (vector) => {
    const { timestamp, nonce, encrypt } = vector;
    const msgSignature = vector.msgSignature ?? signatureOf(vector.token, timestamp, nonce, encrypt);
    const { xml, keyIndex } = openEnvelope(keysOf(vector), { timestamp, nonce, encrypt, msgSignature });
    expect(keyIndex).toBe(0);
    if (vector.message !== undefined) expect(xml).toBe(vector.message);
    if (vector.aesKeyHex !== undefined) expect(readEncodingAesKey(vector.key).toString('hex')).toBe(vector.aesKeyHex);
    if (vector.signature !== undefined) expect(signatureOf(vector.token, timestamp, nonce)).toBe(vector.signature);
  });

  test.each(vectors.filter(({ random16 }) => random16 !== undefined))('$name seals the same', (vector) => {
    const { timestamp, nonce, random16 = '', message = '' } = vector;
    const sealed = sealEnvelope(keysOf(vector), message, { timestamp, nonce, random16: Buffer.from(random16) });
    expect(sealed.encrypt).toBe(vector.encrypt);
    if (vector.msgSignature !== undefined) expect(sealed.msgSignature).toBe(vector.msgSignature);
  });

  test('V11 keeps an id beyond 2^53', () => {
    const { timestamp, nonce, encrypt, msgSignature = '' } = v11;
    const push = readPush(openEnvelope(keysOf(v11), { timestamp, nonce, encrypt, msgSignature }).xml, 'messages');
    expect(push).toMatchObject({ type: 'message', msgType: 'text', msgId: '6057404712141979648' });
  });

  test('V5 reads as an event', () => {
    expect(readPush(v5.message ?? '', 'messages')).toMatchObject({
      type: 'message',
      event: 'debug_demo',
      msgId: undefined,
    });
  });
});

describe('an envelope is refused', () => {
  const { timestamp, nonce, encrypt, msgSignature = '' } = v1;
  const envelope = { timestamp, nonce, encrypt, msgSignature };
  const sign = (sealed: string) => ({
    ...envelope,
    encrypt: sealed,
    msgSignature: signatureOf(v1.token, timestamp, nonce, sealed),
  });

  test('one changed character is −40001, and with a matching signature −40005, −40007 or −40008', () => {
    const flipped = `${encrypt.slice(0, 100)}${encrypt[100] === 'A' ? 'B' : 'A'}${encrypt.slice(101)}`;
    expect(refusedWith(() => openEnvelope(keysOf(v1), { ...envelope, encrypt: flipped }))).toBe(-40001);
    const lastFlipped = `${encrypt.slice(0, -30)}AAAA${encrypt.slice(-26)}`;
    expect([-40005, -40007, -40008]).toContain(refusedWith(() => openEnvelope(keysOf(v1), sign(lastFlipped))));
  });

  test('a key of 42 or 44 characters, or with another character, is −40004', () => {
    for (const key of [v1.key.slice(1), `${v1.key}A`, `${v1.key.slice(1)}+`, '']) {
      expect(refusedWith(() => readEncodingAesKey(key))).toBe(-40004);
    }
  });

  test("another component's appid is −40005", () => {
    expect(refusedWith(() => openEnvelope({ ...keysOf(v1), appid: 'wxffffffffffffffff' }, envelope))).toBe(-40005);
  });

  test('a ciphertext that is not base64 is −40010, one without whole blocks −40007', () => {
    expect(refusedWith(() => openEnvelope(keysOf(v1), sign('%%%%')))).toBe(-40010);
    expect(refusedWith(() => openEnvelope(keysOf(v1), sign('AAAA')))).toBe(-40007);
    expect(refusedWith(() => openEnvelope(keysOf(v1), sign('')))).toBe(-40010);
  });

  test('without keys no envelope is opened', () => {
    expect(refusedWith(() => openEnvelope({ appid: v1.appid, keys: [] }, envelope))).toBe(-40001);
  });

  test('the failure does not quote the envelope', () => {
    try {
      openEnvelope({ ...keysOf(v1), appid: 'wxffffffffffffffff' }, envelope);
    } catch (error) {
      expect(String(error)).not.toContain(encrypt.slice(0, 20));
      expect(error).toMatchObject({ code: 'envelope_refused', remedy: 'fix-request', wechatCode: -40005 });
    }
  });
});

describe('key rotation (protocol §2.2)', () => {
  const a = readEncodingAesKey('a'.repeat(43));
  const b = readEncodingAesKey('b'.repeat(43));
  const appid = 'wx0123456789abcdef';
  const during: EnvelopeKeys = {
    appid,
    keys: [
      { token: 'new', aesKey: b },
      { token: 'old', aesKey: a },
    ],
  };
  test.each([
    ['new', b, 0],
    ['old', a, 1],
    ['new', a, 1],
    ['old', b, 0],
  ] as const)('token %s', (token, aesKey, keyIndex) => {
    const sent = sealEnvelope({ appid, keys: [{ token, aesKey }] }, '<xml/>', { timestamp: '1', nonce: 'n' });
    expect(openEnvelope(during, { ...sent, timestamp: '1', nonce: 'n' })).toMatchObject({ xml: '<xml/>', keyIndex });
  });

  test('if only the token changed, the reply is signed with the token of the push', () => {
    const keys = {
      appid,
      keys: [
        { token: 'new', aesKey: a },
        { token: 'old', aesKey: a },
      ],
    };
    const sent = sealEnvelope(keys, 'x', { timestamp: '1', nonce: 'n', keyIndex: 1 });
    expect(openEnvelope(keys, { ...sent, timestamp: '1', nonce: 'n' }).keyIndex).toBe(1);
  });

  test('a key that does not exist cannot seal', () => {
    expect(refusedWith(() => sealEnvelope(during, 'x', { timestamp: '1', nonce: 'n', keyIndex: 2 }))).toBe(-40006);
  });
});

describe('the outer XML', () => {
  const msgSignature = 'c0'.repeat(20);
  const query = { timestamp: '1', nonce: '2', msg_signature: msgSignature, encrypt_type: 'aes', signature: 'x' };
  const body = (inner: string) => Buffer.from(`<xml>\n  ${inner}\n</xml>`);
  const encrypt = '<Encrypt><![CDATA[AAAA]]></Encrypt>';

  test('is read for both URLs, with its elements in any order', () => {
    const envelope = { timestamp: '1', nonce: '2', msgSignature, encrypt: 'AAAA' };
    expect(readEnvelope(query, body(`${encrypt}<AppId>wx1</AppId><New>1</New>`))).toEqual(envelope);
    expect(readEnvelope(query, body(`<ToUserName>gh_1</ToUserName>${encrypt}`))).toEqual(envelope);
    expect(readEnvelope(query, body(encrypt))).toEqual(envelope);
  });

  test('may have blanks around the ciphertext', () => {
    expect(readEnvelope(query, body('<Encrypt><![CDATA[ AAAA\n]]></Encrypt>'))).toMatchObject({ encrypt: 'AAAA' });
    expect(refusedWith(() => readEnvelope(query, body('<Encrypt><![CDATA[ \n]]></Encrypt>')))).toBe(-40002);
  });

  test('of a megabyte is read, and one with too many parts is refused before they are read', () => {
    const sealed = 'A'.repeat(1_000_000);
    expect(readEnvelope(query, body(`<Encrypt>${sealed}</Encrypt>`)).encrypt).toHaveLength(1_000_000);
    const section = '<![CDATA[x]]>';
    for (const many of [
      '<a/>'.repeat(32),
      '<a><b/></a>'.repeat(16),
      `<a>${section.repeat(32)}</a>`,
      `<a>${'&amp;'.repeat(32)}</a>`,
    ]) {
      expect(refusedWith(() => readEnvelope(query, body(many + encrypt)))).toBe(-40002);
    }
  });

  test('a missing, empty, doubled or nested parameter is −40001', () => {
    for (const name of ['timestamp', 'nonce', 'msg_signature']) {
      for (const value of [undefined, '', ['1', '2'], { a: '1' }, 1, 'x'.repeat(129)]) {
        expect(refusedWith(() => readEnvelope({ ...query, [name]: value }, body(encrypt)))).toBe(-40001);
      }
    }
  });

  test('a timestamp that is no number and a signature that is no hash are −40001', () => {
    for (const timestamp of ['1.5', '-1', '1e9', ' 1']) {
      expect(refusedWith(() => readEnvelopeQuery({ ...query, timestamp }))).toBe(-40001);
    }
    for (const msg_signature of ['x', 'C0'.repeat(20), 'c0'.repeat(21)]) {
      expect(refusedWith(() => readEnvelopeQuery({ ...query, msg_signature }))).toBe(-40001);
    }
  });

  test('a missing, empty, doubled or nested Encrypt is −40002', () => {
    for (const inner of ['', '<AppId>1</AppId>', '<Encrypt/>', encrypt + encrypt, `<Encrypt>${encrypt}</Encrypt>`]) {
      expect(refusedWith(() => readEnvelope(query, body(inner)))).toBe(-40002);
    }
  });
});

describe('the echo (protocol §1.6)', () => {
  const keys = keysOf(v7);
  const { timestamp, nonce } = v7;
  test('is returned for a plain and an encrypted echostr', () => {
    const signature = signatureOf(v7.token, timestamp, nonce);
    expect(verifyEcho(keys, { timestamp, nonce, signature, echostr: 'hello' })).toBe('hello');
    expect(verifyEcho(keys, { timestamp, nonce, msg_signature: v7.msgSignature, echostr: v7.encrypt })).toBe(
      v7.message,
    );
  });
  test('is refused for a wrong, missing or repeated signature', () => {
    expect(verifyEcho(keys, { timestamp, nonce, signature: '0'.repeat(40), echostr: 'x' })).toBeUndefined();
    expect(verifyEcho(keys, { timestamp, nonce, signature: 'é', echostr: 'x' })).toBeUndefined();
    expect(verifyEcho(keys, { timestamp, nonce, echostr: 'x' })).toBeUndefined();
    expect(verifyEcho(keys, { timestamp, nonce, signature: ['a', 'b'], echostr: 'x' })).toBeUndefined();
    const wrongNonce = { timestamp, nonce: '437374424', msg_signature: v7.msgSignature, echostr: v7.encrypt };
    expect(verifyEcho(keys, wrongNonce)).toBeUndefined();
  });
});

describe('arbitrary input', () => {
  const keys = keysOf(v1);
  const onlyEnvelopeFailures = (work: () => unknown) => {
    const code = refusedWith(work);
    expect(code === 0 || (code <= -40001 && code >= -40011)).toBe(true);
  };

  test('with every padding from 1 to 32 and any Unicode is sealed and opened', () => {
    const pads = new Set<number>();
    for (let length = 0; length < 64; length++) {
      const sent = sealEnvelope(keys, 'x'.repeat(length), { timestamp: '1', nonce: 'n' });
      pads.add(32 - ((20 + length + keys.appid.length) % 32));
      expect(openEnvelope(keys, { ...sent, timestamp: '1', nonce: 'n' }).xml).toBe('x'.repeat(length));
    }
    expect(pads.size).toBe(32);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), fc.string(), (message, nonce) => {
        const sent = sealEnvelope(keys, message, { timestamp: '7', nonce });
        expect(openEnvelope(keys, { ...sent, timestamp: '7', nonce }).xml).toBe(message);
        const read = readXml(sent.xml);
        expect(read.Encrypt).toBe(sent.encrypt);
        expect(read.MsgSignature).toBe(sent.msgSignature);
      }),
    );
  });

  test('of changed bits, truncated ends and random bytes with a valid signature is an envelope failure', () => {
    const bytes = Buffer.from(v1.encrypt, 'base64');
    const open = (sealed: Buffer) =>
      openEnvelope(keys, {
        timestamp: '1',
        nonce: 'n',
        encrypt: sealed.toString('base64'),
        msgSignature: signatureOf(v1.token, '1', 'n', sealed.toString('base64')),
      });
    fc.assert(
      fc.property(
        fc.nat(bytes.length * 8 - 1),
        fc.nat(bytes.length),
        fc.uint8Array({ maxLength: 400 }),
        (bit, end, noise) => {
          const flipped = Buffer.from(bytes);
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          onlyEnvelopeFailures(() => open(flipped));
          onlyEnvelopeFailures(() => open(bytes.subarray(0, end)));
          onlyEnvelopeFailures(() => open(Buffer.from(noise)));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('of random XML, text and bytes is an envelope failure', () => {
    const pieces = fc.constantFrom(
      ...[
        '<xml>',
        '</xml>',
        '<a>',
        '</a>',
        '<![CDATA[',
        ']]>',
        '&lt;',
        '&#0;',
        '&x;',
        '<!DOCTYPE x>',
        '<?xml?>',
        'text',
        '<!--',
        '-->',
      ],
      ...[
        '<InfoType>',
        '</InfoType>',
        'authorized',
        '<CreateTime>1</CreateTime>',
        '<b/>',
        '<__proto__>',
        '"',
        '<a b="c">',
        '\u0000',
        '😀',
      ],
    );
    fc.assert(
      fc.property(
        fc.array(pieces, { maxLength: 30 }),
        fc.string({ unit: 'binary' }),
        fc.uint8Array(),
        (some, text, bytes) => {
          for (const xml of [some.join(''), `<xml>${some.join('')}</xml>`, text]) {
            for (const url of ['events', 'messages'] as const) expect(readPush(xml, url).type).toBeDefined();
            onlyEnvelopeFailures(() => readXml(xml));
          }
          const query = { timestamp: '1', nonce: '1', msg_signature: '0'.repeat(40) };
          onlyEnvelopeFailures(() => readEnvelope(query, Buffer.from(bytes)));
          onlyEnvelopeFailures(() => readEnvelope(query, Buffer.from(`<xml>${some.join('')}</xml>`)));
          onlyEnvelopeFailures(() => readEnvelope({ timestamp: text, nonce: some }, Buffer.from(text)));
        },
      ),
      { numRuns: 500 },
    );
  });

  test('that mutates a real push is a push or an unreadable one', () => {
    const real = v1.message ?? '';
    fc.assert(
      fc.property(fc.nat(real.length - 1), fc.string({ unit: 'binary', maxLength: 3 }), (at, text) => {
        expect(readPush(real.slice(0, at) + text + real.slice(at + 1), 'events').type).toBeDefined();
        expect(readPush(real.slice(0, at), 'events')).toMatchObject({ type: 'unreadable' });
      }),
      { numRuns: 500 },
    );
  });
});
