import type { IncomingMessage } from 'node:http';
import { demandAccount, demandPath, demandScope } from '@wxthirdparty/platform';
import {
  canonicalPath,
  componentLoginOf,
  endpointOf,
  issuesCredentials,
  isTokenParameter,
  loginParameters,
  pathFault,
} from '@wxthirdparty/wechat';
import type { GatewayPlatform } from '../gateway-platform.ts';
import { addressOf, type TrustProxy } from '../http/address-of.ts';
import { isOwnPath } from '../http/own-path.ts';
import type { Authenticator } from '../key/authenticator.ts';
import type { Caller } from '../key/caller.ts';
import { type Refusal, refusals } from './refusal.ts';
import type { VirtualGrant, VirtualTokens } from './virtual-token.ts';

export type Parameters = readonly (readonly [name: string, value: string])[];

/** A call as its caller requested it. */
export interface RequestedCall {
  readonly appid: string;
  /** Undefined if only the account was named. */
  readonly component: string | undefined;
  readonly path: string;
  /** Without the parameters that are for this gateway. */
  readonly query: Parameters;
}

interface AuthorizedRequest {
  readonly caller: Caller;
  readonly requested: RequestedCall;
}

export interface AuthorizationServices {
  readonly authenticator: Authenticator;
  readonly trusts: TrustProxy;
  readonly tokens: VirtualTokens;
  readonly userTokens: GatewayPlatform['userTokens'];
  /** Appids of the components that this deployment runs. */
  readonly components: readonly string[];
}

/** What programs ask with the token of a user alone: the token is the proof, as it is at WeChat (protocol §4.11). */
const ASKED_WITH_USER_TOKEN = new Set(['/sns/userinfo', '/sns/auth']);

/**
 * Reads for which account a request is, and what it requests. The key is checked first: a caller without one receives no other
 * information. Throws ForbiddenFailure, and what the authenticator throws.
 */
export async function authorizeRequest(
  services: AuthorizationServices,
  request: IncomingMessage,
  requestedPath: string,
  parameters: Parameters,
  note: { key?: string },
): Promise<AuthorizedRequest | Refusal> {
  const path = canonicalPath(requestedPath);
  // Everyone may know this, and a base URL that is wrong from the start has no token yet.
  if (isOwnPath(path) && tokenIn(parameters) === undefined) return refusals.ownPath;
  const read = await readRequest(services, request, path, parameters);
  if ('errcode' in read) return read;
  const { caller, requested } = read;
  note.key = caller.id;
  demandScope(caller.rights, 'calls');
  demandAccount(caller.rights, requested.appid);
  if (isOwnPath(path)) return refusals.ownPath;
  // In any spelling, therefore before the path's form is checked.
  if (issuesCredentials(requested.path)) return refusals.issuesCredentials;
  const fault = pathFault(path);
  if (fault !== undefined) return { ...refusals.badPath, errmsg: `invalid url: ${fault}` };
  // The path that the program sent, which its key names, not the login that replaces it.
  demandPath(caller.rights, path);
  return { caller, requested };
}

async function readRequest(
  services: AuthorizationServices,
  request: IncomingMessage,
  path: string,
  parameters: Parameters,
): Promise<AuthorizedRequest | Refusal> {
  const login = componentLoginOf(path);
  if (login !== undefined) return loginCall(services, request, login, parameters);
  if (endpointOf(request.method ?? 'GET', path).token === 'user') return userCall(services, request, path, parameters);
  const held = await holderOf(services, tokenIn(parameters));
  if ('errcode' in held) return held;
  const { appid, component } = held.grant;
  return {
    caller: held.caller,
    requested: { appid, component, path, query: parameters.filter(([name]) => !isTokenParameter(name)) },
  };
}

/** A user's login to an account: the platform adds its own appid and token. */
async function loginCall(
  services: AuthorizationServices,
  request: IncomingMessage,
  path: string,
  parameters: Parameters,
): Promise<AuthorizedRequest | Refusal> {
  const value = (name: string) => parameters.find(([one]) => one === name)?.[1] ?? '';
  const [named = '', component] = value('appid').split(':').reverse();
  const query = loginParameters(parameters);
  const bearer = bearerIn(request);
  const token = tokenIn(parameters) ?? (bearer?.startsWith('wxt_') ? bearer : undefined);
  if (token !== undefined) {
    const held = await holderOf(services, token);
    if ('errcode' in held) return held;
    const { caller, grant } = held;
    const ofAccount = grant.appid !== grant.component;
    if (!ofAccount && named === '') return refusals.missingAppid;
    // A token of one account cannot be used to log in to another.
    if (ofAccount && named !== '' && named !== grant.appid) return refusals.otherAppid;
    return { caller, requested: { appid: named || grant.appid, component: grant.component, path, query } };
  }
  const key = value('secret') || bearer;
  if (!key) return refusals.missingSecret;
  const caller = await holderOfKey(services, request, key);
  if (caller === undefined) return refusals.badKey;
  if (named === '') return refusals.missingAppid;
  return {
    caller,
    requested: { appid: named, component: component ?? (value('component_appid') || undefined), path, query },
  };
}

