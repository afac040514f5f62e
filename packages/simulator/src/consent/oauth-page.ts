import { errorPage } from '../page/error-page.ts';
import type { Language } from '../page/language.ts';
import type { World } from '../world.ts';
import type { Page } from './consent-page.ts';

export const OAUTH_PATH = '/connect/oauth2/authorize';

/**
 * A user opens a web page of an account for which a component acts (protocol §4.11). The user is the account's first
 * follower and agrees at once; `openid` selects another one.
 */
export function oauthPage(world: World, query: URLSearchParams, language: Language): Page {
  const component = world.components.get(query.get('component_appid') ?? '');
  const account = world.accounts.get(query.get('appid') ?? '');
  if (component === undefined) return errorPage('component_appid is unknown', language);
  if (account === undefined) return errorPage('appid is unknown', language);
  if (world.grants.live(component.appid, account.appid) === undefined)
    return errorPage('this account has not authorized', language);
  if (query.get('response_type') !== 'code') return errorPage('response_type must be code', language);
  const scope = query.get('scope');
  if (scope !== 'snsapi_base' && scope !== 'snsapi_userinfo') return errorPage('scope is unknown', language);
  const state = query.get('state') ?? '';
  if (Buffer.byteLength(state) > 128) return errorPage('state is too long', language);
  const redirectUri = query.get('redirect_uri') ?? '';
  if (!/^https?:\/\//.test(redirectUri) || !URL.canParse(redirectUri))
    return errorPage('redirect_uri is not a URL', language);

  const openid = query.get('openid') ?? account.followers.openidAt(0);
  const back = new URL(redirectUri);
  back.searchParams.set('code', world.logins.newCode('web', account.appid, openid, scope));
  back.searchParams.set('state', state);
  // WeChat adds the appid only for calls on behalf of an account.
  back.searchParams.set('appid', account.appid);
  return { location: back.href };
}
