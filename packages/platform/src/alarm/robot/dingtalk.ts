import { createHmac } from 'node:crypto';
import { codeIn } from '../answer-code.ts';
import type { PackMessage, ReadAnswer } from '../channel-message.ts';
import { joined, type MessageText, packText } from '../message-text.ts';
import { JSON_HEADERS } from './json-headers.ts';

/** Of the whole body; the documented limit is 20,000. */
const MAX_BODY_BYTES = 19_000;
const TOO_OFTEN = [130_101, 410_100];
const BLOCKED_MS = 10 * 60_000;
const REFUSED = 310_000;
const UNKNOWN_TOKEN = 300_005;

/** 钉钉. With a secret, the query has a timestamp and its signature. */
export const packDingtalk: PackMessage = ({ url, secret }, notices, name, now) => {
  const { taken, ...text } = packText(notices, name, (one) => Buffer.byteLength(bodyOf(one)) <= MAX_BODY_BYTES);
  const signed = secret === undefined ? url : signedUrl(url, secret, now.getTime());
  return { url: signed, headers: JSON_HEADERS, body: bodyOf(text), taken };
};

/** `at` (ms) is in the signature, too: the key is the secret, the text `MS\nSECRET`. */
export function dingtalkSign(secret: string, at: number): string {
  return createHmac('sha256', secret).update(`${at}\n${secret}`).digest('base64');
}

function signedUrl(url: string, secret: string, at: number): string {
  const signed = new URL(url);
  signed.searchParams.set('timestamp', String(at));
  signed.searchParams.set('sign', dingtalkSign(secret, at));
  return signed.href;
}

export const readDingtalkAnswer: ReadAnswer = ({ json }) => {
  const errcode = codeIn(json, 'errcode');
  if (errcode === 0) return undefined;
  if (errcode !== undefined && TOO_OFTEN.includes(errcode)) {
    return {
      remedy: {
        zh: '该机器人一分钟内收到的消息超过 20 条，被限制 10 分钟；之后会自动重发。不要让其他程序使用同一个机器人。',
        en: 'The robot received more than 20 messages in a minute and is blocked for 10 minutes; the message is sent again then. Let no other program use this robot.',
      },
      retryAfterMs: BLOCKED_MS,
    };
  }
  switch (errcode) {
    case REFUSED:
      return {
        remedy: {
          zh: '机器人的安全设置不符。加签：把密钥（SEC…）写在 ALARM_WEBHOOKS 地址的“#”之后，并校准本机时间；关键词：使用 wxthirdparty；IP：加入本机出口地址。',
          en: 'The security settings of the robot refuse the message. Signature: put the secret (SEC…) behind "#" in ALARM_WEBHOOKS and set the clock; keyword: use wxthirdparty; IP: add the address of this host.',
        },
      };
    case UNKNOWN_TOKEN:
      return {
        remedy: {
          zh: '机器人的 access_token 无效，或机器人已被移除；重新复制 Webhook 地址到 ALARM_WEBHOOKS。',
          en: 'The access_token of the robot is wrong, or the robot was removed; copy its webhook address to ALARM_WEBHOOKS again.',
        },
      };
    default:
      return {
        remedy: {
          zh: '按应答中的 errcode 查阅钉钉“自定义机器人”文档，并核对 ALARM_WEBHOOKS 中的地址。',
          en: 'Look the errcode of the answer up in the manual of 钉钉 custom robots, and check the address in ALARM_WEBHOOKS.',
        },
      };
  }
};

function bodyOf(text: MessageText): string {
  // A line break alone does not end a line of markdown.
  const markdown = `### ${text.title}\n\n${joined(text).replaceAll('\n', '  \n')}`;
  return JSON.stringify({
    msgtype: 'markdown',
    markdown: { title: text.title, text: markdown },
    at: { atMobiles: [], isAtAll: text.tone === 'page' },
  });
}