/**
 * The user's own token is in the place of ours, so a token of this gateway, or a key, comes as `Authorization: Bearer`. Without it,
 * any client could use this gateway as a relay to WeChat; but a user who logged in through it is known.
 */
async function userCall(
  services: AuthorizationServices,
  request: IncomingMessage,
  path: string,
  parameters: Parameters,
): Promise<AuthorizedRequest | Refusal> {
  const presented = bearerIn(request);
  const token = tokenIn(parameters);
  if (token?.startsWith('wxt_')) return refusals.notAUsersToken;
  if (presented === undefined) {
    const isKnown = request.method === 'GET' && ASKED_WITH_USER_TOKEN.has(path);
    return isKnown ? callOfKnownUser(services, path, token, parameters) : refusals.userTokenAlone;
  }
  if (presented.startsWith('wxt_')) {
    const held = await holderOf(services, presented);
    if ('errcode' in held) return held;
    const { caller, grant } = held;
    return { caller, requested: { appid: grant.appid, component: grant.component, path, query: parameters } };
  }
  const caller = await holderOfKey(services, request, presented);
  if (caller === undefined) return refusals.badKey;
  const [appid, component] = (parameters.find(([name]) => name === 'appid')?.[1] ?? '').split(':').reverse();
  const query = withoutAppid(parameters);
  if (appid) return { caller, requested: { appid, component, path, query } };
  // WeChat does not need the account; only our records do.
  const known = token === undefined ? undefined : await services.userTokens.find(token);
  if (known !== undefined) {
    return { caller, requested: { appid: known.appid, component: known.component, path, query } };
  }
  const [only, ...others] = services.components;
  if (only === undefined || others.length > 0) return refusals.missingAppid;
  return { caller, requested: { appid: only, component: only, path, query } };
}

/** The call counts for account and key of the user's login. */
async function callOfKnownUser(
  { userTokens, authenticator }: AuthorizationServices,
  path: string,
  token: string | undefined,
  parameters: Parameters,
): Promise<AuthorizedRequest | Refusal> {
  if (token === undefined) return refusals.missingToken;
  // WeChat might read another one than the one that is checked here.
  if (parameters.filter(([name]) => isTokenParameter(name)).length > 1) return refusals.severalTokens;
  const known = await userTokens.find(token);
  if (known === undefined) return refusals.unknownUserToken;
  const caller = await authenticator.byFingerprint(known.keyFingerprint);
  if (caller === undefined) return refusals.revokedLogin;
  const { appid, component } = known;
  return { caller, requested: { appid, component, path, query: withoutAppid(parameters) } };
}

/** WeChat does not take it here. */
function withoutAppid(parameters: Parameters): Parameters {
  return parameters.filter(([name]) => name !== 'appid');
}

/** The caller that sends a token of ours, and its account. Throws what the authenticator throws. */
export async function holderOf(
  { tokens, authenticator }: Pick<AuthorizationServices, 'tokens' | 'authenticator'>,
  token: string | undefined,
): Promise<{ readonly caller: Caller; readonly grant: VirtualGrant } | Refusal> {
  if (!token) return refusals.missingToken;
  const read = tokens.read(token);
  if (read.verdict === 'expired') return refusals.expiredToken;
  if (read.verdict === 'made-up') return refusals.madeUpToken;
  const caller = await authenticator.byFingerprint(read.grant.keyFingerprint);
  // The tokens of a revoked key are invalid.
  return caller === undefined ? refusals.madeUpToken : { caller, grant: read.grant };
}

function holderOfKey(
  { authenticator, trusts }: AuthorizationServices,
  request: IncomingMessage,
  key: string,
): Promise<Caller | undefined> {
  return authenticator.byKey(key, addressOf(request, trusts));
}

/** Under the name of ordinary APIs, or the older one that SDKs for components use. */
export function tokenIn(parameters: Parameters): string | undefined {
  const value = (name: string) => parameters.find(([one]) => one === name)?.[1];
  return value('access_token') || value('component_access_token') || undefined;
}

function bearerIn({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}
