import { describe, expect, it } from 'vitest';
import { readEncodingAesKey } from './envelope-keys.ts';
import { openReply } from './open-reply.ts';
import { readXml } from './read-xml.ts';
import { sealEnvelope } from './seal-envelope.ts';

const key = { token: 'token', aesKey: readEncodingAesKey('a'.repeat(43)) };
const sealedAt = (timestamp: string, appid = 'wx0123456789abcdef') =>
  readXml(sealEnvelope({ appid, keys: [key] }, '<xml>您好</xml>', { timestamp, nonce: '<n>]]>' }).xml);

describe("a receiver's sealed reply", () => {
  it('opens, with a time in seconds or milliseconds, and with any appid at its end', () => {
    for (const wrapper of [sealedAt('1700000000'), sealedAt('1700000000123'), sealedAt('1', 'wx1')]) {
      expect(openReply(key, wrapper).toString()).toBe('<xml>您好</xml>');
    }
  });

  it('is refused when its time was rounded after it was signed, or another token signed it', () => {
    const wrapper = sealedAt('1700000000123');
    const refused = expect.objectContaining({ wechatCode: -40001 });
    expect(() => openReply(key, { ...wrapper, TimeStamp: '1700000000' })).toThrow(refused);
    expect(() => openReply({ ...key, token: 'other' }, wrapper)).toThrow(refused);
  });

  it('is refused under another key, and when a part is missing or repeated', () => {
    const wrapper = sealedAt('1');
    const other = { ...key, aesKey: readEncodingAesKey('b'.repeat(43)) };
    expect(() => openReply(other, wrapper)).toThrow(expect.objectContaining({ code: 'envelope_refused' }));
    for (const name of ['Encrypt', 'MsgSignature', 'TimeStamp', 'Nonce']) {
      const { [name]: _removed, ...rest } = wrapper;
      const refused = expect.objectContaining({ wechatCode: -40002 });
      expect(() => openReply(key, rest)).toThrow(refused);
      expect(() => openReply(key, { ...wrapper, [name]: ['1', '2'] })).toThrow(refused);
    }
  });
});
