import { describe, expect, it } from 'vitest';
import { reply } from '../src/index.ts';

describe('a reply', () => {
  it('is built as the gateway reads it', () => {
    const article = { title: 't', description: 'd', picUrl: 'https://a/p.png', url: 'https://a/' };
    expect([
      reply.text('你好'),
      reply.image('m1'),
      reply.voice('m2'),
      reply.video('m3', { title: 't' }),
      reply.music('m4', { title: 't', musicUrl: 'https://a/s.mp3' }),
      reply.news(article),
      reply.news([article, { title: 'only a title' }]),
      reply.transfer(),
      reply.transfer('test1@gh_1'),
    ]).toEqual([
      { type: 'text', content: '你好' },
      { type: 'image', mediaId: 'm1' },
      { type: 'voice', mediaId: 'm2' },
      { type: 'video', mediaId: 'm3', title: 't' },
      { type: 'music', thumbMediaId: 'm4', title: 't', musicUrl: 'https://a/s.mp3' },
      { type: 'news', articles: [article] },
      { type: 'news', articles: [article, { title: 'only a title' }] },
      { type: 'transfer', account: null },
      { type: 'transfer', account: 'test1@gh_1' },
    ]);
  });

  it('with a text has at most 2,048 bytes, not characters', () => {
    expect(reply.text('好'.repeat(682))).toMatchObject({ type: 'text' });
    expect(() => reply.text('好'.repeat(683))).toThrow(
      new TypeError('a text reply may have 2048 bytes in UTF-8, and this one has 2049; a Chinese character has 3'),
    );
    expect(() => reply.text('')).toThrow('a reply of the type text needs the text "content"');
  });

  it('with news has one to eight articles with titles', () => {
    const articles = (count: number) => Array.from({ length: count }, () => ({ title: 't' }));
    expect(reply.news(articles(8))).toMatchObject({ type: 'news' });
    expect(() => reply.news(articles(9))).toThrow('a news reply has 1 to 8 articles, and this one has 9');
    expect(() => reply.news([])).toThrow('and this one has 0');
    expect(() => reply.news([{ title: '' }])).toThrow('a reply of the type news needs the text "title"');
  });

  it('with media names it', () => {
    expect(() => reply.image('')).toThrow('a reply of the type image needs the text "mediaId"');
    expect(() => reply.music('')).toThrow('a reply of the type music needs the text "thumbMediaId"');
  });
});
