import { describe, expect, it } from 'vitest';
import { notice } from '../../../test/alarm-notice.ts';
import type { AlarmNotice } from '../alarm.ts';
import type { AlarmChannel, ChannelKind } from '../channel.ts';
import { channelFormats } from '../channel-formats.ts';
import { dingtalkSign } from './dingtalk.ts';
import { feishuSign } from './feishu.ts';

const NOW = new Date(1_700_000_000_000);

function channel(kind: ChannelKind, url: string, secret?: string): AlarmChannel {
  return { id: `${kind}-1`, kind, host: new URL(url).host, url, secret, isForced: false };
}

const wecom = channel('wecom', 'https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=k');
const dingtalk = channel('dingtalk', 'https://oapi.dingtalk.com/robot/send?access_token=t', 'SECtest');
const feishu = channel('feishu', 'https://open.feishu.cn/open-apis/bot/v2/hook/h', 'feishu-secret');
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const generic = channel('generic', 'https://ops.example.com/alarms', SECRET);

function pack(to: AlarmChannel, ...notices: AlarmNotice[]) {
  const packed = channelFormats[to.kind].pack(to, notices, 'wxthirdparty', NOW);
  return { ...packed, json: JSON.parse(packed.body) as never };
}

function answer(kind: ChannelKind, status: number, text: string) {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {}
  return channelFormats[kind].readAnswer({ status, text, json });
}

const warning = notice({}, { severity: 'warn' });
/** More than one message of any robot has room for. */
const many = (severity: 'page' | 'warn') =>
  Array.from({ length: 100 }, (_, i) =>
    notice({}, { severity, cause: { zh: `原因 ${i}：${'长'.repeat(60)}😀`, en: `cause ${i}` } }),
  );

describe('企业微信', () => {
  it('receives a warning as markdown', () => {
    const { url, headers, json } = pack(wecom, warning);
    expect(url).toBe(wecom.url);
    expect(headers).toEqual({ 'content-type': 'application/json; charset=utf-8' });
    expect(json).toEqual({
      msgtype: 'markdown',
      markdown: {
        content: expect.stringMatching(/^<font color="warning">wxthirdparty：1 条告警<\/font>\n\n【注意】组件/),
      },
    });
  });

  it('receives a page as text that mentions everyone', () => {
    expect(pack(wecom, notice()).json).toEqual({
      msgtype: 'text',
      text: { content: expect.stringContaining('【严重】组件'), mentioned_list: ['@all'] },
    });
  });

  it('receives at most 4,096 bytes of markdown and 2,048 of text', () => {
    const markdown = pack(wecom, ...many('warn'));
    const text = pack(wecom, ...many('page'));
    const [a, b] = [markdown.json as { markdown: { content: string } }, text.json as { text: { content: string } }];
    expect(Buffer.byteLength(a.markdown.content)).toBeLessThanOrEqual(4_096);
    expect(Buffer.byteLength(b.text.content)).toBeLessThanOrEqual(2_048);
    expect(markdown.taken).toBeGreaterThan(text.taken);
    expect(text.taken).toBeGreaterThanOrEqual(3);
  });

  it('has accepted a message with errcode 0 only', () => {
    expect(answer('wecom', 200, '{"errcode":0,"errmsg":"ok"}')).toBeUndefined();
    expect(answer('wecom', 200, '{"errcode":45009,"errmsg":"api freq out of limit"}')).toMatchObject({
      retryAfterMs: 60_000,
    });
    expect(answer('wecom', 200, '{"errcode":93000,"errmsg":"invalid webhook url"}')?.remedy.en).toContain('key');
    for (const text of ['', '<html>', '[]', '{"errcode":"0"}']) expect(answer('wecom', 200, text)).toBeDefined();
  });
});

