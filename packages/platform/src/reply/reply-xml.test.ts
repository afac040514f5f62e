import { readXml } from '@wxthirdparty/wechat';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Reply } from './reply.ts';
import { replyXml } from './reply-xml.ts';

const parties = { openid: 'oPerson', userName: 'gh_1' };
const at = new Date('2026-11-28T14:03:19.999Z');
const written = (reply: Reply) => readXml(replyXml(reply, parties, at));
const head = { ToUserName: 'oPerson', FromUserName: 'gh_1', CreateTime: '1795874599' };
const article = { title: '一', description: '二', picUrl: 'http://p', url: 'http://u?a=1&b=2' };
const item = { Title: '一', Description: '二', PicUrl: 'http://p', Url: 'http://u?a=1&b=2' };

it.each<[Reply, object]>([
  [
    { type: 'text', content: '您好' },
    { MsgType: 'text', Content: '您好' },
  ],
  [
    { type: 'image', mediaId: 'm' },
    { MsgType: 'image', Image: { MediaId: 'm' } },
  ],
  [
    { type: 'voice', mediaId: 'm' },
    { MsgType: 'voice', Voice: { MediaId: 'm' } },
  ],
  [
    { type: 'video', mediaId: 'm', title: 't', description: 'd' },
    { MsgType: 'video', Video: { MediaId: 'm', Title: 't', Description: 'd' } },
  ],
  [
    { type: 'music', title: 't', musicUrl: 'u', hqMusicUrl: 'h', thumbMediaId: 'm' },
    { MsgType: 'music', Music: { Title: 't', MusicUrl: 'u', HQMusicUrl: 'h', ThumbMediaId: 'm' } },
  ],
  [
    { type: 'news', articles: [article] },
    { MsgType: 'news', ArticleCount: '1', Articles: { item } },
  ],
  [
    { type: 'news', articles: [article, article] },
    { MsgType: 'news', ArticleCount: '2', Articles: { item: [item, item] } },
  ],
  [{ type: 'transfer', account: null }, { MsgType: 'transfer_customer_service' }],
  [
    { type: 'transfer', account: 'a@b' },
    { MsgType: 'transfer_customer_service', TransInfo: { KfAccount: 'a@b' } },
  ],
])('%j is written as WeChat takes it, in seconds, with the parties swapped', (reply, fields) => {
  expect(written(reply)).toEqual({ ...head, ...fields });
});

it('any text stays one text, whatever tags it contains; what XML cannot contain is dropped', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const content = `a${text}]]></Content><MsgType>x</MsgType>&amp;`;
      const expected = content
        .toWellFormed()
        .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
        .replace(/\r\n?/g, '\n');
      expect(written({ type: 'text', content })).toEqual({ ...head, MsgType: 'text', Content: expected });
    }),
  );
});
