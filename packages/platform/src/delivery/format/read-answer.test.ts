import { readEncodingAesKey, sealEnvelope } from '@wxthirdparty/wechat';
import { describe, expect, it } from 'vitest';
import type { Reply } from '../../reply/reply.ts';
import { replyLimitsOf } from '../../reply/reply-limits.ts';
import { replyXml } from '../../reply/reply-xml.ts';
import { readAnswer } from './read-answer.ts';

const key = { token: 'token', aesKey: readEncodingAesKey('k'.repeat(43)) };
const all = ['text', 'image', 'voice', 'video', 'music', 'news', 'transfer'] as const;
const limits = replyLimitsOf('message.text', all);
const read = (
  body: string | Buffer,
  { status = 200, cut = false, limitsOf = limits, keyOf = key as typeof key | null } = {},
) => readAnswer({ status, body: Buffer.from(body), cut }, keyOf ?? undefined, limitsOf);
const xmlOf = (reply: Reply) => replyXml(reply, { openid: 'gh_1', userName: 'oPerson' }, new Date());
const sealed = (xml: string, timestamp = '1795874599123', appid = 'wx1') =>
  sealEnvelope({ appid, keys: [key] }, xml, { timestamp, nonce: '1' }).xml;

const article = { title: '一', description: '二', picUrl: 'http://p', url: 'http://u' };
const replies: Reply[] = [
  { type: 'text', content: '您好 ]]> <b>' },
  { type: 'image', mediaId: 'm' },
  { type: 'voice', mediaId: 'm' },
  { type: 'video', mediaId: 'm', title: 't', description: 'd' },
  { type: 'music', title: 't', description: 'd', musicUrl: 'u', hqMusicUrl: 'h', thumbMediaId: 'm' },
  { type: 'news', articles: [article] },
  { type: 'transfer', account: 'a@b' },
  { type: 'transfer', account: null },
];
const invalid = (reason: string) => ({ kind: 'invalid', reason, detail: expect.any(String) });

describe('an answer', () => {
  it.each(['', ' \n', 'success', 'success\n', '\uFEFFsuccess', '{}', '{ }', '{"reply":null}'])(
    '%j is no reply',
    (body) => {
      expect(read(body)).toEqual({ kind: 'none' });
    },
  );

  it('of status 204 is no reply, of 202 announces one, whatever is in it', () => {
    expect(read('x', { status: 204 })).toEqual({ kind: 'none' });
    expect(read('<html>', { status: 202, cut: true })).toEqual({ kind: 'later' });
  });

  it.each(replies)('in JSON is a reply: %j', (reply) => {
    expect(read(JSON.stringify({ reply }))).toEqual({ kind: 'reply', reply });
  });

  it.each(replies)('in XML, plain or sealed, is the same reply: %j', (reply) => {
    const xml = xmlOf(reply);
    for (const body of [
      xml,
      ` \n${xml}\n`,
      `<?xml version="1.0"?>${xml}`,
      sealed(xml),
      sealed(xml, '1795874599', 'other'),
    ]) {
      expect(read(body)).toEqual({ kind: 'reply', reply });
    }
    expect(read(xml, { keyOf: null })).toEqual({ kind: 'reply', reply });
  });

  it('may hold several articles after an event only', () => {
    const reply: Reply = { type: 'news', articles: [article, article] };
    expect(read(xmlOf(reply))).toEqual(invalid('too_large'));
    expect(read(xmlOf(reply), { limitsOf: replyLimitsOf('event.subscribe', all) })).toEqual({ kind: 'reply', reply });
  });

  it('with another type than the push takes, or larger than WeChat takes, is invalid', () => {
    expect(read('{"reply":{"type":"image","mediaId":"m"}}', { limitsOf: replyLimitsOf('event.x', ['text']) })).toEqual(
      invalid('type_not_allowed'),
    );
    expect(read(xmlOf({ type: 'text', content: 'x'.repeat(2049) }))).toEqual(invalid('too_large'));
    expect(read('{"reply":', { cut: true })).toEqual(invalid('too_large'));
  });

  it('without content, as programs write it that have none, is no reply', () => {
    for (const xml of ['<xml><MsgType>text</MsgType><Content></Content></xml>', '<xml><MsgType>text</MsgType></xml>']) {
      expect([read(xml), read(sealed(xml))]).toEqual([{ kind: 'none' }, { kind: 'none' }]);
    }
    expect([read(sealed('success')), read(sealed(''))]).toEqual([{ kind: 'none' }, { kind: 'none' }]);
  });

  it.each([
    'ok',
    '"success"',
    '[]',
    'null',
    '{"errcode":0}',
    '{"reply":"x"}',
    '{"reply":{"type":"text"}}',
    '{"reply":',
    '<html><body>Login</body></html>',
    '<!DOCTYPE html><html></html>',
    '<xml></xml>',
    '<xml><MsgType>event</MsgType></xml>',
    '<xml><MsgType>text</MsgType><MsgType>text</MsgType><Content>x</Content></xml>',
    '<xml><MsgType>text</MsgType><Content>x</Content><Content>y</Content></xml>',
    '<xml><MsgType>image</MsgType><Image>m</Image></xml>',
    '<xml><MsgType>news</MsgType><Articles></Articles></xml>',
    '<xml><MsgType>text</MsgType><Content><![CDATA[x]]></xml>',
    '<xml><Encrypt>AAAA</Encrypt></xml>',
  ])('is unreadable: %j', (body) => {
    expect(read(body)).toEqual(invalid('unreadable_answer'));
  });

  it('sealed under another key, changed, or sealed twice, is unreadable', () => {
    const wrapper = sealed(xmlOf({ type: 'text', content: 'x' }));
    expect(read(wrapper, { keyOf: null })).toEqual(invalid('unreadable_answer'));
    expect(read(wrapper, { keyOf: { ...key, token: 'other' } })).toEqual(invalid('unreadable_answer'));
    expect(read(wrapper.replace('1795874599123', '1795874599'))).toEqual(invalid('unreadable_answer'));
    expect(read(sealed(wrapper))).toEqual(invalid('unreadable_answer'));
  });

  it('of bytes that are no text is unreadable', () => {
    expect(read(Buffer.from([0x1f, 0x8b, 8, 0, 255]))).toEqual(invalid('unreadable_answer'));
  });
});
