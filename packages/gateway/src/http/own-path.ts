import { isTokenParameter } from '@wxthirdparty/wechat';

/** Everything that this gateway answers in its own way; all other paths are WeChat's. */
const own = /^\/(?:$|(?:openapi\.json|healthz|readyz|metrics)\/?$|(?:v1|wechat|authorize|admin|docs)(?:\/|$))/i;

/** Whether a path, with a single slash at its front, is one of our own. Letter case does not matter, as to Express. */
export function isOwnPath(path: string): boolean {
  return own.test(path);
}

/** Whether a query carries a token as WeChat's SDKs send it. */
export function carriesToken(search: string): boolean {
  // Names may be percent-encoded; most queries are neither, and need no parsing.
  return /token|%/i.test(search) && [...new URLSearchParams(search).keys()].some(isTokenParameter);
}

/** In a form or its first bytes, url-encoded or multipart. */
export function formCarriesToken(start: string): boolean {
  return /(?:^|[&"\s])(?:component_|authorizer_)?access_?token["=]/i.test(start);
}
