import { ERRCODE, endpointOf, Failure } from '@wxthirdparty/wechat';
import { authorizerOwner } from '../authorizer/authorizer-token.ts';
import { componentOwner } from '../component/component-owner.ts';
import { isLogin, type RequestTarget } from '../request/put-token.ts';
import type { TokenOwner } from '../token/token.ts';

/**
 * Whose token the API takes. Logins of users (`/sns/…component/…`) take the component's, even for an account (protocol
 * §4.11, §5.8). Undefined where the call carries the user's own token.
 */
export function tokenOwnerOf({ component, appid, method, path }: RequestTarget): TokenOwner | undefined {
  const endpoint = endpointOf(method, path);
  if (endpoint.token === 'user') return undefined;
  return appid === component || isLogin(endpoint) ? componentOwner(component) : authorizerOwner(component, appid);
}

/** Throws where the component calls an API that WeChat offers to accounts only. */
export function refuseAccountsApi({ component, appid, method, path }: RequestTarget): void {
  const endpoint = endpointOf(method, path);
  if (appid !== component || endpoint.token !== 'authorizer' || endpoint.name === 'unknown') return;
  throw new Failure('invalid_request', 'fix-request', `${path} is called for an account, not for the component.`, {
    errcode: ERRCODE.accountApiOnly,
  });
}
