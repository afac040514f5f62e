import type { AccountKind } from '../account.ts';
import { Refusal } from '../refusal.ts';
import type { WechatValue } from '../wechat-json.ts';
import { type ApiTable, type AuthorizerCall, bodyOf, OK, objectOf, textOf } from './api.ts';

const MESSAGE_KINDS: Record<AccountKind, string[]> = {
  'official-account': [
    'text',
    'image',
    'voice',
    'video',
    'music',
    'news',
    'mpnews',
    'mpnewsarticle',
    'msgmenu',
    'wxcard',
    'miniprogrampage',
  ],
  'mini-program': ['text', 'image', 'link', 'miniprogrampage'],
};
const MOST_TEXT_BYTES = 2048;
const CLIENT_ID_LIFE_S = 600;

/** Messages to users; dossier §4.4 and §4.5. */
export const MESSAGE_APIS: ApiTable = {
  '/cgi-bin/message/custom/send': {
    method: 'POST',
    needs: 'authorizer',
    sets: [1, 6, 19],
    answer(call) {
      const { account } = call;
      const body = bodyOf(call.asked);
      const touser = textOf(body, 'touser');
      const msgtype = textOf(body, 'msgtype');
      if (account.followers.placeOf(touser) === null) throw new Refusal(40003);
      if (!MESSAGE_KINDS[account.kind].includes(msgtype)) throw new Refusal(40008);
      const content = objectOf(body, msgtype);
      if (msgtype === 'text' && Buffer.byteLength(textOf(content, 'content')) > MOST_TEXT_BYTES) {
        throw new Refusal(45002);
      }
      if (!account.followers.isFollowing(touser)) throw new Refusal(45015);
      takeReply(call, touser);
      record(call, touser, msgtype, content);
      return { json: OK };
    },
  },

  '/cgi-bin/message/template/send': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: [7],
    answer(call) {
      const { account, world } = call;
      const body = bodyOf(call.asked);
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
      const until = world.clock.now() + world.clock.lasting(CLIENT_ID_LIFE_S);
      if (clientId !== '') account.clientMessageIds.set(key, { msgid, until });
      record(call, touser, 'template', body as { [name: string]: WechatValue });
      return { json: { ...OK, msgid } };
    },
  },
};

function record(call: AuthorizerCall, touser: string, msgtype: string, content: WechatValue | object): void {
  call.world.messages.push({
    component: call.component.appid,
    appid: call.account.appid,
    touser,
    msgtype,
    content: content as WechatValue,
    at: new Date().toISOString(),
  });
}

function takeReply({ world, account }: AuthorizerCall, touser: string): void {
  if (!world.options.replyWindows) return;
  const open = (account.replyWindows.get(touser) ?? []).filter((window) => world.clock.now() < window.until);
  account.replyWindows.set(touser, open);
  if (open.length === 0) throw new Refusal(45015);
  const free = open.find((window) => window.left > 0);
  if (free === undefined) throw new Refusal(45047);
  free.left -= 1;
}
