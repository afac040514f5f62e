import { EnvelopeFailure } from '../envelope/envelope-failure.ts';
import { readXml, type XmlNode } from '../envelope/read-xml.ts';
import type { Push, PushUrl, UnreadableReason } from './push.ts';

/** What the redirect promises (protocol §3.4), for a push that forgot to say. */
const DEFAULT_CODE_TTL_SECONDS = 3600;

/** Fields that some part of the platform acts on, whatever the push. */
const actedOn = [
  ...['AppId', 'InfoType', 'ToUserName', 'FromUserName', 'CreateTime', 'MsgType', 'Event', 'EventKey', 'MsgId'],
  ...['ComponentVerifyTicket', 'AuthorizerAppid', 'AuthorizationCode', 'AuthorizationCodeExpiredTime', 'PreAuthCode'],
  'auth_code',
];

/**
 * Reads a decrypted push. It never throws for the content: WeChat does not escape what a user typed (protocol §1.3), so
 * anything may follow a valid signature. For the same reason URL and content must agree: a text of a follower can hold
 * the tags of a notice. Unknown fields are kept as they are.
 */
export function readPush(xml: string, url: PushUrl): Push {
  try {
    return read(xml, url);
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    return { type: 'unreadable', reason: error.reason };
  }
}

function read(xml: string, url: PushUrl): Push {
  const fields = fieldsOf(xml);
  const has = (name: string) => fields[name] !== undefined;
  const isEvent = fields.MsgType === 'event';
  if (has(url === 'events' ? 'MsgType' : 'InfoType') || (has('Event') && !isEvent)) throw new Unreadable('wrong_url');
  for (const name of actedOn) optional(fields, name);
  return url === 'events' ? readNotice(fields) : readMessage(fields);
}

function fieldsOf(xml: string): XmlNode {
  try {
    return readXml(xml);
  } catch (error) {
    if (error instanceof EnvelopeFailure) throw new Unreadable('broken_xml');
    throw error;
  }
}

function readMessage(fields: XmlNode): Push {
  return {
    type: 'message',
    toUserName: required(fields, 'ToUserName'),
    fromUserName: required(fields, 'FromUserName'),
    createTime: seconds(fields, 'CreateTime'),
    msgType: required(fields, 'MsgType'),
    event: optional(fields, 'Event'),
    eventKey: optional(fields, 'EventKey'),
    // Not `MsgID`: with a capital D it is the message that an event reports on (protocol §1.5).
    msgId: optional(fields, 'MsgId'),
    fields,
  };
}

function readNotice(fields: XmlNode): Push {
  const infoType = required(fields, 'InfoType');
  const notice = { component: required(fields, 'AppId'), createTime: seconds(fields, 'CreateTime'), fields };
  switch (infoType) {
    case 'component_verify_ticket':
      return { type: 'ticket', ...notice, ticket: required(fields, 'ComponentVerifyTicket') };
    case 'authorized':
    case 'updateauthorized':
      return {
        type: infoType,
        ...notice,
        appid: required(fields, 'AuthorizerAppid'),
        code: required(fields, 'AuthorizationCode'),
        codeExpiresAt: codeExpiry(fields, notice.createTime),
        preAuthCode: optional(fields, 'PreAuthCode'),
      };
    case 'unauthorized':
      return { type: 'unauthorized', ...notice, appid: required(fields, 'AuthorizerAppid') };
    // The spelling is WeChat's, and so are the small letters of its fields (protocol §1.4).
    case 'notify_third_fasteregister':
      return {
        type: 'fasteregister',
        ...notice,
        appid: optional(fields, 'appid'),
        status: integer(required(fields, 'status')),
        code: optional(fields, 'auth_code'),
        message: optional(fields, 'msg') ?? '',
      };
    default:
      return { type: 'other', ...notice, infoType };
  }
}

/** Undocumented: a Unix time in practice, so a small number must be a duration (protocol §1.4). */
function codeExpiry(fields: XmlNode, createTime: number): Date {
  const given = optional(fields, 'AuthorizationCodeExpiredTime');
  const value = given === undefined ? DEFAULT_CODE_TTL_SECONDS : integer(given);
  return new Date((value > 1e9 ? value : createTime + value) * 1000);
}

/** Empty means absent: WeChat sends `EventKey` and `PreAuthCode` empty where there is none. */
function optional(fields: XmlNode, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new Unreadable('repeated_field');
  return value;
}

function required(fields: XmlNode, name: string): string {
  const value = optional(fields, name);
  if (value === undefined) throw new Unreadable('bad_field');
  return value;
}

function seconds(fields: XmlNode, name: string): number {
  const value = integer(required(fields, name));
  if (value < 0) throw new Unreadable('bad_field');
  return value;
}

function integer(value: string): number {
  // Twelve digits of seconds still make a valid Date.
  if (!/^-?\d{1,12}$/.test(value)) throw new Unreadable('bad_field');
  return Number(value);
}

/** Only in this file: ends the reading wherever it is. */
class Unreadable extends Error {
  readonly reason: UnreadableReason;

  constructor(reason: UnreadableReason) {
    super(reason);
    this.reason = reason;
  }
}
