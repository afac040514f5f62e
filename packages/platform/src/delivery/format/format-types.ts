import { isFromWeChat } from '../../journal/push-data.ts';
import type { SubscriptionFormat } from '../../subscription/subscription.ts';

/** Whether a push of this type can be sent in the format at all, whatever the filter. */
export function canCarry(format: SubscriptionFormat, type: string): boolean {
  switch (format) {
    case 'json':
      return true;
    case 'wechat':
      return isFromWeChat(type);
    case 'wechat-component':
      return isFromWeChat(type) || type.startsWith('authorizer.');
    default:
      return format satisfies never;
  }
}
