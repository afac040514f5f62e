import type { IncomingMessage } from 'node:http';
import { demandAccount, demandPath, demandScope } from '@wxthirdparty/platform';
import { canonicalPath, endpointOf, issuesCredentials, isTokenParameter, pathFault } from '@wxthirdparty/wechat';
import { addressOf, type TrustProxy } from '../http/address-of.ts';
import { isOwnPath } from '../http/own-path.ts';
import type { Authenticator } from '../key/authenticator.ts';
import type { Caller } from '../key/caller.ts';
import { type Refusal, refusals } from './refusal.ts';
import type { VirtualGrant, VirtualTokens } from './virtual-token.ts';

type Parameters = readonly (readonly [name: string, value: string])[];

/** What a caller wants of WeChat. */
export interface WantedCall {
  readonly appid: string;
  /** Undefined where only the account was named. */
  readonly component: string | undefined;
  readonly path: string;
  /** Without anything that was meant for us. */
  readonly query: Parameters;
}

interface AuthorizedRequest {
  readonly caller: Caller;
  readonly wanted: WantedCall;
}

export interface WantedCallServices {
  readonly authenticator: Authenticator;
  readonly trusts: TrustProxy;
  readonly tokens: VirtualTokens;
  /** Appids of the components that this deployment runs. */
  readonly components: readonly string[];
}

/** What SDKs with an account's own secret ask, and what a component has instead (protocol §4.11, §5.8). */
const loginOfComponents: Readonly<Record<string, string>> = {
  '/sns/jscode2session': '/sns/component/jscode2session',
  '/sns/oauth2/access_token': '/sns/oauth2/component/access_token',
  '/sns/oauth2/refresh_token': '/sns/oauth2/component/refresh_token',
};

/**
 * Reads whom a request speaks for, and what it asks. The key comes first: who has none learns nothing else. Throws
 * ForbiddenFailure, and what the authenticator throws.
 */
export async function wantedCall(
  services: WantedCallServices,
  request: IncomingMessage,
  asked: string,
  parameters: Parameters,
  note: { key?: string },
): Promise<{ readonly wanted: WantedCall } | Refusal> {
  const path = canonicalPath(asked);
  const wish = await wishOf(services, request, path, parameters);
  if ('errcode' in wish) return wish;
  const { caller, wanted } = wish;
  note.key = caller.id;
  demandScope(caller.rights, 'calls');
  demandAccount(caller.rights, wanted.appid);
  if (isOwnPath(path)) return refusals.ownPath;
  // By whatever spelling: this comes before the shape.
  if (issuesCredentials(wanted.path)) return refusals.issuesCredentials;
  const fault = pathFault(path);
  if (fault !== undefined) return { ...refusals.badPath, errmsg: `invalid url: ${fault}` };
  // The program's path, which its key names, not the one that a login becomes.
  demandPath(caller.rights, path);
  return { wanted };
}

async function wishOf(
  services: WantedCallServices,
  request: IncomingMessage,
  path: string,
  parameters: Parameters,
): Promise<AuthorizedRequest | Refusal> {
  const login = Object.hasOwn(loginOfComponents, path) ? loginOfComponents[path]! : path;
  const { token } = endpointOf(request.method ?? 'GET', login);
  if (token === 'component' && login.startsWith('/sns/')) return loginCall(services, request, login, parameters);
  if (token === 'user') return userCall(services, request, path, parameters);
  const held = await holderOf(services, tokenIn(parameters));
  if ('errcode' in held) return held;
  const { appid, component } = held.grant;
  return {
    caller: held.caller,
    wanted: { appid, component, path, query: parameters.filter(([name]) => !isTokenParameter(name)) },
  };
}

