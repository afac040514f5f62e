import { cataloguedPath, endpointOf } from './endpoint.ts';

/**
 * The form of a path that can be called: segments of letters, digits, `_`, `-` and inner dots. No host, no `?`, and
 * nothing that a server on the way may drop, decode or resolve (`%`, `\`, `;`, `~`, dots at either end).
 */
export const PATH_PATTERN = /^(?:\/[A-Za-z0-9_-](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?)+$/;
const MAX_PATH_LENGTH = 256;

/** Why this path cannot be called, or undefined if it can. The path need not be catalogued: WeChat has more APIs. */
export function pathFault(path: string): string | undefined {
  if (path.includes('?')) return 'path must hold no "?": parameters go into query';
  if (path.length > MAX_PATH_LENGTH) return `path must have at most ${MAX_PATH_LENGTH} characters`;
  if (!PATH_PATTERN.test(path) || path.includes('..')) {
    return 'path must be like /cgi-bin/user/get: segments of letters, digits, "_", "-" and inner dots, without host, "//", "..", "%" or a slash at its end';
  }
  return undefined;
}

/**
 * The spelling under which a callable path is sent, counted and permitted: the catalogue's, for any letter case. A path
 * that is not catalogued is unchanged.
 */
export function canonicalPath(path: string): string {
  return pathFault(path) === undefined ? (cataloguedPath(path) ?? path) : path;
}

/**
 * Whether a path returns tokens, tickets or codes, which only the platform may request. The method does not matter,
 * because WeChat may ignore it. Accepts any text.
 */
export function issuesCredentials(path: string): boolean {
  return endpointOf('GET', path).issuesCredentials || endpointOf('POST', path).issuesCredentials;
}

/** Whether a query parameter carries a token that only the platform may add; a user's own token is the caller's. */
export function isReservedTokenParameter(parameter: string, method: string, path: string): boolean {
  return isTokenParameter(parameter) && !(parameter === 'access_token' && endpointOf(method, path).token === 'user');
}

/** Whether this is the name of a query parameter that carries a token. */
export function isTokenParameter(parameter: string): boolean {
  return /^(?:component_|authorizer_)?access_?token$/i.test(parameter);
}
