import type { WechatValue } from '../wechat-json.ts';
import type { AuthorizerCall } from './api.ts';

/** Keeps what an account sent, for a test that looks whether it arrived, and how often. */
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