/** A person logs in to an account: the platform puts in its own appid and token. */
async function loginCall(
  services: WantedCallServices,
  request: IncomingMessage,
  path: string,
  parameters: Parameters,
): Promise<AuthorizedRequest | Refusal> {
  const value = (name: string) => parameters.find(([one]) => one === name)?.[1] ?? '';
  const [named = '', component] = value('appid').split(':').reverse();
  const query = parameters.filter(
    ([name]) => !isTokenParameter(name) && !['secret', 'appid', 'component_appid'].includes(name),
  );
  const bearer = bearerIn(request);
  const token = tokenIn(parameters) ?? (bearer?.startsWith('wxt_') ? bearer : undefined);
  if (token !== undefined) {
    const held = await holderOf(services, token);
    if ('errcode' in held) return held;
    const { caller, grant } = held;
    const ofAccount = grant.appid !== grant.component;
    if (!ofAccount && named === '') return refusals.missingAppid;
    // A token of one account logs nobody in to another.
    if (ofAccount && named !== '' && named !== grant.appid) return refusals.otherAppid;
    return { caller, wanted: { appid: named || grant.appid, component: grant.component, path, query } };
  }
  const key = value('secret') || bearer;
  if (!key) return refusals.missingSecret;
  const caller = await holderOfKey(services, request, key);
  if (caller === undefined) return refusals.badKey;
  if (named === '') return refusals.missingAppid;
  return {
    caller,
    wanted: { appid: named, component: component ?? (value('component_appid') || undefined), path, query },
  };
}

/**
 * A person's own token takes the place where ours would stand, so ours, or a key, comes as `Authorization: Bearer`.
 * Without it anybody could use us as a relay to WeChat.
 */
async function userCall(
  services: WantedCallServices,
  request: IncomingMessage,
  path: string,
  parameters: Parameters,
): Promise<AuthorizedRequest | Refusal> {
  const presented = bearerIn(request);
  if (presented === undefined) return refusals.userTokenAlone;
  if (tokenIn(parameters)?.startsWith('wxt_')) return refusals.notAUsersToken;
  if (presented.startsWith('wxt_')) {
    const held = await holderOf(services, presented);
    if ('errcode' in held) return held;
    const { caller, grant } = held;
    return { caller, wanted: { appid: grant.appid, component: grant.component, path, query: parameters } };
  }
  const caller = await holderOfKey(services, request, presented);
  if (caller === undefined) return refusals.badKey;
  const [appid, component] = (parameters.find(([name]) => name === 'appid')?.[1] ?? '').split(':').reverse();
  const query = parameters.filter(([name]) => name !== 'appid');
  if (appid) return { caller, wanted: { appid, component, path, query } };
  // WeChat does not need to know for whom; we only keep our books by it.
  const [only, ...others] = services.components;
  if (only === undefined || others.length > 0) return refusals.missingAppid;
  return { caller, wanted: { appid: only, component: only, path, query } };
}

async function holderOf(
  { tokens, authenticator }: WantedCallServices,
  token: string | undefined,
): Promise<{ readonly caller: Caller; readonly grant: VirtualGrant } | Refusal> {
  if (!token) return refusals.missingToken;
  const read = tokens.read(token);
  if (read.verdict === 'expired') return refusals.expiredToken;
  if (read.verdict === 'made-up') return refusals.madeUpToken;
  const caller = await authenticator.byFingerprint(read.grant.keyFingerprint);
  // A key that was taken back takes its tokens with it.
  return caller === undefined ? refusals.madeUpToken : { caller, grant: read.grant };
}

function holderOfKey(
  { authenticator, trusts }: WantedCallServices,
  request: IncomingMessage,
  key: string,
): Promise<Caller | undefined> {
  return authenticator.byKey(key, addressOf(request, trusts));
}

/** Under the name for everybody, or the older one that SDKs of components use. */
function tokenIn(parameters: Parameters): string | undefined {
  const value = (name: string) => parameters.find(([one]) => one === name)?.[1];
  return value('access_token') || value('component_access_token') || undefined;
}

function bearerIn({ headers }: IncomingMessage): string | undefined {
  return /^Bearer +(\S+) *$/i.exec(headers.authorization ?? '')?.[1];
}
