import { isTokenParameter } from '@wxthirdparty/wechat';

/** The paths of this gateway's own API; all others are WeChat's. */
const OWN = /^\/(?:$|(?:openapi\.json|healthz|readyz|metrics)\/?$|(?:v1|wechat|authorize|admin|docs)(?:\/|$))/i;

/** `path` starts with a single slash. Letter case is ignored, as by Express. */
export function isOwnPath(path: string): boolean {
  return OWN.test(path);
}

/** Whether a query carries a token as WeChat's SDKs send it. */
export function carriesToken(search: string): boolean {
  // Names may be percent-encoded; most queries have neither, and need no parsing.
  return /token|%/i.test(search) && [...new URLSearchParams(search).keys()].some(isTokenParameter);
}

/** Whether a form, given by its first bytes, carries a token; url-encoded or multipart. */
export function formCarriesToken(start: string): boolean {
  return /(?:^|[&"\s])(?:component_|authorizer_)?access_?token["=]/i.test(start);
}
