import type { Account } from '../account.ts';
import { deliver } from '../push/deliver.ts';
import { eventOfAccount } from '../push/event-of-account.ts';
import type { World } from '../world.ts';
import type { ControlRoute } from './control-route.ts';
import {
  BadInput,
  type Body,
  oneOf,
  optionalFlag,
  optionalNumber,
  optionalText,
  rejectUnknown,
  text,
} from './input.ts';
import { accountOf, componentOf } from './owners.ts';

/** The routes with which a user of a mini program does something. */
export const USER_ROUTES: Record<string, ControlRoute> = {
  // A user logs in to a mini program, or silently to a web page.
  'POST /_control/login': (world, body) => {
    rejectUnknown(body, 'appid', 'openid', 'kind', 'scope');
    const account = accountOf(world, body);
    const mini = account.kind === 'mini-program';
    const kind = oneOf(body, 'kind', ['js', 'web'], mini ? 'js' : 'web');
    const openid = mini ? userOf(account, body) : (optionalText(body, 'openid') ?? account.followers.openidAt(0));
    const scope = oneOf(body, 'scope', ['snsapi_base', 'snsapi_userinfo'], 'snsapi_base');
    return { code: world.logins.newCode(kind, account.appid, openid, scope), openid };
  },

  // A user lets a mini program have the phone number.
  'POST /_control/phone-code': (world, body) => {
    rejectUnknown(body, 'appid', 'openid', 'phoneNumber', 'countryCode');
    const account = miniProgramOf(world, body);
    const openid = userOf(account, body);
    const number = optionalText(body, 'phoneNumber') ?? phoneNumberOf(account, openid);
    const countryCode = optionalText(body, 'countryCode') ?? '86';
    if (!/^\d{4,15}$/.test(number)) throw new BadInput('phoneNumber must be 4 to 15 digits, without the country code');
    if (!/^[1-9]\d{0,2}$/.test(countryCode)) throw new BadInput('countryCode must be 1 to 3 digits, without +');
    const code = world.phoneCodes.issue({ appid: account.appid, openid, number, countryCode });
    return { code, openid, phoneNumber: number, countryCode };
  },

  // A user accepts or rejects messages of a template.
  'POST /_control/subscribe': async (world, body) => {
    rejectUnknown(body, 'component', 'appid', 'openid', 'templateId', 'accept', 'times', 'push');
    const account = miniProgramOf(world, body);
    const component = componentOf(world, body);
    const openid = userOf(account, body);
    const templateId = text(body, 'templateId');
    const accept = optionalFlag(body, 'accept') ?? true;
    const key = `${openid} ${templateId}`;
    const before = account.acceptedMessages.get(key) ?? 0;
    const accepted = accept ? before + (optionalNumber(body, 'times', 1) ?? 1) : 0;
    account.acceptedMessages.set(key, accepted);
    const wanted =
      optionalFlag(body, 'push') !== false && world.grants.live(component.appid, account.appid) !== undefined;
    const status = accept ? 'accept' : 'reject';
    const event = eventOfAccount(world, component, account, openid, {
      Event: 'subscribe_msg_popup_event',
      SubscribeMsgPopupEvent: { List: { TemplateId: templateId, SubscribeStatusString: status, PopupScene: 0 } },
    });
    if (wanted) await deliver(world, event);
    return { openid, templateId, accepted };
  },
};

function miniProgramOf(world: World, body: Body): Account {
  const account = accountOf(world, body);
  if (account.kind !== 'mini-program') throw new BadInput(`account ${account.appid} is no mini program`);
  return account;
}

/** The acting user, the first one by default, who is known to the mini program from now on. */
function userOf(account: Account, body: Body): string {
  const openid = optionalText(body, 'openid') ?? account.followers.openidAt(0);
  account.followers.subscribe(openid);
  return openid;
}

/** The same for the same user; no such number is assigned. */
function phoneNumberOf(account: Account, openid: string): string {
  return `1000000${String(account.followers.placeOf(openid) ?? 0)
    .padStart(4, '0')
    .slice(-4)}`;
}
