import { describe, expect, it } from 'vitest';
import { notice } from '../../test/alarm-notice.ts';
import { durationOf, joined, packText } from './message-text.ts';

const all = () => true;

describe('the text of a message', () => {
  it('has cause, remedy, start, processes and link, Chinese first', () => {
    expect(packText([notice()], 'wxthirdparty wx.example.com', all)).toEqual({
      title: 'wxthirdparty wx.example.com：1 条告警',
      blocks: [
        [
          '【严重】组件 wxc 已 60 分钟没有收到票据。',
          '处理：核对消息接收地址和密钥。',
          '开始：2026-11-29 14:03:00（北京时间）',
          '进程：h1',
          'EN: Component wxc has received no ticket for 60 minutes.',
          'https://wx.example.com/admin/alarms',
        ].join('\n'),
      ],
      tone: 'page',
      taken: 1,
    });
  });

  it('has the duration, once the alarm is closed, and mentions no one', () => {
    const closedAt = new Date('2026-11-29T07:10:00.000Z');
    const { blocks, title, tone } = packText([notice({ news: 'closed' }, { closedAt })], 'w', all);
    expect(blocks.join()).toContain('【恢复】组件 wxc 已 60 分钟没有收到票据。\n持续：1 小时 7 分钟\n');
    expect([title, tone]).toEqual(['w：1 条恢复', 'closed']);
  });

  it('of several alarms begins with the most urgent', () => {
    const several = [notice({ news: 'closed' }), notice({}, { severity: 'warn' }), notice({ news: 'repeated' })];
    const { blocks, title, tone } = packText(several, 'w', all);
    expect(blocks.map((block) => block.slice(0, 4))).toEqual(['【严重，', '【注意】', '【恢复】']);
    expect([title, tone]).toEqual(['w：2 条告警，1 条恢复', 'page']);
  });

  it('names a few processes, with what differs between them, and counts the others', () => {
    const processes = Array.from({ length: 7 }, (_, i) => ({
      id: `${i}`,
      host: `h${i}`,
      note: i === 0 ? '1.2.3.4' : null,
    }));
    expect(joined(packText([notice({}, { processes })], 'w', all))).toContain(
      '进程：h0（1.2.3.4）、h1、h2、h3、h4 等 7 个',
    );
  });

  it('contains no tag and no line break of what it reports', () => {
    const cause = { zh: '<font>a\nb</font>', en: '<at id=all></at>' };
    const text = joined(packText([notice({}, { cause })], 'w', all));
    expect(text).not.toMatch(/[<>]/);
    expect(text).toContain('＜font＞a b＜/font＞');
  });
});

describe('what fits into a message', () => {
  const notices = Array.from({ length: 10 }, (_, i) => notice({}, { cause: { zh: `原因 ${i}`, en: `cause ${i}` } }));
  const fits = (maxBytes: number) => (text: { readonly title: string; readonly blocks: readonly string[] }) =>
    Buffer.byteLength(text.title + joined(text)) <= maxBytes;

  it('is taken, and the rest remains', () => {
    const { taken, blocks } = packText(notices, 'w', fits(1_000));
    expect(taken).toBeGreaterThan(1);
    expect(taken).toBeLessThan(10);
    expect(blocks).toHaveLength(taken);
  });

  it('is at least one alarm, cut at a character', () => {
    const packed = packText(notices, 'w', fits(60));
    expect(packed.taken).toBe(1);
    expect(joined(packed)).toMatch(/^【严重】原因 0.*…$/s);
    expect(Buffer.byteLength(packed.title + joined(packed))).toBeLessThanOrEqual(60);
    expect(joined(packed)).not.toContain('\uFFFD');
  });
});

it.each([
  [400, '1 秒'],
  [29_000, '29 秒'],
  [7 * 60_000, '7 分钟'],
  [60 * 60_000, '1 小时'],
  [61 * 60_000, '1 小时 1 分钟'],
])('%i ms are %s', (ms, text) => {
  expect(durationOf(ms)).toBe(text);
});
