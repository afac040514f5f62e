import { codeIn } from '../answer-code.ts';
import type { PackMessage, ReadAnswer } from '../channel-message.ts';
import { joined, type MessageText, packText } from '../message-text.ts';
import { JSON_HEADERS } from './json-headers.ts';

const MAX_MARKDOWN_BYTES = 4_096;
const MAX_TEXT_BYTES = 2_048;
const TOO_OFTEN = 45_009;
const INVALID_KEY = 93_000;
const MINUTE_MS = 60_000;

/** 企业微信. Only a text can mention everyone; markdown has twice the room. */
export const packWecom: PackMessage = (channel, notices, name) => {
  const { taken, ...text } = packText(notices, name, fits);
  return { url: channel.url, headers: JSON_HEADERS, body: JSON.stringify(bodyOf(text)), taken };
};

export const readWecomAnswer: ReadAnswer = ({ json }) => {
  const errcode = codeIn(json, 'errcode');
  switch (errcode) {
    case 0:
      return undefined;
    case TOO_OFTEN:
      return {
        remedy: {
          zh: '该机器人一分钟内收到的消息超过 20 条；稍后会自动重发。不要让其他程序使用同一个机器人。',
          en: 'The robot received more than 20 messages in a minute; the message is sent again later. Let no other program use this robot.',
        },
        retryAfterMs: MINUTE_MS,
      };
    case INVALID_KEY:
      return {
        remedy: {
          zh: '机器人的 key 无效，或机器人已被移除；在群里重新复制 Webhook 地址到 ALARM_WEBHOOKS。',
          en: 'The key of the robot is wrong, or the robot was removed; copy its webhook address from the group to ALARM_WEBHOOKS again.',
        },
      };
    default:
      return {
        remedy: {
          zh: '按应答中的 errcode 查阅企业微信“群机器人配置说明”，并核对 ALARM_WEBHOOKS 中的地址。',
          en: 'Look the errcode of the answer up in the manual of 企业微信 group robots, and check the address in ALARM_WEBHOOKS.',
        },
      };
  }
};

function fits(text: MessageText): boolean {
  const content = contentOf(text);
  return Buffer.byteLength(content) <= (text.tone === 'page' ? MAX_TEXT_BYTES : MAX_MARKDOWN_BYTES);
}

function contentOf(text: MessageText): string {
  if (text.tone === 'page') return `${text.title}\n\n${joined(text)}`;
  const color = text.tone === 'warn' ? 'warning' : 'info';
  return `<font color="${color}">${text.title}</font>\n\n${joined(text)}`;
}

function bodyOf(text: MessageText): unknown {
  const content = contentOf(text);
  return text.tone === 'page'
    ? { msgtype: 'text', text: { content, mentioned_list: ['@all'] } }
    : { msgtype: 'markdown', markdown: { content } };
}
