import type { Component } from '../component.ts';
import type { World } from '../world.ts';
import type { Push } from './parcel.ts';
import { type Payload, writePayload } from './payload.ts';

/** A push for the event URL; the common fields are filled in. */
export function eventPush(
  world: World,
  component: Component,
  infoType: string,
  fields: Payload,
  createTime = world.clock.unix(),
): Push {
  const payload = { AppId: component.appid, CreateTime: createTime, InfoType: infoType, ...fields };
  return {
    component,
    url: 'events',
    appid: typeof fields.AuthorizerAppid === 'string' ? fields.AuthorizerAppid : null,
    userName: '',
    openid: null,
    xml: writePayload(payload, world.chance),
    what: infoType,
    msgId: null,
    createTime,
  };
}
