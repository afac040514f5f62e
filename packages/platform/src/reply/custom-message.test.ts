import { expect, it } from 'vitest';
import { customMessageOf } from './custom-message.ts';
import type { Reply } from './reply.ts';

const article = { title: '一', description: '二', picUrl: 'http://p', url: 'http://u' };
const text: Reply = { type: 'text', content: '您好' };
const image: Reply = { type: 'image', mediaId: 'm' };
const music: Reply = { type: 'music', title: 't', musicUrl: 'u', thumbMediaId: 'm' };
const news: Reply = { type: 'news', articles: [article] };

it('a reply becomes the customer-service message with the same content', () => {
  expect(customMessageOf(text, 'o', false)).toEqual({ touser: 'o', msgtype: 'text', text: { content: '您好' } });
  expect(customMessageOf(image, 'o', false)).toEqual({ touser: 'o', msgtype: 'image', image: { media_id: 'm' } });
  expect(customMessageOf({ type: 'voice', mediaId: 'm' }, 'o', false)).toMatchObject({ voice: { media_id: 'm' } });
  expect(customMessageOf(music, 'o', false)).toEqual({
    touser: 'o',
    msgtype: 'music',
    music: { title: 't', description: '', musicurl: 'u', hqmusicurl: '', thumb_media_id: 'm' },
  });
  expect(customMessageOf(news, 'o', false)).toEqual({
    touser: 'o',
    msgtype: 'news',
    news: { articles: [{ title: '一', description: '二', picurl: 'http://p', url: 'http://u' }] },
  });
});

it.each<Reply>([
  { type: 'video', mediaId: 'm' },
  { type: 'transfer', account: null },
  { type: 'news', articles: [article, article] },
])('%j has no such form', (reply) => {
  expect(customMessageOf(reply, 'o', false)).toBeUndefined();
});

it('users of mini programs get text and images only', () => {
  expect([text, image, music, news].map((reply) => customMessageOf(reply, 'o', true)?.msgtype)).toEqual([
    'text',
    'image',
    undefined,
    undefined,
  ]);
});
