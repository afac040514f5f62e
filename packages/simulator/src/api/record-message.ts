import type { WechatValue } from '../wechat-json.ts';
import type { AuthorizerCall } from './api.ts';

/** Records what an account sent, so that tests can count it. */
export function recordMessage(
  call: AuthorizerCall,
  touser: string,
  msgtype: string,
  content: WechatValue | object,
): void {
  call.world.messages.push({
    component: call.component.appid,
    appid: call.account.appid,
    touser,
    msgtype,
    content: content as WechatValue,
    at: new Date().toISOString(),
  });
}
