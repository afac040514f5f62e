import { endpointOf, wechatPathPrefixes } from '@wxthirdparty/wechat';

/** Letters, digits and the few marks that WeChat's paths have: no host, no `?`, no `%` that could hide any of these. */
export const pathShape = /^(?:\/[A-Za-z0-9_~.-]+)+$/;

export function namesWeChatPath(path: string): boolean {
  return wechatPathPrefixes.some((prefix) => path.startsWith(prefix));
}

/** Why WeChat's path may not be called, or undefined when it may. */
export function pathFault(path: string): string | undefined {
  if (path.length > 256 || !pathShape.test(path)) {
    return 'path must begin with "/" and hold no host, "//", "..", "?", "%" or blanks';
  }
  // `/cgi-bin/./token` is `/cgi-bin/token` to whoever resolves it.
  if (path.split('/').some((segment) => /^\.+$/.test(segment))) return 'path must hold no "." or ".." segments';
  if (!namesWeChatPath(path)) return `path must begin with one of ${wechatPathPrefixes.join(' ')}`;
  return undefined;
}

/**
 * Tokens, tickets and codes are the platform's own business. Neither the method nor the letter case matters: nobody
 * has promised that WeChat minds them.
 */
export function mints(path: string): boolean {
  const plain = path.toLowerCase();
  return ['GET', 'POST'].some((method) => endpointOf(method, path).mints || endpointOf(method, plain).mints);
}

/** Names of query parameters that carry tokens; these are ours to add. */
export function namesToken(parameter: string): boolean {
  return /^(?:component_|authorizer_)?access_?token$/i.test(parameter);
}
