import type { Component } from '../component/components.ts';
import type { BothLanguages } from './check-texts.ts';
import { eventUrlOf, messageUrlOf } from './rehearsal-push.ts';

/** What an operator must compare with WeChat's console before a release. */
export interface ConsoleSetting {
  readonly name: 'event_url' | 'message_url' | 'token' | 'encoding_aes_key' | 'ip_list' | 'permission_sets';
  /** What this deployment expects there; null where it does not know. */
  readonly value: string | null;
  readonly isSecret: boolean;
  readonly detail: BothLanguages;
}

export function consoleSettings({ appid, secrets }: Component, publicUrl: string): readonly ConsoleSetting[] {
  const open = (name: ConsoleSetting['name'], value: string | null, zh: string, en: string): ConsoleSetting => ({
    name,
    value,
    isSecret: false,
    detail: { zh, en },
  });
  const secret = (name: ConsoleSetting['name'], value: string, zh: string, en: string): ConsoleSetting => ({
    ...open(name, value, zh, en),
    isSecret: true,
  });
  return [
    open('event_url', eventUrlOf(publicUrl, appid), '授权事件接收 URL', 'the URL that receives authorization events'),
    open(
      'message_url',
      messageUrlOf(publicUrl, appid),
      '消息与事件接收 URL，其中的 $APPID$ 原样填写',
      'the URL that receives messages and events; enter $APPID$ as it is',
    ),
    secret('token', secrets.token, '消息校验 Token', 'the Token by which messages are verified'),
    secret('encoding_aes_key', secrets.encodingAesKey, '消息加解密 Key', 'the key by which messages are encrypted'),
    open(
      'ip_list',
      null,
      '白名单 IP：所有运行网关或 worker 的主机的出口 IP',
      'the IP list: the public addresses of all hosts that run a gateway or worker',
    ),
    open(
      'permission_sets',
      '1, 19',
      '权限集：公众号消息管理（1）与小程序客服消息管理（19）；未勾选时微信不检测相应的用例',
      'permission sets: messages of official accounts (1), customer service of mini programs (19); WeChat skips the cases of a set that is not selected',
    ),
  ];
}
