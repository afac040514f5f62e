import { setTimeout as pause } from 'node:timers/promises';
import type { Account } from './account.ts';
import { Chance } from './chance.ts';
import type { Component } from './component.ts';
import type { PlannedFailure } from './faults.ts';
import { applyPush } from './push/apply-push.ts';
import { deliver } from './push/deliver.ts';
import { eventOfAccount } from './push/event-of-account.ts';
import { messageOfUser } from './push/message-of-user.ts';
import type { Push } from './push/parcel.ts';
import type { DemoUsersSettings } from './settings.ts';
import type { World } from './world.ts';

const DEFAULT_INTERVAL_MS = 1_500;
const ACTIONS_PER_FAILURE = 8;
const MAX_MESSAGES = 10_000;

const TEXTS = ['你好', '请问几点关门？', '还有货吗', '怎么预约', '谢谢！', '可以开发票吗', '地址在哪里', '人工'];
const MENU_KEYS = ['MENU_HOURS', 'MENU_ORDER', 'MENU_ABOUT'];

const SEND = '/cgi-bin/message/custom/send';
const FAILURES: readonly Omit<PlannedFailure, 'appid' | 'count'>[] = [
  // The user wrote too long ago (protocol §4.4).
  { path: SEND, how: 'errcode', errcode: 45015, at: 'before' },
  { path: '/cgi-bin/user/info', how: '502', errcode: -1, at: 'before' },
  { path: SEND, how: 'errcode', errcode: 45047, at: 'before' },
  // Not known whether it was carried out.
  { path: SEND, how: 'reset', errcode: -1, at: 'after' },
  { path: '/cgi-bin/tags/get', how: 'errcode', errcode: -1, at: 'before' },
];

/** Acts until the simulator closes. Its random choices are its own, so that those of WeChat do not depend on it. */
export async function serveDemoUsers(world: World, settings: DemoUsersSettings): Promise<void> {
  const chance = new Chance(world.seed + 1);
  const intervalMs = settings.intervalMs ?? DEFAULT_INTERVAL_MS;
  for (let action = 1; !world.ending.aborted; action += 1) {
    await pause(intervalMs * (0.5 + chance.next()), undefined, { signal: world.ending }).catch(() => undefined);
    if (world.ending.aborted) return;
    const consenting = consentingAmong(world, settings.appids);
    const chosen = consenting[chance.below(consenting.length)];
    if (chosen === undefined) continue;
    const push = actOf(world, chance, chosen);
    applyPush(world, push);
    // Not awaited: a slow receiver does not slow down the users.
    void deliver(world, push);
    if (settings.callFailures && action % ACTIONS_PER_FAILURE === 0) {
      const failure = FAILURES[(action / ACTIONS_PER_FAILURE) % FAILURES.length]!;
      world.faults.fail({ ...failure, appid: chosen.account.appid, count: 1 });
    }
    if (world.messages.length > MAX_MESSAGES) world.messages.splice(0, MAX_MESSAGES / 2);
  }
}

interface Consenting {
  readonly component: Component;
  readonly account: Account;
}

function consentingAmong(world: World, appids: readonly string[]): Consenting[] {
  return [...world.components.values()].flatMap((component) =>
    appids.flatMap((appid) => {
      const account = world.accounts.get(appid);
      return account && world.grants.live(component.appid, appid) ? [{ component, account }] : [];
    }),
  );
}

function actOf(world: World, chance: Chance, { component, account }: Consenting): Push {
  const { followers } = account;
  const openid = followers.openidAt(chance.below(Math.max(1, followers.founding)));
  const event = (fields: { Event: string; EventKey?: string }) =>
    eventOfAccount(world, component, account, openid, fields);
  if (!followers.isFollowing(openid)) {
    return account.kind === 'mini-program'
      ? event({ Event: 'user_enter_tempsession' })
      : event({ Event: 'subscribe', EventKey: '' });
  }
  if (account.kind === 'official-account') {
    if (chance.happens(0.04)) return event({ Event: 'unsubscribe', EventKey: '' });
    if (chance.happens(0.25)) return event({ Event: 'CLICK', EventKey: MENU_KEYS[chance.below(MENU_KEYS.length)]! });
  }
  return messageOfUser(world, component, account, openid, TEXTS[chance.below(TEXTS.length)]!);
}
