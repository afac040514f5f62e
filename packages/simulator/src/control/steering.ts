import { type AccountSettings, openAccount } from '../account.ts';
import { endTickets } from '../component.ts';
import { FAILURES } from '../faults.ts';
import { checkAccount, checkEncodingAesKey, checkToken, SettingsError } from '../settings.ts';
import type { ControlRoute } from './control-route.ts';
import {
  BadInput,
  type Body,
  oneOf,
  optionalFlag,
  optionalNumber,
  optionalText,
  optionalTexts,
  rejectUnknown,
  text,
} from './input.ts';
import { changeOptions } from './options-input.ts';
import { accountOf, componentOf } from './owners.ts';

/** The routes with which a test changes the behaviour of WeChat. */
export const STEERING_ROUTES: Record<string, ControlRoute> = {
  'POST /_control/counters/reset': (world) => {
    world.traffic.reset();
    world.tokens.resetCounts();
    return {};
  },

  'POST /_control/rotate-key': (world, body) => {
    rejectUnknown(body, 'component', 'token', 'encodingAesKey');
    const component = componentOf(world, body);
    const token = optionalText(body, 'token') ?? component.token;
    const encodingAesKey = optionalText(body, 'encodingAesKey') ?? component.encodingAesKey;
    checked(() => {
      checkToken(token, 'token');
      checkEncodingAesKey(encodingAesKey, 'encodingAesKey');
    });
    Object.assign(component, { token, encodingAesKey });
    return {};
  },

  'POST /_control/reset-secret': (world, body) => {
    rejectUnknown(body, 'component', 'appsecret');
    // The old one is refused at once (protocol §3.2).
    componentOf(world, body).appsecret = text(body, 'appsecret');
    return {};
  },

  'POST /_control/ticket-service': (world, body) => {
    rejectUnknown(body, 'component', 'on');
    const component = componentOf(world, body);
    component.ticketService = optionalFlag(body, 'on') ?? true;
    component.failedTicketPushes = 0;
    return { on: component.ticketService };
  },

  'POST /_control/expire': (world, body) => {
    rejectUnknown(body, 'component', 'appid', 'token', 'as');
    const component = componentOf(world, body);
    const what = oneOf(body, 'token', ['component', 'authorizer', 'ticket']);
    if (what === 'ticket') return { ended: endTickets(component, world.clock.now()) };
    const as = optionalNumber(body, 'as') ?? 42001;
    if (![42001, 40001, 40014].includes(as)) throw new BadInput('as must be 42001, 40001 or 40014');
    const appid = what === 'component' ? null : accountOf(world, body).appid;
    return { ended: world.tokens.end(component.appid, appid, as) };
  },

  'POST /_control/delay': (world, body) => {
    rejectUnknown(body, 'path', 'ms', 'count', 'at', 'appid');
    const ms = optionalNumber(body, 'ms');
    if (ms === undefined) throw new BadInput('ms must be a whole number');
    world.faults.delay({ ...targetOf(body, Number.POSITIVE_INFINITY, 'before'), ms });
    return {};
  },

  'POST /_control/fail': (world, body) => {
    rejectUnknown(body, 'path', 'how', 'errcode', 'count', 'at', 'appid');
    const how = oneOf(body, 'how', FAILURES);
    const errcode = optionalNumber(body, 'errcode', -1) ?? -1;
    // Only an answer that exists can be cut.
    const at = how === 'truncated' ? 'after' : 'before';
    world.faults.fail({ ...targetOf(body, 1, at), how, errcode });
    return {};
  },

  'POST /_control/release': (world) => {
    world.faults.release();
    return {};
  },

  'DELETE /_control/faults': (world) => {
    world.faults.clear();
    return {};
  },

  'POST /_control/quota': (world, body) => {
    rejectUnknown(body, 'appid', 'path', 'daily', 'minute', 'componentMinute', 'seconds', 'used');
    const appid = text(body, 'appid');
    if (!world.accounts.has(appid) && !world.components.has(appid)) throw new BadInput(`appid ${appid} is unknown`);
    const path = text(body, 'path');
    const change: Record<string, number> = {};
    for (const name of ['daily', 'minute', 'componentMinute', 'seconds', 'used']) {
      const value = optionalNumber(body, name);
      if (value !== undefined) change[name] = value;
    }
    world.quota.change(appid, path, change);
    return world.quota.read(appid, path);
  },

  'POST /_control/quota/reset': (world) => {
    world.quota.reset();
    return {};
  },

  'POST /_control/options': (world, body) => changeOptions(world.options, body),

  'POST /_control/accounts': (world, body) => {
    rejectUnknown(body, 'appid', 'kind', 'nickName', 'userName', 'followers');
    checked(() => checkAccount(body, 'the account'));
    const settings = body as unknown as AccountSettings;
    if (world.accounts.has(settings.appid)) throw new BadInput(`account ${settings.appid} exists`);
    const account = openAccount(settings, world.seed);
    world.accounts.set(account.appid, account);
    return { appid: account.appid, userName: account.userName };
  },

  'POST /_control/rename': (world, body) => {
    rejectUnknown(body, 'appid', 'nickName');
    accountOf(world, body).nickName = text(body, 'nickName');
    return {};
  },

  'POST /_control/followers': (world, body) => {
    rejectUnknown(body, 'appid', 'subscribe', 'unsubscribe', 'foreign');
    const { followers } = accountOf(world, body);
    for (const openid of optionalTexts(body, 'subscribe')) followers.subscribe(openid);
    for (const openid of optionalTexts(body, 'unsubscribe')) followers.unsubscribe(openid);
    for (const openid of optionalTexts(body, 'foreign')) followers.disown(openid);
    return { total: followers.total };
  },
};

function targetOf(body: Body, count: number, at: 'before' | 'after') {
  const appid = optionalText(body, 'appid');
  return {
    path: text(body, 'path'),
    count: optionalNumber(body, 'count', 1) ?? count,
    at: oneOf(body, 'at', ['before', 'after'], at),
    ...(appid === undefined ? {} : { appid }),
  };
}

function checked(check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof SettingsError) throw new BadInput(error.message);
    throw error;
  }
}
