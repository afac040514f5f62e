import type { IncomingMessage } from 'node:http';
import { endpointOf } from '@wxthirdparty/wechat';
import type { ApiKeys } from '../api-keys.ts';
import { mints, namesToken, pathFault } from '../call/wechat-path.ts';
import { type Refusal, refusals } from './refusal.ts';
import type { VirtualGrant, VirtualTokens } from './virtual-token.ts';

type Parameters = readonly (readonly [name: string, value: string])[];

/** What a caller wants of WeChat, after we know that it may. */
export interface WantedCall {
  readonly appid: string;
  /** Undefined where only the account was named. */
  readonly component: string | undefined;
  readonly path: string;
  /** Without anything that was meant for us. */
  readonly query: Parameters;
}

export interface WantedCallServices {
  readonly apiKeys: ApiKeys;
  readonly tokens: VirtualTokens;
  /** Appids of the components that this deployment runs. */
  readonly components: readonly string[];
}

/** What SDKs with an account's own secret ask, and what a component has instead (dossier §4.11, §5.8). */
const loginOfComponents: Readonly<Record<string, string>> = {
  '/sns/jscode2session': '/sns/component/jscode2session',
  '/sns/oauth2/access_token': '/sns/oauth2/component/access_token',
  '/sns/oauth2/refresh_token': '/sns/oauth2/component/refresh_token',
};

/** Reads whom a request speaks for, and what it asks. The key comes first: who has none learns nothing else. */
export function wantedCall(
  services: WantedCallServices,
  request: IncomingMessage,
  path: string,
  parameters: Parameters,
): WantedCall | Refusal {
  const wanted = permitted(services, request, path, parameters);
  if ('errcode' in wanted) return wanted;
  const fault = pathFault(path);
  if (fault !== undefined) return { ...refusals.badPath, errmsg: `invalid url: ${fault}` };
  return mints(wanted.path) ? refusals.mints : wanted;
}

function permitted(
  services: WantedCallServices,
  { method = 'GET', headers }: IncomingMessage,
  path: string,
  parameters: Parameters,
): WantedCall | Refusal {
  const login = Object.hasOwn(loginOfComponents, path) ? loginOfComponents[path]! : path;
  const { token } = endpointOf(method, login);
  if (token === 'component' && login.startsWith('/sns/')) {
    return loginCall(services, headers.authorization, login, parameters);
  }
  if (token === 'user') return userCall(services, headers.authorization, path, parameters);
  const grant = grantOf(services, tokenIn(parameters));
  if ('errcode' in grant) return grant;
  const { appid, component } = grant;
  return { appid, component, path, query: parameters.filter(([name]) => !namesToken(name)) };
}

/** A person logs in to an account: the platform puts in its own appid and token. */
function loginCall(
  services: WantedCallServices,
  authorization: string | undefined,
  path: string,
  parameters: Parameters,
): WantedCall | Refusal {
  const value = (name: string) => parameters.find(([one]) => one === name)?.[1] ?? '';
  const [named = '', component] = value('appid').split(':').reverse();
  const query = parameters.filter(
    ([name]) => !namesToken(name) && !['secret', 'appid', 'component_appid'].includes(name),
  );
  const bearer = bearerIn(authorization);
  const token = tokenIn(parameters) ?? (bearer?.startsWith('wxt_') ? bearer : undefined);
  if (token !== undefined) {
    const grant = grantOf(services, token);
    if ('errcode' in grant) return grant;
    const ofAccount = grant.appid !== grant.component;
    if (!ofAccount && named === '') return refusals.missingAppid;
    // A token of one account logs nobody in to another.
    if (ofAccount && named !== '' && named !== grant.appid) return refusals.otherAppid;
    return { appid: named || grant.appid, component: grant.component, path, query };
  }
  const key = value('secret') || bearer;
  if (!key) return refusals.missingSecret;
  if (services.apiKeys.recognize(key) === undefined) return refusals.badKey;
  if (named === '') return refusals.missingAppid;
  return { appid: named, component: component ?? (value('component_appid') || undefined), path, query };
}

/**
 * A person's own token takes the place where ours would stand, so ours, or a key, comes as `Authorization: Bearer`.
 * Without it anybody could use us as a relay to WeChat.
 */
function userCall(
  services: WantedCallServices,
  authorization: string | undefined,
  path: string,
  parameters: Parameters,
): WantedCall | Refusal {
  const presented = bearerIn(authorization);
  if (presented === undefined) return refusals.userTokenAlone;
  if (tokenIn(parameters)?.startsWith('wxt_')) return refusals.notAUsersToken;
  if (presented.startsWith('wxt_')) {
    const grant = grantOf(services, presented);
    return 'errcode' in grant ? grant : { appid: grant.appid, component: grant.component, path, query: parameters };
  }
  if (services.apiKeys.recognize(presented) === undefined) return refusals.badKey;
  const [appid, component] = (parameters.find(([name]) => name === 'appid')?.[1] ?? '').split(':').reverse();
  const query = parameters.filter(([name]) => name !== 'appid');
  if (appid) return { appid, component, path, query };
  // WeChat does not need to know for whom; we only keep our books by it.
  const [only, ...others] = services.components;
  if (only === undefined || others.length > 0) return refusals.missingAppid;
  return { appid: only, component: only, path, query };
}

function grantOf({ tokens, apiKeys }: WantedCallServices, token: string | undefined): VirtualGrant | Refusal {
  if (!token) return refusals.missingToken;
  const read = tokens.read(token);
  if (read.verdict === 'expired') return refusals.expiredToken;
  // A key that was taken back takes its tokens with it.
  if (read.verdict === 'made-up' || !apiKeys.knows(read.grant.keyFingerprint)) return refusals.madeUpToken;
  return read.grant;
}

/** Under the name for everybody, or the older one that SDKs of components use. */
function tokenIn(parameters: Parameters): string | undefined {
  const value = (name: string) => parameters.find(([one]) => one === name)?.[1];
  return value('access_token') || value('component_access_token') || undefined;
}

function bearerIn(authorization: string | undefined): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}
