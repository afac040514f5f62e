export const channelKinds = ['wecom', 'dingtalk', 'feishu', 'generic'] as const;

/** 企业微信, 钉钉, 飞书 or Lark, and a webhook of the operator's own. */
export type ChannelKind = (typeof channelKinds)[number];

/** Where alarms are sent. */
export interface AlarmChannel {
  /** Kind and number, in the order of ALARM_WEBHOOKS: `wecom-1`. */
  readonly id: string;
  readonly kind: ChannelKind;
  /** The only part of the URL that may be shown: the rest is a secret. */
  readonly host: string;
  /** Without fragment. */
  readonly url: string;
  /** Signs messages; undefined: the robot has none. A generic channel always has one. */
  readonly secret: string | undefined;
  /** The kind was given with the URL: it leads to a relay, which may have a private address. */
  readonly isForced: boolean;
}
