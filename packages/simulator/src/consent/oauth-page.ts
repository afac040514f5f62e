import type { World } from '../world.ts';
import { type Page, wrong } from './page.ts';

export const OAUTH_PATH = '/connect/oauth2/authorize';

/**
 * A person opens a web page of an account that a component acts for (protocol §4.11). Whoever comes is the account's
 * first follower and agrees at once; `openid` chooses somebody else.
 */
export function oauthPage(world: World, query: URLSearchParams): Page {
  const component = world.components.get(query.get('component_appid') ?? '');
  const account = world.accounts.get(query.get('appid') ?? '');
  if (component === undefined) return wrong('component_appid is unknown');
  if (account === undefined) return wrong('appid is unknown');
  if (world.grants.live(component.appid, account.appid) === undefined) return wrong('this account has not authorized');
  if (query.get('response_type') !== 'code') return wrong('response_type must be code');
  const scope = query.get('scope');
  if (scope !== 'snsapi_base' && scope !== 'snsapi_userinfo') return wrong('scope is unknown');
  const state = query.get('state') ?? '';
  if (Buffer.byteLength(state) > 128) return wrong('state is too long');
  const redirectUri = query.get('redirect_uri') ?? '';
  if (!/^https?:\/\//.test(redirectUri) || !URL.canParse(redirectUri)) return wrong('redirect_uri is no URL');

  const openid = query.get('openid') ?? account.followers.openidAt(0);
  const back = new URL(redirectUri);
  back.searchParams.set('code', world.logins.newCode('web', account.appid, openid, scope));
  back.searchParams.set('state', state);
  // Only on behalf of an account does WeChat add its appid.
  back.searchParams.set('appid', account.appid);
  return { location: back.href };
}
