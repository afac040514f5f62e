import type { Account } from '../account.ts';
import type { Component } from '../component.ts';
import type { World } from '../world.ts';
import type { Push } from './parcel.ts';
import { type Payload, writePayload } from './payload.ts';

/** An event for the message URL. Events carry no MsgId (protocol §1.5). */
export function eventOfAccount(
  world: World,
  component: Component,
  account: Account,
  openid: string,
  fields: Payload & { Event: string },
  createTime = world.clock.unix(),
): Push {
  const payload: Payload = {
    ToUserName: account.userName,
    FromUserName: openid,
    CreateTime: createTime,
    MsgType: 'event',
    ...fields,
  };
  return {
    component,
    url: 'messages',
    appid: account.appid,
    userName: account.userName,
    openid,
    xml: writePayload(payload, world.chance),
    what: `event:${fields.Event}`,
    msgId: null,
    createTime,
  };
}
