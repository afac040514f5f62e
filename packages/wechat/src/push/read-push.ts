import { EnvelopeFailure } from '../envelope/envelope-failure.ts';
import { readXml, type XmlNode } from '../envelope/read-xml.ts';
import type { Push, PushUrl, UnreadableReason } from './push.ts';

type NoticeType = Exclude<Push['type'], 'message' | 'other' | 'unreadable'>;

/** How WeChat spells the `InfoType` of each notice (protocol §1.4). */
const INFO_TYPES: Readonly<Record<NoticeType, string>> = {
  ticket: 'component_verify_ticket',
  authorized: 'authorized',
  updateauthorized: 'updateauthorized',
  unauthorized: 'unauthorized',
  fasteregister: 'notify_third_fasteregister',
};

/** The lifetime that the redirect states (protocol §3.4), for a push without one. */
const DEFAULT_CODE_TTL_SECONDS = 3600;

/** Fields on which the platform acts. */
const ACTED_ON = [
  'AppId',
  'InfoType',
  'ToUserName',
  'FromUserName',
  'CreateTime',
  'MsgType',
  'Event',
  'EventKey',
  'MsgId',
  'ComponentVerifyTicket',
  'AuthorizerAppid',
  'AuthorizationCode',
  'AuthorizationCodeExpiredTime',
  'PreAuthCode',
  'auth_code',
];

/**
 * Reads a decrypted push. It never throws for the content: WeChat does not escape what a user typed (protocol §1.3), so
 * anything may follow a valid signature. For the same reason URL and content must agree: a follower's text can contain
 * the tags of a notice. Unknown fields are kept unchanged.
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
  for (const name of ACTED_ON) optional(fields, name);
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
  const type = noticeTypeOf(infoType);
  switch (type) {
    case undefined:
      return { type: 'other', ...notice, infoType };
    case 'ticket':
      return { type, ...notice, ticket: required(fields, 'ComponentVerifyTicket') };
    case 'authorized':
    case 'updateauthorized':
      return {
        type,
        ...notice,
        appid: required(fields, 'AuthorizerAppid'),
        code: required(fields, 'AuthorizationCode'),
        codeExpiresAt: codeExpiry(fields, notice.createTime),
        preAuthCode: optional(fields, 'PreAuthCode'),
      };
    case 'unauthorized':
      return { type, ...notice, appid: required(fields, 'AuthorizerAppid') };
    // The small letters of its fields are WeChat's (protocol §1.4).
    case 'fasteregister':
      return {
        type,
        ...notice,
        appid: optional(fields, 'appid'),
        status: integer(required(fields, 'status')),
        code: optional(fields, 'auth_code'),
        message: optional(fields, 'msg') ?? '',
      };
    default:
      return type satisfies never;
  }
}

function noticeTypeOf(infoType: string): NoticeType | undefined {
  return (Object.keys(INFO_TYPES) as NoticeType[]).find((type) => INFO_TYPES[type] === infoType);
}

/** Undocumented: a Unix time in practice, so a small number must be a duration (protocol §1.4). */
function codeExpiry(fields: XmlNode, createTime: number): Date {
  const given = optional(fields, 'AuthorizationCodeExpiredTime');
  const value = given === undefined ? DEFAULT_CODE_TTL_SECONDS : integer(given);
  return new Date((value > 1e9 ? value : createTime + value) * 1000);
}

/** Empty means absent: WeChat sends `EventKey` and `PreAuthCode` empty if there is none. */
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

/** Ends the reading at any depth; thrown and caught only in this file. */
class Unreadable extends Error {
  readonly reason: UnreadableReason;

  constructor(reason: UnreadableReason) {
    super(reason);
    this.reason = reason;
  }
}
