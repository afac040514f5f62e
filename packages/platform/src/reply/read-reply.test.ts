import { describe, expect, it } from 'vitest';
import { readReply } from './read-reply.ts';
import { faultOf, replyLimitsOf } from './reply-limits.ts';

const article = { title: '标题', description: 'd', picUrl: 'http://p', url: 'http://u' };
const replies = [
  { type: 'text', content: '您好 😀' },
  { type: 'image', mediaId: 'm' },
  { type: 'voice', mediaId: 'm' },
  { type: 'video', mediaId: 'm', title: 't', description: 'd' },
  { type: 'music', title: 't', description: 'd', musicUrl: 'u', hqMusicUrl: 'h', thumbMediaId: 'm' },
  { type: 'news', articles: [article, article] },
  { type: 'transfer', account: 'agent@shop' },
  { type: 'transfer', account: null },
];
const reasonOf = (value: unknown) => {
  const read = readReply(value);
  return read.kind === 'invalid' ? read.reason : read.kind;
};

describe('a reply', () => {
  it.each(replies)('of type $type is read', (reply) => {
    expect(readReply(reply)).toEqual({ kind: 'reply', reply });
  });

  it('may omit what WeChat does not require', () => {
    expect(readReply({ type: 'transfer' })).toEqual({ kind: 'reply', reply: { type: 'transfer', account: null } });
    expect(readReply({ type: 'video', mediaId: 'm', title: null, description: '' })).toEqual({
      kind: 'reply',
      reply: { type: 'video', mediaId: 'm' },
    });
    expect(readReply({ type: 'news', articles: [{ title: 't' }] })).toEqual({
      kind: 'reply',
      reply: { type: 'news', articles: [{ title: 't', description: '', picUrl: '', url: '' }] },
    });
  });

  it('of up to 2048 bytes of text is read; more is too large, in whatever characters', () => {
    expect(reasonOf({ type: 'text', content: 'x'.repeat(2048) })).toBe('reply');
    expect(reasonOf({ type: 'text', content: 'x'.repeat(2049) })).toBe('too_large');
    expect(reasonOf({ type: 'text', content: '您'.repeat(683) })).toBe('too_large');
    expect(reasonOf({ type: 'image', mediaId: 'x'.repeat(4097) })).toBe('too_large');
    expect(reasonOf({ type: 'news', articles: Array(9).fill(article) })).toBe('too_large');
  });

  it.each([
    undefined,
    null,
    'text',
    [],
    {},
    { type: 'unknown', content: 'x' },
    { type: 'toString' },
    { type: 'text' },
    { type: 'text', content: '' },
    { type: 'text', content: 1 },
    { type: 'text', content: 'x', mediaId: 'm' },
    { type: 'image', media_id: 'm' },
    { type: 'music', title: 't' },
    { type: 'news', articles: [] },
    { type: 'news', articles: 'x' },
    { type: 'news', articles: ['x'] },
    { type: 'news', articles: [{ ...article, picurl: 'http://p' }] },
    { type: 'transfer', account: {} },
  ])('is unreadable: %j', (value) => {
    expect(reasonOf(value)).toBe('unreadable_answer');
  });

  it('is refused with the name of the part, never with its value', () => {
    const refused = readReply({ type: 'news', articles: [article, { title: 't', url: ['secret'] }] });
    expect(refused).toMatchObject({ detail: 'reply.articles[1].url is not text.' });
  });
});

describe('what WeChat accepts', () => {
  it('is one article after a message, and eight after an event', () => {
    const reply = { type: 'news', articles: [article, article] } as const;
    expect(faultOf(reply, replyLimitsOf('message.text', ['news']))).toBe('too_large');
    expect(faultOf(reply, replyLimitsOf('event.subscribe', ['news']))).toBeUndefined();
    expect(faultOf({ ...reply, articles: [article] }, replyLimitsOf('message.text', ['news']))).toBeUndefined();
  });

  it('is only the types of that push', () => {
    expect(faultOf({ type: 'text', content: 'x' }, replyLimitsOf('message.text', ['transfer']))).toBe(
      'type_not_allowed',
    );
  });
});
