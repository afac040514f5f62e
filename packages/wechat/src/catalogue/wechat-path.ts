import { endpointOf, wechatPathPrefixes } from './endpoint.ts';

/** Letters, digits and the few marks that WeChat's paths have: no host, no `?`, no `%` that could hide any of these. */
export const pathShape = /^(?:\/[A-Za-z0-9_~.-]+)+$/;
const LONGEST_PATH = 256;

export function namesWeChatPath(path: string): boolean {
  return wechatPathPrefixes.some((prefix) => path.startsWith(prefix));
}

/** Why it is no path of WeChat's that can be called, or undefined when it is one. */
export function pathFault(path: string): string | undefined {
  if (path.includes('?')) return 'path must hold no "?": parameters go into query';
  if (path.length > LONGEST_PATH || !pathShape.test(path)) {
    return 'path must begin with "/" and hold no host, "//", "..", "%" or blanks';
  }
  // `/cgi-bin/./token` is `/cgi-bin/token` to whoever resolves it.
  if (path.split('/').some((segment) => /^\.+$/.test(segment))) return 'path must hold no "." or ".." segments';
  if (!namesWeChatPath(path)) return `path must begin with one of ${wechatPathPrefixes.join(' ')}`;
  return undefined;
}

/**
 * Tokens, tickets and codes are the platform's own business. The method does not matter: nobody has promised that WeChat
 * minds it.
 */
export function mints(path: string): boolean {
  return endpointOf('GET', path).mints || endpointOf('POST', path).mints;
}

/** Whether a query parameter carries a token, which is ours to add – but for a person's own, which nobody else has. */
export function bringsToken(parameter: string, method: string, path: string): boolean {
  return namesToken(parameter) && !(parameter === 'access_token' && endpointOf(method, path).token === 'user');
}

/** Names of query parameters that carry tokens. */
export function namesToken(parameter: string): boolean {
  return /^(?:component_|authorizer_)?access_?token$/i.test(parameter);
}
