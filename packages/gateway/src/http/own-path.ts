import { isTokenParameter } from '@wxthirdparty/wechat';
import type { Target } from './target-of.ts';

/** The paths of this gateway's own API; all others are WeChat's. */
const OWN = /^\/(?:$|(?:openapi\.json|healthz|readyz|metrics)\/?$|(?:v1|wechat|authorize|admin|docs)(?:\/|$))/i;

/** `path` starts with a single slash. Letter case is ignored, as by Express. */
export function isOwnPath(path: string): boolean {
  return OWN.test(path);
}

/**
 * Families of WeChat's APIs. A base URL that ends with a path of ours (`/v1`, `/wechat`) puts them below it, where we have no
 * routes of such a name.
 */
const FAMILY_BELOW_OWN =
  /^\/(?:v1|wechat|authorize|admin|docs)\/+(?:cgi-bin|sns|wxa|wxaapi|connect|datacube|customservice|card|shop|product|merchant|xpay|intp|componenttcb|tcb|semantic|cv|marketing|union|channels|user-order|promoter|publisher|redpacketcover|cityservice|business|mp|media|device|shakearound|bizwifi|scan)(?:\/|$)/i;

/**
 * Whether a request is for the virtual WeChat: it asks for a path that is not our own, or comes from an SDK with a wrong base
 * URL. Such a request must get an errcode, because SDKs read a missing one as success.
 */
export function isForVirtualWeChat({ path, search }: Pick<Target, 'path' | 'search'>): boolean {
  return !isOwnPath(path) || FAMILY_BELOW_OWN.test(path) || carriesCredential(search);
}

/** Whether a query carries a token or a secret as WeChat's SDKs send it; our own routes take neither there. */
function carriesCredential(search: string): boolean {
  // Names may be percent-encoded; most queries have neither, and need no parsing.
  if (!/token|secret|%/i.test(search)) return false;
  return [...new URLSearchParams(search).keys()].some(
    (name) => isTokenParameter(name) || /^(?:component_)?(?:app_?)?secret$/i.test(name),
  );
}

/** Whether a form, given by its first bytes, carries a token; url-encoded or multipart. */
export function formCarriesToken(start: string): boolean {
  return /(?:^|[&"\s])(?:component_|authorizer_)?access_?token["=]/i.test(start);
}
