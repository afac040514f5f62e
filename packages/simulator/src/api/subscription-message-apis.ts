import { Refusal } from '../refusal.ts';
import type { WechatValue } from '../wechat-json.ts';
import { announceJob } from './announce-job.ts';
import { type ApiTable, bodyOf, type JsonObject, OK, objectOf, textOf } from './api.ts';
import { recordMessage } from './record-message.ts';

/** The rules of values, by the name of the keyword without its number. Lengths are in characters. */
const RULES: Record<string, RegExp> = {
  thing: /^.{1,20}$/su,
  number: /^-?[\d.]{1,32}$/,
  letter: /^[A-Za-z]{1,32}$/,
  symbol: /^[^\p{L}\p{N}\s]{1,5}$/u,
  character_string: /^[\x20-\x7e]{1,32}$/,
  time: /^.{1,64}$/su,
  date: /^.{1,64}$/su,
  amount: /^\D{0,3}[\d.,]{1,10}(元)?$/u,
  phone_number: /^[\d\s()+-]{1,17}$/,
  car_number: /^.{1,8}$/su,
  name: /^(\p{Script=Han}{1,10}|[\P{Script=Han}]{1,20})$/u,
  phrase: /^\p{Script=Han}{1,5}$/u,
  const: /^.{1,20}$/su,
};
const STATES = ['developer', 'trial', 'formal'];
const HINT = '(simulated: POST /_control/subscribe lets a user accept a template)';

/** One-time subscription messages of a mini program; protocol §5.9. */
export const SUBSCRIPTION_MESSAGE_APIS: ApiTable = {
  '/cgi-bin/message/subscribe/send': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'mini-program',
    sets: [18],
    answer(call) {
      const { account, world } = call;
      const body = bodyOf(call.request);
      const touser = textOf(body, 'touser');
      const templateId = textOf(body, 'template_id');
      if (account.followers.placeOf(touser) === null) throw new Refusal(40003, HINT);
      if (templateId === '') throw new Refusal(40037);
      if (textOf(body, 'page').startsWith('/')) throw new Refusal(41030);
      const state = textOf(body, 'miniprogram_state');
      if (state !== '' && !STATES.includes(state)) throw new Refusal(40097);
      checkData(objectOf(body, 'data'), account.subscriptionTemplates.get(templateId) ?? []);
      const key = `${touser} ${templateId}`;
      const accepted = account.acceptedMessages.get(key) ?? 0;
      if (accepted === 0) throw new Refusal(43101, HINT);
      account.acceptedMessages.set(key, accepted - 1);
      const msgid = world.credentials.messageId();
      recordMessage(call, touser, 'subscription', body as { [name: string]: WechatValue });
      const notBefore = announceJob(call, touser, {
        Event: 'subscribe_msg_sent_event',
        SubscribeMsgSentEvent: {
          List: { TemplateId: templateId, MsgID: msgid, ErrorCode: '0', ErrorStatus: 'success' },
        },
      });
      return { json: { ...OK, msgid }, notBefore };
    },
  },
};

/** Each value has the form of its keyword, and none of the template is missing. */
function checkData(data: JsonObject, keywords: readonly string[]): void {
  for (const keyword of new Set([...keywords, ...Object.keys(data)])) {
    const given = data[keyword];
    const value = typeof given === 'object' && given !== null && !Array.isArray(given) ? textOf(given, 'value') : '';
    if (value === '') throw new Refusal(47003, `data.${keyword}.value is empty`);
    const rule = RULES[keyword.replace(/\d+$/, '')];
    // Only a known template says that it has no such keyword.
    const unknown = keywords.length > 0 && !keywords.includes(keyword);
    if (unknown || (rule !== undefined && !rule.test(value))) {
      throw new Refusal(47003, `data.${keyword}.value invalid`);
    }
  }
}
