import { createHash } from 'node:crypto';
import { signatureHeaders } from '../../webhook/standard-webhooks.ts';
import type { AlarmNotice } from '../alarm.ts';
import { alarmAnswer } from '../alarm-answer.ts';
import type { PackMessage, ReadAnswer } from '../channel-message.ts';
import { JSON_HEADERS } from './json-headers.ts';

/** A webhook of the operator's own, signed as callbacks are (Standard Webhooks). Each request has one alarm. */
export const packGeneric: PackMessage = ({ url, secret = '' }, [notice], _name, now) => {
  if (notice === undefined) throw new Error('a message needs a notice');
  const body = JSON.stringify({
    type: `alarm.${notice.news}`,
    timestamp: notice.at.toISOString(),
    data: alarmAnswer(notice.alarm),
  });
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  return { url, headers: { ...JSON_HEADERS, ...signatureHeaders([key], idOf(notice), body, now) }, body, taken: 1 };
};

export const readGenericAnswer: ReadAnswer = ({ status }) =>
  status >= 200 && status < 300
    ? undefined
    : {
        remedy: {
          zh: '接收方必须以 2xx 应答；查看其日志，并核对 ALARM_WEBHOOKS 中的地址与密钥（whsec_…）。',
          en: 'The receiver must answer 2xx; read its log, and check address and secret (whsec_…) in ALARM_WEBHOOKS.',
        },
      };

/** The same however often the notice is sent. */
function idOf({ news, at, alarm }: AlarmNotice): string {
  return `${alarm.id}_${createHash('sha256').update(`${news} ${at.toISOString()}`).digest('hex').slice(0, 12)}`;
}
