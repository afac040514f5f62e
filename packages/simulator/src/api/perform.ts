import type { Component } from '../component.ts';
import { hintFor, notSimulated } from '../not-simulated.ts';
import { Refusal } from '../refusal.ts';
import type { IssuedToken } from '../token.ts';
import type { World } from '../world.ts';
import { type ApiRequest, type ApiTable, bodyOf, type Reply, textOf } from './api.ts';
import { COMPONENT_APIS } from './component-apis.ts';
import { CONTENT_CHECK_APIS } from './content-check-apis.ts';
import { FOLLOWER_APIS } from './follower-apis.ts';
import { MASS_APIS } from './mass-apis.ts';
import { MATERIAL_APIS } from './material-apis.ts';
import { MEDIA_APIS } from './media-apis.ts';
import { MENU_APIS } from './menu-apis.ts';
import { MESSAGE_APIS } from './message-apis.ts';
import { NETWORK_APIS } from './network-apis.ts';
import { PHONE_NUMBER_APIS } from './phone-number-apis.ts';
import { QRCODE_APIS } from './qrcode-apis.ts';
import { quotaApis } from './quota-apis.ts';
import { SNS_APIS } from './sns-apis.ts';
import { SUBSCRIPTION_MESSAGE_APIS } from './subscription-message-apis.ts';
import { BLACKLIST_APIS, TAG_APIS } from './tag-apis.ts';
import { TEMPLATE_APIS } from './template-apis.ts';
import { WXACODE_APIS } from './wxacode-apis.ts';

const APIS: ApiTable = {
  ...BLACKLIST_APIS,
  ...COMPONENT_APIS,
  ...CONTENT_CHECK_APIS,
  ...FOLLOWER_APIS,
  ...MASS_APIS,
  ...MATERIAL_APIS,
  ...MEDIA_APIS,
  ...MENU_APIS,
  ...MESSAGE_APIS,
  ...NETWORK_APIS,
  ...PHONE_NUMBER_APIS,
  ...QRCODE_APIS,
  ...quotaApis((path) => (Object.hasOwn(APIS, path) ? APIS[path]?.needs : undefined)),
  ...SNS_APIS,
  ...SUBSCRIPTION_MESSAGE_APIS,
  ...TAG_APIS,
  ...TEMPLATE_APIS,
  ...WXACODE_APIS,
};

/** What this simulator has, for the control API. */
export function simulatedApis(): object[] {
  return Object.entries(APIS).map(([path, api]) => ({
    method: api.method,
    path,
    needs: api.needs,
    ...(api.needs === 'authorizer' ? { kind: api.kind ?? null, sets: api.sets ?? null } : {}),
  }));
}

export function isSimulated(path: string): boolean {
  return Object.hasOwn(APIS, path);
}

/** Executes a request with its side effects, synchronously. Throws `Refusal`. */
export function perform(world: World, request: ApiRequest): Reply {
  refuseForeignIp(world, request);
  const api = Object.hasOwn(APIS, request.path) ? APIS[request.path] : undefined;
  if (api === undefined) return answerUnknown(world, request);
  if (api.method !== 'any' && api.method !== request.method) {
    // WeChat's own answer to GET instead of POST and vice versa (protocol §9); of other methods nothing is known.
    if (request.method !== 'GET' && request.method !== 'POST') {
      throw notSimulated(`${request.method} ${request.path}, only ${api.method}`);
    }
    throw new Refusal(api.method === 'GET' ? 43001 : 43002);
  }

  if (api.needs === 'secret') {
    const component = componentNamed(world, textOf(bodyOf(request), 'component_appid'));
    charge(world, component.appid, request.path);
    return api.answer({ world, request, component });
  }

  if (api.needs === 'user') {
    const value = request.query.get('access_token') ?? '';
    if (value === '') throw new Refusal(41001);
    const user = world.logins.judge(value);
    if (typeof user === 'number') throw new Refusal(user);
    return api.answer({ world, request, user });
  }

  const token = tokenOf(world, request, api.needs);
  const component = world.components.get(token.component)!;
  if (api.needs !== 'authorizer') {
    charge(world, token.appid ?? component.appid, request.path);
    return api.answer({ world, request, component, appid: token.appid });
  }
  const account = world.accounts.get(token.appid!)!;
  const grant = world.grants.live(component.appid, account.appid);
  if (grant === undefined) throw new Refusal(40001);
  charge(world, account.appid, request.path);
  if (api.kind !== undefined && api.kind !== account.kind) throw new Refusal(48001);
  if (api.sets !== undefined && !api.sets.some((id) => grant.funcIds.includes(id))) throw new Refusal(61007);
  return api.answer({ world, request, component, account, grant });
}

/**
 * An API of WeChat's that this simulator lacks. It may need any token or none, so a missing one is no error, but a bad one is
 * refused as WeChat refuses it.
 */
function answerUnknown(world: World, request: ApiRequest): Reply {
  const value = request.query.get('access_token') || request.query.get('component_access_token') || '';
  const token = world.tokens.find(value);
  const user = token === undefined ? world.logins.judge(value) : undefined;
  const errcode = token !== undefined ? world.tokens.judge(token) : typeof user === 'number' ? user : 0;
  if (value !== '' && errcode !== 0) throw new Refusal(errcode);
  const canned = world.answers.find(request.path, token?.appid ?? token?.component ?? null);
  if (canned !== undefined) return canned;
  throw notSimulated(`${request.method} ${request.path}`, hintFor(request.path, Object.keys(APIS)));
}

/** The token string of a request, under any of its names (protocol §10 rule 19). */
export function tokenIn(query: URLSearchParams, path: string): string {
  if (takesOlderNameOnly(path)) return query.get('component_access_token') ?? '';
  // Only component APIs read the older name.
  const older = path.startsWith('/cgi-bin/component/') ? query.get('component_access_token') : null;
  return query.get('access_token') || older || '';
}

function takesOlderNameOnly(path: string): boolean {
  return /^\/sns\/(\w+\/)?component\//.test(path);
}

function tokenOf(world: World, request: ApiRequest, needs: 'component' | 'authorizer' | 'either'): IssuedToken {
  const value = tokenIn(request.query, request.path);
  if (value === '') throw new Refusal(takesOlderNameOnly(request.path) ? 41021 : 41001);
  const token = world.tokens.find(value);
  if (token === undefined) throw new Refusal(40001);
  if (needs === 'component' && token.kind !== 'component') throw new Refusal(61014);
  if (needs === 'authorizer' && token.kind !== 'authorizer') throw new Refusal(61015);
  const errcode = world.tokens.judge(token);
  if (errcode !== 0) throw new Refusal(errcode);
  return token;
}

// Checked before any token (protocol §10 rule 28).
function refuseForeignIp(world: World, request: ApiRequest): void {
  const { ipList } = world.options;
  if (ipList === null || ipList.includes(request.callerIp)) return;
  const masked = request.callerIp.split('.').slice(0, 2).join('.');
  throw new Refusal(61004, `requestIP: ${masked}.*.*`);
}

function componentNamed(world: World, appid: string): Component {
  if (appid === '') throw new Refusal(41018);
  const component = world.components.get(appid);
  if (component === undefined) throw new Refusal(/^wx[0-9a-zA-Z]+$/.test(appid) ? 61011 : 40013);
  return component;
}

function charge(world: World, account: string, path: string): void {
  const errcode = world.quota.take(account, path);
  if (errcode !== 0) throw new Refusal(errcode);
}
