import { EnvelopeFailure } from '../envelope/envelope-failure.ts';
import { readXml, type XmlNode } from '../envelope/read-xml.ts';
import type { Push } from './push.ts';

/** What the redirect promises (dossier §3.4), for a push that forgot to say. */
const usualCodeLifeSeconds = 3600;

/**
 * Reads a decrypted push. Which of the two kinds it is shows in its own fields, never in the URL that it came to
 * (dossier §10, rule 55). Unknown fields are let through; a missing or senseless one that we need is
 * EnvelopeFailure −40002.
 */
export function readPush(xml: string): Push {
  const fields = readXml(xml);
  const infoType = optional(fields, 'InfoType');
  return infoType === undefined ? readMessage(fields) : readNotice(infoType, fields);
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
    // Not `MsgID`: with a capital D it is the message that an event reports on (dossier §1.5).
    msgId: optional(fields, 'MsgId'),
    fields,
  };
}

function readNotice(infoType: string, fields: XmlNode): Push {
  const component = required(fields, 'AppId');
  const createTime = seconds(fields, 'CreateTime');
  switch (infoType) {
    case 'component_verify_ticket':
      return { type: 'ticket', component, createTime, ticket: required(fields, 'ComponentVerifyTicket') };
    case 'authorized':
    case 'updateauthorized':
      return {
        type: infoType,
        component,
        createTime,
        appid: required(fields, 'AuthorizerAppid'),
        code: required(fields, 'AuthorizationCode'),
        codeExpiresAt: codeExpiry(fields, createTime),
        preAuthCode: optional(fields, 'PreAuthCode'),
      };
    case 'unauthorized':
      return { type: 'unauthorized', component, createTime, appid: required(fields, 'AuthorizerAppid') };
    // The spelling is WeChat's, and so are the small letters of its fields (dossier §1.4).
    case 'notify_third_fasteregister':
      return {
        type: 'fasteregister',
        component,
        createTime,
        appid: optional(fields, 'appid'),
        status: integer(required(fields, 'status')),
        code: optional(fields, 'auth_code'),
        message: optional(fields, 'msg') ?? '',
      };
    default:
      return { type: 'other', component, createTime, infoType, fields };
  }
}

/** Undocumented: a Unix time in practice, so a small number must be a duration (dossier §1.4). */
function codeExpiry(fields: XmlNode, createTime: number): Date {
  const given = optional(fields, 'AuthorizationCodeExpiredTime');
  const value = given === undefined ? usualCodeLifeSeconds : integer(given);
  return new Date((value > 1e9 ? value : createTime + value) * 1000);
}

/** Empty means absent: WeChat sends `EventKey` and `PreAuthCode` empty where there is none. */
function optional(fields: XmlNode, name: string): string | undefined {
  const value = fields[name];
  if (value === undefined || value === '') return undefined;
  if (typeof value !== 'string') throw new EnvelopeFailure(-40002, `${name} is not text`);
  return value;
}

function required(fields: XmlNode, name: string): string {
  const value = optional(fields, name);
  if (value === undefined) throw new EnvelopeFailure(-40002, `${name} is missing`);
  return value;
}

function seconds(fields: XmlNode, name: string): number {
  const value = integer(required(fields, name));
  if (value < 0) throw new EnvelopeFailure(-40002, `${name} is not a time`);
  return value;
}

function integer(value: string): number {
  // Twelve digits of seconds still make a valid Date.
  if (!/^-?\d{1,12}$/.test(value)) throw new EnvelopeFailure(-40002, 'a number is not one');
  return Number(value);
}
