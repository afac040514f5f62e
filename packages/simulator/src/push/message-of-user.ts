import type { Account } from '../account.ts';
import type { Component } from '../component.ts';
import type { World } from '../world.ts';
import type { Push } from './parcel.ts';
import { writePayload } from './payload.ts';

/** A text that a user writes to an account. */
export function messageOfUser(
  world: World,
  component: Component,
  account: Account,
  openid: string,
  content: string,
): Push {
  const createTime = world.clock.unix();
  const msgId = world.credentials.messageId();
  const payload = {
    ToUserName: account.userName,
    FromUserName: openid,
    CreateTime: createTime,
    MsgType: 'text',
    Content: content,
    MsgId: msgId,
  };
  return {
    component,
    url: 'messages',
    appid: account.appid,
    userName: account.userName,
    openid,
    xml: writePayload(payload, world.chance),
    what: 'text',
    msgId: String(msgId),
    createTime,
  };
}
