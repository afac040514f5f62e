import { Refusal } from '../refusal.ts';
import type { WechatValue } from '../wechat-json.ts';
import { announceJob } from './announce-job.ts';
import { type ApiTable, bodyOf, OK, objectOf, textOf } from './api.ts';
import { recordMessage } from './record-message.ts';

const SETS = [7];
const CLIENT_ID_TTL_S = 600;
const MAX_TEMPLATES = 25;

/** Template messages and the templates themselves; protocol §4.5. */
export const TEMPLATE_APIS: ApiTable = {
  '/cgi-bin/message/template/send': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: [7],
    answer(call) {
      const { account, world } = call;
      const body = bodyOf(call.request);
      const touser = textOf(body, 'touser');
      if (textOf(body, 'template_id') === '') throw new Refusal(40037);
      objectOf(body, 'data');
      if (account.followers.placeOf(touser) === null) throw new Refusal(40003);
      if (!account.followers.isFollowing(touser)) throw new Refusal(43004);
      const clientId = textOf(body, 'client_msg_id');
      const key = `${touser} ${clientId}`;
      const before = clientId === '' ? undefined : account.clientMessageIds.get(key);
      if (before !== undefined && world.clock.now() < before.until) {
        return { json: { ...OK, msgid: before.msgid } };
      }
      const msgid = world.credentials.messageId();
      const until = world.clock.now() + world.clock.lasting(CLIENT_ID_TTL_S);
      if (clientId !== '') account.clientMessageIds.set(key, { msgid, until });
      recordMessage(call, touser, 'template', body as { [name: string]: WechatValue });
      const blocked = account.blacklist.has(touser);
      const notBefore = announceJob(call, touser, {
        Event: 'TEMPLATESENDJOBFINISH',
        MsgID: msgid,
        Status: blocked ? 'failed:user block' : 'success',
      });
      return { json: { ...OK, msgid }, notBefore };
    },
  },

  '/cgi-bin/template/api_set_industry': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ world, request, account }) {
      const body = bodyOf(request);
      const [primary, secondary] = [textOf(body, 'industry_id1'), textOf(body, 'industry_id2')];
      if (primary === '' || secondary === '') throw new Refusal(40035);
      const month = world.clock.beijingDay().slice(0, 7);
      if (account.industry?.month === month) throw new Refusal(43100);
      account.industry = { primary, secondary, month };
      return { json: OK };
    },
  },

  '/cgi-bin/template/get_industry': {
    method: 'GET',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ account }) {
      const industry = (id: string) => ({ first_class: 'IT科技', second_class: `行业${id}` });
      return {
        json: {
          primary_industry: industry(account.industry?.primary ?? '1'),
          secondary_industry: industry(account.industry?.secondary ?? '2'),
        },
      };
    },
  },

  '/cgi-bin/template/api_add_template': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ world, request, account }) {
      const short = textOf(bodyOf(request), 'template_id_short');
      if (short === '') throw new Refusal(40037);
      if (account.templates.size >= MAX_TEMPLATES) throw new Refusal(45026);
      const id = world.credentials.text(43);
      account.templates.set(id, short);
      return { json: { ...OK, template_id: id } };
    },
  },

  '/cgi-bin/template/get_all_private_template': {
    method: 'GET',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer: ({ account }) => ({
      json: {
        template_list: [...account.templates].map(([id, short]) => ({
          template_id: id,
          title: `模板 ${short}`,
          primary_industry: 'IT科技',
          deputy_industry: '互联网|电子商务',
          content: '{{first.DATA}}\n{{remark.DATA}}',
          example: '您好',
        })),
      },
    }),
  },

  '/cgi-bin/template/del_private_template': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      if (!account.templates.delete(textOf(bodyOf(request), 'template_id'))) throw new Refusal(40037);
      return { json: OK };
    },
  },
};
