import { createHmac } from 'node:crypto';
import { codeIn } from '../answer-code.ts';
import type { PackMessage, ReadAnswer } from '../channel-message.ts';
import { joined, type MessageText, type MessageTone, packText } from '../message-text.ts';
import { JSON_HEADERS } from './json-headers.ts';

/** Of the whole body; the documented limit is 20 kB. */
const MAX_BODY_BYTES = 19_000;
const TOO_OFTEN = 11_232;
const WRONG_SIGN = 19_021;
const WRONG_ADDRESS = 19_022;
const NO_KEYWORD = 19_024;
const UNKNOWN_HOOK = 19_001;
const MINUTE_MS = 60_000;

/** 飞书 and Lark: a card. With a secret, the body has a timestamp and its signature. */
export const packFeishu: PackMessage = ({ url, secret }, notices, name, now) => {
  const at = Math.floor(now.getTime() / 1_000);
  const signature = secret === undefined ? {} : { timestamp: String(at), sign: feishuSign(secret, at) };
  const bodyOf = (text: MessageText) => JSON.stringify({ ...signature, msg_type: 'interactive', card: cardOf(text) });
  const { taken, ...text } = packText(notices, name, (one) => Buffer.byteLength(bodyOf(one)) <= MAX_BODY_BYTES);
  return { url, headers: JSON_HEADERS, body: bodyOf(text), taken };
};

/** `at` in seconds. The key is `S\nSECRET`, and the signed message is empty. */
export function feishuSign(secret: string, at: number): string {
  return createHmac('sha256', `${at}\n${secret}`).update('').digest('base64');
}

/** The number of a version 2 answer, or that of older ones. */
export const readFeishuAnswer: ReadAnswer = ({ json }) => {
  const code = codeIn(json, 'code') ?? codeIn(json, 'StatusCode');
  if (code === 0) return undefined;
  if (code === TOO_OFTEN) {
    return {
      remedy: {
        zh: '飞书限制了该机器人的发送频率；稍后会自动重发。',
        en: '飞书 limits the rate of this robot; the message is sent again later.',
      },
      retryAfterMs: MINUTE_MS,
    };
  }
  switch (code) {
    case WRONG_SIGN:
      return {
        remedy: {
          zh: '签名校验失败：把机器人的签名密钥写在 ALARM_WEBHOOKS 地址的“#”之后，并校准本机时间（误差须在 1 小时内）。',
          en: 'The signature does not match: put the secret of the robot behind "#" in ALARM_WEBHOOKS, and set the clock of this host (at most 1 hour off).',
        },
      };
    case WRONG_ADDRESS:
      return {
        remedy: {
          zh: '本机出口 IP 不在机器人的 IP 白名单内；把它加入白名单。',
          en: 'The address of this host is not in the IP list of the robot; add it.',
        },
      };
    case NO_KEYWORD:
      return {
        remedy: {
          zh: '消息不含机器人的关键词；把关键词设为 wxthirdparty。',
          en: 'The message lacks the keyword of the robot; set the keyword to wxthirdparty.',
        },
      };
    case UNKNOWN_HOOK:
      return {
        remedy: {
          zh: '机器人地址无效，或机器人已被移除；重新复制 Webhook 地址到 ALARM_WEBHOOKS。',
          en: 'The address of the robot is wrong, or the robot was removed; copy its webhook address to ALARM_WEBHOOKS again.',
        },
      };
    default:
      return {
        remedy: {
          zh: '按应答中的 code 查阅飞书“自定义机器人使用指南”，并核对 ALARM_WEBHOOKS 中的地址。',
          en: 'Look the code of the answer up in the manual of 飞书 custom robots, and check the address in ALARM_WEBHOOKS.',
        },
      };
  }
};

const TEMPLATES: Readonly<Record<MessageTone, string>> = { page: 'red', warn: 'orange', closed: 'green', test: 'blue' };

function cardOf(text: MessageText): unknown {
  const mention = text.tone === 'page' ? '\n\n<at id=all></at>' : '';
  return {
    config: { wide_screen_mode: true },
    header: { title: { tag: 'plain_text', content: text.title }, template: TEMPLATES[text.tone] },
    elements: [{ tag: 'div', text: { tag: 'lark_md', content: `${joined(text)}${mention}` } }],
  };
}
