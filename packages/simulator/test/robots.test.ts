import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { openSimulator } from './open-simulator.ts';

type P = Awaited<ReturnType<typeof openSimulator>>;

const WECOM = '/_robots/wecom/cgi-bin/webhook/send';
const DINGTALK = '/_robots/dingtalk/robot/send';
const FEISHU = '/_robots/feishu/open-apis/bot/v2/hook/g';
const TEXT = { msgtype: 'text', text: { content: '告警', mentioned_list: ['@all'] } };
const MARKDOWN = { msgtype: 'markdown', markdown: { title: '告警', text: '内容' }, at: { isAtAll: true } };
const CARD = {
  header: { title: { tag: 'plain_text', content: '告警' } },
  elements: [{ tag: 'div', text: { tag: 'lark_md', content: '内容 <at id=all></at>' } }],
};

async function post(p: P, path: string, body: unknown): Promise<unknown> {
  const response = await fetch(p.simulator.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return response.json();
}

function dingtalk(at: number, secret = 'SECdemo'): string {
  const sign = createHmac('sha256', secret).update(`${at}\n${secret}`).digest('base64');
  return `${DINGTALK}?${new URLSearchParams({ access_token: 'g', timestamp: String(at), sign })}`;
}

function feishu(at: number, secret = 'SECdemo') {
  const timestamp = String(Math.floor(at / 1_000));
  const sign = createHmac('sha256', `${timestamp}\n${secret}`).digest('base64');
  return { timestamp, sign, msg_type: 'interactive', card: CARD };
}

describe('a robot', () => {
  test('accepts what its messenger documents, and lists it', async () => {
    const p = await openSimulator();
    expect(await post(p, `${WECOM}?key=g`, TEXT)).toEqual({ errcode: 0, errmsg: 'ok' });
    expect(await post(p, dingtalk(Date.now()), MARKDOWN)).toEqual({ errcode: 0, errmsg: 'ok' });
    expect(await post(p, FEISHU, feishu(Date.now()))).toMatchObject({ code: 0, msg: 'success' });
    const { robots } = await p.control('GET /robots');
    expect(robots).toMatchObject(
      ['wecom', 'dingtalk', 'feishu'].map((kind) => ({
        kind,
        id: 'g',
        messages: [{ mentionsAll: true }],
        refused: [],
      })),
    );
  });

  test('refuses a wrong signature and an old timestamp', async () => {
    const p = await openSimulator();
    const old = Date.now() - 2 * 3_600_000;
    expect(await post(p, dingtalk(Date.now(), 'other'), MARKDOWN)).toMatchObject({ errcode: 310_000 });
    expect(await post(p, dingtalk(old), MARKDOWN)).toMatchObject({ errcode: 310_000 });
    expect(await post(p, FEISHU, feishu(Date.now(), 'other'))).toMatchObject({ code: 19_021 });
    expect(await post(p, FEISHU, feishu(old))).toMatchObject({ code: 19_021 });
    await p.control('POST /robot', { kind: 'feishu', id: 'g', secret: 'other' });
    expect(await post(p, FEISHU, feishu(Date.now(), 'other'))).toMatchObject({ code: 0 });
  });

  test('refuses what is too long or of another form', async () => {
    const p = await openSimulator();
    const long = { msgtype: 'text', text: { content: '长'.repeat(683) } };
    expect(await post(p, `${WECOM}?key=g`, long)).toMatchObject({ errcode: 40_058 });
    expect(await post(p, `${WECOM}?key=g`, { msgtype: 'text', text: 'x' })).toMatchObject({ errcode: 40_008 });
    expect(await post(p, FEISHU, { ...feishu(Date.now()), card: undefined })).toMatchObject({ code: 9_499 });
  });

  test('refuses the 21st message of a minute', async () => {
    const p = await openSimulator();
    const codes = [];
    for (let i = 0; i < 22; i++) {
      codes.push(((await post(p, `${WECOM}?key=g`, TEXT)) as { errcode: number }).errcode);
    }
    expect(codes).toEqual([...Array.from({ length: 20 }, () => 0), 45_009, 45_009]);
  });
});
