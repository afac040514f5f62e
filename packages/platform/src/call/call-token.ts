import { type Endpoint, ERRCODE, endpointOf, Failure } from '@wxthirdparty/wechat';
import { authorizerOwner } from '../authorizer/authorizer-token.ts';
import { componentOwner } from '../component/component-token.ts';
import type { TokenOwner } from '../token/token.ts';

/** For whom and for what; a component's own calls have its appid in both places. */
interface Wanted {
  readonly component: string;
  readonly appid: string;
  readonly method: string;
  readonly path: string;
}

/**
 * Whose token opens the door. Logins of people (`/sns/…component/…`) need the component's, also where an account is
 * meant (protocol §4.11, §5.8). Undefined where the call brings the token of a person with it.
 */
export function tokenOwnerOf(wanted: Wanted): TokenOwner | undefined {
  const { component, appid } = wanted;
  const endpoint = endpointOf(wanted.method, wanted.path);
  if (endpoint.token === 'user') return undefined;
  return appid === component || isLogin(endpoint) ? componentOwner(component) : authorizerOwner(component, appid);
}

/** Puts the token in under the name that WeChat reads there; what logins have to name besides it, too. */
export function putTokenIn(parameters: URLSearchParams, wanted: Wanted, token: string): void {
  if (!isLogin(endpointOf(wanted.method, wanted.path))) {
    parameters.append('access_token', token);
    return;
  }
  // Set, not appended: nobody logs in to another account than the one that the call is for.
  if (wanted.appid !== wanted.component) parameters.set('appid', wanted.appid);
  parameters.set('component_appid', wanted.component);
  parameters.set('component_access_token', token);
}

/**
 * Whether a refused token may be blamed for it. WeChat refuses a good component token with 40001, too, where it wants an
 * account's (protocol §3.12), and every new component token is one of few a day.
 */
export function blamesToken(owner: TokenOwner | undefined, endpoint: Endpoint): boolean {
  return owner?.kind === 'authorizer' || (owner !== undefined && endpoint.token !== 'authorizer');
}

/** Throws where the component asks for what WeChat gives only to accounts. */
export function refuseAccountsApi({ component, appid, method, path }: Wanted): void {
  const endpoint = endpointOf(method, path);
  if (appid !== component || endpoint.token !== 'authorizer' || endpoint.name === 'unknown') return;
  throw new Failure('invalid_request', 'fix-request', `${path} is called for an account, not for the component.`, {
    errcode: ERRCODE.accountApiOnly,
  });
}

function isLogin({ token, path }: Endpoint): boolean {
  return token === 'component' && path.toLowerCase().startsWith('/sns/');
}
