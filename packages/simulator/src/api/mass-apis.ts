import type { MassMessage } from '../account.ts';
import { Refusal } from '../refusal.ts';
import type { WechatValue } from '../wechat-json.ts';
import { announceJob } from './announce-job.ts';
import { type ApiTable, type AuthorizerCall, bodyOf, type JsonObject, listOf, OK, objectOf, textOf } from './api.ts';
import { recordMessage } from './record-message.ts';

const SETS = [7];
const KINDS = new Set(['mpnews', 'text', 'voice', 'images', 'image', 'mpvideo', 'wxcard']);
const MAX_CLIENT_ID_BYTES = 64;
const CLIENT_ID_PAUSE_S = 60;

/** Messages to many; protocol §4.6. */
export const MASS_APIS: ApiTable = {
  '/cgi-bin/message/mass/sendall': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer(call) {
      const body = bodyOf(call.request);
      const filter = objectOf(body, 'filter');
      const tag = textOf(filter, 'tag_id');
      if (filter.is_to_all !== true && tag === '') throw new Refusal(40035);
      if (tag !== '' && !call.account.tags.has(Number(tag))) throw new Refusal(45159);
      const members = [...call.account.tagged.values()].filter((tags) => tags.has(Number(tag))).length;
      return send(call, body, filter.is_to_all === true ? call.account.followers.total : members);
    },
  },

  '/cgi-bin/message/mass/send': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer(call) {
      const body = bodyOf(call.request);
      const openids = listOf(body, 'touser').map(String);
      if (openids.length < 2 || openids.length > 10_000) throw new Refusal(40032);
      if (openids.some((openid) => call.account.followers.placeOf(openid) === null)) throw new Refusal(40003);
      return send(call, body, openids.length);
    },
  },

  '/cgi-bin/message/mass/preview': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer(call) {
      const body = bodyOf(call.request);
      const openid = textOf(body, 'touser');
      if (openid === '' && textOf(body, 'towxname') === '') throw new Refusal(40003);
      if (openid !== '' && call.account.followers.placeOf(openid) === null) throw new Refusal(40003);
      recordMessage(call, openid, 'preview', contentOf(body));
      return { json: { errcode: 0, errmsg: 'preview success', msg_id: call.world.credentials.messageId() } };
    },
  },

  '/cgi-bin/message/mass/get': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer(call) {
      const message = messageOf(call, bodyOf(call.request));
      return { json: { msg_id: message.id, msg_status: message.status } };
    },
  },

  '/cgi-bin/message/mass/delete': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer(call) {
      messageOf(call, bodyOf(call.request)).status = 'DELETE';
      return { json: OK };
    },
  },

  '/cgi-bin/message/mass/speed/get': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer: ({ account }) => ({
      json: { speed: account.massSpeed, realspeed: [80, 60, 45, 30, 10][account.massSpeed] ?? 30 },
    }),
  },

  '/cgi-bin/message/mass/speed/set': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      const speed = Number(textOf(bodyOf(request), 'speed'));
      if (![0, 1, 2, 3, 4].includes(speed)) throw new Refusal(40035);
      account.massSpeed = speed;
      return { json: OK };
    },
  },
};

function send(call: AuthorizerCall, body: JsonObject, people: number) {
  const { world, account } = call;
  const content = contentOf(body);
  const clientId = textOf(body, 'clientmsgid');
  if (Buffer.byteLength(clientId) > MAX_CLIENT_ID_BYTES) throw new Refusal(45067);
  refuseDuplicate(call, clientId);
  const message: MassMessage = {
    id: world.credentials.messageId(),
    dataId: 2_000_000_000 + world.chance.below(1_000_000_000),
    sentAt: world.clock.now(),
    status: 'SENDING',
  };
  account.massMessages.set(message.id.toString(), message);
  if (clientId !== '') account.massByClientId.set(clientId, message);
  recordMessage(call, '*', 'mass', content);
  const notBefore = announceJob(
    call,
    account.followers.from(0, 1)[0] ?? '',
    {
      Event: 'MASSSENDJOBFINISH',
      MsgID: message.id,
      Status: 'send success',
      TotalCount: people,
      FilterCount: people,
      SentCount: people,
      ErrorCount: 0,
    },
    () => {
      if (message.status === 'SENDING') message.status = 'SEND_SUCCESS';
    },
  );
  const json = { errcode: 0, errmsg: 'send job submission success', msg_id: message.id, msg_data_id: message.dataId };
  return { json, notBefore };
}

/** The same clientmsgid sends once; a repetition returns the earlier message (protocol §10 rule 38). */
function refuseDuplicate({ world, account }: AuthorizerCall, clientId: string): void {
  const before = clientId === '' ? undefined : account.massByClientId.get(clientId);
  if (before === undefined) return;
  if (world.clock.now() - before.sentAt < world.clock.lasting(CLIENT_ID_PAUSE_S)) throw new Refusal(45066);
  throw new Refusal(45065, '', { msg_id: before.id });
}

function contentOf(body: JsonObject): { [name: string]: WechatValue } {
  const msgtype = textOf(body, 'msgtype');
  if (!KINDS.has(msgtype)) throw new Refusal(40008);
  return objectOf(body, msgtype) as { [name: string]: WechatValue };
}

function messageOf({ account }: AuthorizerCall, body: JsonObject): MassMessage {
  const message = account.massMessages.get(textOf(body, 'msg_id'));
  if (message === undefined) throw new Refusal(40035);
  return message;
}
