import { openReplyWindow } from '../account.ts';
import type { World } from '../world.ts';
import type { Push } from './parcel.ts';

// Actions of a user after which the account may write for a minute (protocol §4.4).
const REPLY_EVENTS = /^event:(subscribe|SCAN|CLICK|scancode_\w+|user_enter_tempsession)$/;

/** Applies the content of a push to the state of WeChat: users subscribe, unsubscribe and open reply windows. */
export function applyPush(world: World, push: Push): void {
  const account = world.accounts.get(push.appid ?? '');
  if (account === undefined || push.openid === null || push.url === 'events') return;
  if (push.what === 'event:subscribe') account.followers.subscribe(push.openid);
  if (push.what === 'event:unsubscribe') account.followers.unsubscribe(push.openid);
  const message = !push.what.startsWith('event:');
  if (message || REPLY_EVENTS.test(push.what)) openReplyWindow(account, push.openid, message, world.clock);
}
