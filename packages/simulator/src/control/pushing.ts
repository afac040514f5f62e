import type { Component } from '../component.ts';
import { consentPush, giveConsent, revokeConsent } from '../consent/consent.ts';
import { applyPush } from '../push/apply-push.ts';
import { deliver, deliverOnce } from '../push/deliver.ts';
import { PUSH_FAULTS, type Push } from '../push/parcel.ts';
import { type Payload, writePayload } from '../push/payload.ts';
import { pushTicket } from '../push/ticket.ts';
import type { DeliveryRecord } from '../push-log.ts';
import type { World } from '../world.ts';
import type { ControlRoute } from './control-route.ts';
import {
  BadInput,
  type Body,
  oneOf,
  optionalFlag,
  optionalNumber,
  optionalNumbers,
  optionalObject,
  optionalText,
  rejectUnknown,
  text,
} from './input.ts';
import { accountOf, componentOf } from './owners.ts';

/** The routes with which a test makes WeChat push. */
export const PUSHING_ROUTES: Record<string, ControlRoute> = {
  'POST /_control/tick': async (world, body) => {
    rejectUnknown(body, 'component', 'createTime', 'ticket', 'deliver');
    const createTime = optionalNumber(body, 'createTime') ?? world.clock.unix();
    const which = oneOf(body, 'ticket', ['same', 'new', 'hourly'], 'hourly');
    const copies = optionalNumber(body, 'deliver') ?? 1;
    const records = await pushTicket(world, componentOf(world, body), { which, createTime, copies });
    return { createTime, deliveries: records.map(shown) };
  },

  'POST /_control/authorize': async (world, body) => {
    rejectUnknown(body, 'component', 'appid', 'funcIds', 'preAuthCode', 'push');
    const component = componentOf(world, body);
    const account = accountOf(world, body);
    const pushOption = body.push ?? true;
    if (pushOption !== true && pushOption !== false && pushOption !== 'force')
      throw new BadInput('push must be true, false or force');
    const preAuthCode = optionalText(body, 'preAuthCode') ?? '';
    if (preAuthCode !== '') {
      const judged = world.grants.judgePreAuthCode(component.appid, preAuthCode);
      if (judged !== 'valid') throw new BadInput(`preAuthCode is ${judged}`);
    }
    const consent = giveConsent(world, component, account, optionalNumbers(body, 'funcIds') ?? null, preAuthCode);
    const pushed = pushOption === 'force' || (pushOption && consent.change !== 'unchanged');
    const records = pushed ? await deliver(world, consentPush(world, component, consent)) : [];
    return {
      code: consent.redirectCode,
      expiresAt: new Date(consent.codeExpiresAt).toISOString(),
      pushed,
      change: consent.change,
      deliveries: records.map(shown),
    };
  },

  'POST /_control/unauthorize': async (world, body) => {
    rejectUnknown(body, 'component', 'appid', 'push');
    const push = revokeConsent(world, componentOf(world, body), accountOf(world, body).appid);
    if (push === null) throw new BadInput('this account has not authorized this component');
    const records = optionalFlag(body, 'push') === false ? [] : await deliver(world, push);
    return { deliveries: records.map(shown) };
  },

  'POST /_control/push': async (world, body) => {
    rejectUnknown(body, 'component', 'appid', 'url', 'fields', 'xml', 'copies', 'fault', 'concurrent');
    const push = pushOf(world, componentOf(world, body), body);
    const fault = body.fault === undefined ? null : oneOf(body, 'fault', PUSH_FAULTS);
    const real = fault === null || fault === 'answer-lost';
    if (real) applyPush(world, push);
    const copies = optionalNumber(body, 'copies', 1) ?? 1;
    // A push that WeChat would never send is not repeated if it is refused.
    const send = async (copy: number) =>
      real ? await deliver(world, { ...push, copy }, fault) : [await deliverOnce(world, push, 1, fault)];
    const records: DeliveryRecord[] = [];
    if (optionalFlag(body, 'concurrent')) {
      const sent = await Promise.all(Array.from({ length: copies }, (_, copy) => send(copy)));
      records.push(...sent.flat());
    } else {
      for (let copy = 0; copy < copies; copy += 1) records.push(...(await send(copy)));
    }
    return { deliveries: records.map(shown), msgId: push.msgId, createTime: push.createTime };
  },
};

function shown(record: DeliveryRecord): object {
  const { status, body, reply, ms, complaint, attempt } = record;
  return { status, body, reply, ms, attempt, complaint };
}

function pushOf(world: World, component: Component, body: Body): Push {
  const url = oneOf(body, 'url', ['events', 'messages']);
  const appid = url === 'messages' ? text(body, 'appid') : (optionalText(body, 'appid') ?? null);
  const account = appid === null ? undefined : world.accounts.get(appid);
  const userName = account?.userName ?? 'gh_000000000000';
  const about = { component, url, appid, userName };
  const xml = optionalText(body, 'xml');
  if (xml !== undefined) {
    return {
      ...about,
      xml,
      openid: elementOf(xml, 'FromUserName'),
      what: kindOf(elementOf(xml, 'InfoType'), elementOf(xml, 'MsgType'), elementOf(xml, 'Event')),
      msgId: elementOf(xml, 'MsgId'),
      createTime: Number(elementOf(xml, 'CreateTime') ?? 0),
    };
  }
  const fields = (optionalObject(body, 'fields') ?? {}) as Payload;
  const createTime = Number(fields.CreateTime ?? world.clock.unix());
  if (url === 'events') {
    const payload: Payload = { AppId: component.appid, CreateTime: createTime, ...fields };
    const written = writePayload(payload, world.chance);
    return { ...about, xml: written, openid: null, what: String(fields.InfoType ?? ''), msgId: null, createTime };
  }
  const openid = String(fields.FromUserName ?? account?.followers.from(0, 1)[0] ?? 'oAAAAAAAAAAAAAAAAAAAAAAAAAAA');
  const msgType = String(fields.MsgType ?? (fields.Event === undefined ? 'text' : 'event'));
  const payload: Payload = {
    ToUserName: userName,
    FromUserName: openid,
    CreateTime: createTime,
    MsgType: msgType,
    ...fields,
  };
  // Events carry no MsgId (protocol §1.5).
  if (msgType !== 'event') payload.MsgId ??= world.credentials.messageId();
  const what = kindOf(null, msgType, fields.Event === undefined ? null : String(fields.Event));
  const msgId = payload.MsgId === undefined ? null : String(payload.MsgId);
  return { ...about, xml: writePayload(payload, world.chance), openid, what, msgId, createTime };
}

function kindOf(infoType: string | null, msgType: string | null, event: string | null): string {
  return infoType ?? (event === null ? (msgType ?? '') : `event:${event}`);
}

function elementOf(xml: string, name: string): string | null {
  return new RegExp(`<${name}>(?:<!\\[CDATA\\[)?([^<\\]]*)`).exec(xml)?.[1] ?? null;
}
