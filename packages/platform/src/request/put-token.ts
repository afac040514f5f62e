import { type Endpoint, endpointOf } from '@wxthirdparty/wechat';
import type { TokenOwner } from '../token/token.ts';

/** One request for one account; a component's own requests have its appid in both places. */
export interface RequestTarget {
  readonly component: string;
  readonly appid: string;
  readonly method: string;
  readonly path: string;
}

/** Adds the token under the name that WeChat expects for this API; for a login, also what has to go with it. */
export function putTokenIn(parameters: URLSearchParams, target: RequestTarget, token: string): void {
  if (!isLogin(endpointOf(target.method, target.path))) {
    parameters.append('access_token', token);
    return;
  }
  // Set, not appended: a login is never for another account than the call's.
  if (target.appid !== target.component) parameters.set('appid', target.appid);
  parameters.set('component_appid', target.component);
  parameters.set('component_access_token', token);
}

/** The logins of users (`/sns/…component/…`), which take the component's token (protocol §4.11, §5.8). */
export function isLogin({ token, path }: Endpoint): boolean {
  return token === 'component' && path.toLowerCase().startsWith('/sns/');
}

/**
 * Whether a refused token can be the cause of its refusal. WeChat also answers 40001 to a valid component token where the
 * API requires an account's (protocol §3.12), and only a few component tokens can be fetched a day.
 */
export function blamesToken(owner: TokenOwner, endpoint: Endpoint): boolean {
  return owner.kind === 'authorizer' || endpoint.token !== 'authorizer';
}
