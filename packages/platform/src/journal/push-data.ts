import { readXml, type XmlNode } from '@wxthirdparty/wechat';
import type { OpenedPush } from './opened-push.ts';

/** Parts of a notice's JSON that only the format `wechat-component` uses; they are in no answer. */
const HIDDEN_IN_NOTICES = ['preAuthCode', 'grantVersion'];

/** `data` of a push, as receivers of format `json` and the API get it; JSON. */
export type PushData = Readonly<Record<string, unknown>>;

export function pushDataOf({ id, seq, component, appid, handle, type, payload }: OpenedPush): PushData {
  const identity = { id, seq: String(seq), component, appid, handle };
  if (type === 'unreadable') return { ...identity, ...NAMES_OF_UNREADABLE, xml: payload.toString('utf8') };
  if (isFromWeChat(type)) return { ...identity, ...messageData(readXml(payload)) };
  return { ...identity, ...noticeData(payload) };
}

/** Messages and events of accounts; all other readable types are notices of our own. */
export function isFromWeChat(type: string): boolean {
  return type.startsWith('message.') || type.startsWith('event.');
}

const NAMES_OF_UNREADABLE = {
  userName: null,
  openid: null,
  msgType: null,
  event: null,
  eventKey: null,
  msgId: null,
  createTime: null,
  fields: null,
};

function messageData(fields: XmlNode): PushData {
  return {
    userName: textOf(fields, 'ToUserName'),
    openid: textOf(fields, 'FromUserName'),
    msgType: textOf(fields, 'MsgType'),
    event: textOf(fields, 'Event'),
    eventKey: textOf(fields, 'EventKey'),
    // Not `MsgID`: with a capital D it is the message that an event reports on (protocol §1.5).
    msgId: textOf(fields, 'MsgId'),
    createTime: new Date(Number(fields.CreateTime) * 1000).toISOString(),
    fields,
  };
}

/** Null where it is missing or empty: WeChat sends `EventKey` empty if there is none. */
function textOf(fields: XmlNode, name: string): string | null {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function noticeData(payload: Buffer): PushData {
  const notice: Record<string, unknown> = JSON.parse(payload.toString('utf8'));
  return Object.fromEntries(Object.entries(notice).filter(([name]) => !HIDDEN_IN_NOTICES.includes(name)));
}