describe('钉钉', () => {
  it('is signed as documented', () => {
    // printf '1700000000000\nSECtest' | openssl dgst -sha256 -hmac SECtest -binary | base64
    expect(dingtalkSign('SECtest', NOW.getTime())).toBe('aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g=');
    expect(pack(dingtalk, warning).url).toBe(
      'https://oapi.dingtalk.com/robot/send?access_token=t&timestamp=1700000000000&sign=aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g%3D',
    );
    expect(pack({ ...dingtalk, secret: undefined }, warning).url).toBe(dingtalk.url);
  });

  it('encodes the signature as a query does', () => {
    const signs = Array.from({ length: 50 }, (_, i) => {
      const packed = channelFormats.dingtalk.pack(dingtalk, [warning], 'w', new Date(NOW.getTime() + i));
      return [packed.url, dingtalkSign('SECtest', NOW.getTime() + i)] as const;
    });
    for (const [url, sign] of signs) {
      expect(url).toContain(`&sign=${encodeURIComponent(sign)}`);
    }
    expect(signs.some(([, sign]) => sign.includes('+'))).toBe(true);
  });

  it('receives markdown, which mentions everyone only for a page', () => {
    expect(pack(dingtalk, warning).json).toEqual({
      msgtype: 'markdown',
      markdown: { title: 'wxthirdparty：1 条告警', text: expect.stringContaining('【注意】组件') },
      at: { atMobiles: [], isAtAll: false },
    });
    expect(pack(dingtalk, notice()).json).toMatchObject({ at: { isAtAll: true } });
    expect(Buffer.byteLength(pack(dingtalk, ...many('page')).body)).toBeLessThanOrEqual(20_000);
  });

  it('refuses with HTTP 200', () => {
    expect(answer('dingtalk', 200, '{"errcode":0,"errmsg":"ok"}')).toBeUndefined();
    expect(answer('dingtalk', 200, '{"errcode":310000,"errmsg":"sign not match"}')?.remedy.en).toContain('Signature');
    expect(answer('dingtalk', 200, '{"errcode":130101,"errmsg":"send too fast"}')).toMatchObject({
      retryAfterMs: 600_000,
    });
  });
});

describe('飞书', () => {
  it('is signed as documented: the key is the text, the message is empty', () => {
    // openssl dgst -sha256 -mac HMAC -macopt hexkey:$(printf '1700000000\nfeishu-secret' | xxd -p -c 256) -binary </dev/null | base64
    expect(feishuSign('feishu-secret', 1_700_000_000)).toBe('OrBzY1Y01Gq+HgJsl+7OfWcMVwc7YocohQm5iiZwjhU=');
    expect(pack(feishu, warning).json).toMatchObject({
      ...{ timestamp: '1700000000', sign: 'OrBzY1Y01Gq+HgJsl+7OfWcMVwc7YocohQm5iiZwjhU=' },
      ...{ msg_type: 'interactive' },
    });
    expect(pack({ ...feishu, secret: undefined }, warning).json).not.toHaveProperty('sign');
  });

  it('receives a card, which mentions everyone only for a page', () => {
    const card = (color: string, text: unknown) => ({
      config: { wide_screen_mode: true },
      header: { title: { tag: 'plain_text', content: 'wxthirdparty：1 条告警' }, template: color },
      elements: [{ tag: 'div', text: { tag: 'lark_md', content: text } }],
    });
    expect(pack(feishu, warning).json).toHaveProperty('card', card('orange', expect.not.stringContaining('<at')));
    expect(pack(feishu, notice()).json).toHaveProperty(
      'card',
      card('red', expect.stringMatching(/<at id=all><\/at>$/)),
    );
    expect(Buffer.byteLength(pack(feishu, ...many('page')).body)).toBeLessThanOrEqual(20_000);
  });

  it('has accepted a message with code 0, in both forms of the answer', () => {
    expect(answer('feishu', 200, '{"code":0,"msg":"success","data":{}}')).toBeUndefined();
    expect(answer('feishu', 200, '{"StatusCode":0,"StatusMessage":"success"}')).toBeUndefined();
    expect(answer('feishu', 400, '{"code":9499,"msg":"Bad Request"}')?.remedy.zh).toContain('code');
    expect(answer('feishu', 200, '{"code":19021,"msg":"sign match fail"}')?.remedy.en).toContain('signature');
  });
});

describe('a webhook of the operator’s own', () => {
  it('receives one alarm in each request, signed as Standard Webhooks', () => {
    const { headers, body, taken, json } = pack(generic, notice(), warning);
    expect(taken).toBe(1);
    expect(json).toEqual({
      type: 'alarm.opened',
      timestamp: '2026-11-29T06:05:00.000Z',
      data: { ...notice().alarm, openedAt: '2026-11-29T06:03:00.000Z' },
    });
    expect(headers).toMatchObject({ 'webhook-timestamp': '1700000000' });
    expect(body).not.toContain(SECRET);
  });

  it('keeps the id of a message that is sent again; other news have another one', () => {
    const idOf = (one: AlarmNotice, at = NOW) =>
      channelFormats.generic.pack(generic, [one], 'w', at).headers['webhook-id'];
    expect(idOf(notice(), new Date())).toBe(idOf(notice()));
    expect(idOf(notice({ news: 'repeated' }))).not.toBe(idOf(notice()));
    expect(idOf(notice({ at: new Date(0) }))).not.toBe(idOf(notice()));
  });

  it('has accepted what it answers 2xx', () => {
    expect(answer('generic', 204, '')).toBeUndefined();
    expect(answer('generic', 302, '')?.remedy.en).toContain('2xx');
  });
});
