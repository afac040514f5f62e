import { cataloguedPath, endpointOf } from './endpoint.ts';

/**
 * The one shape of a path that can be called: segments of letters, digits, `_`, `-` and dots within them. No host, no
 * `?`, and nothing that a server on the way may drop, decode or resolve (`%`, `\`, `;`, `~`, dots at either end).
 */
export const PATH_PATTERN = /^(?:\/[A-Za-z0-9_-](?:[A-Za-z0-9_.-]*[A-Za-z0-9_-])?)+$/;
const MAX_PATH_LENGTH = 256;

/** Why this path cannot be called, or undefined when it can. The catalogue is not asked: WeChat has more APIs than it. */
export function pathFault(path: string): string | undefined {
  if (path.includes('?')) return 'path must hold no "?": parameters go into query';
  if (path.length > MAX_PATH_LENGTH) return `path must have at most ${MAX_PATH_LENGTH} characters`;
  if (!PATH_PATTERN.test(path) || path.includes('..')) {
    return 'path must be like /cgi-bin/user/get: segments of letters, digits, "_", "-" and inner dots, without host, "//", "..", "%" or a slash at its end';
  }
  return undefined;
}

/**
 * The spelling under which a callable path is sent, counted and permitted: the catalogue's, whatever its letter case. What is
 * not catalogued stays as it is.
 */
export function canonicalPath(path: string): string {
  return pathFault(path) === undefined ? (cataloguedPath(path) ?? path) : path;
}

/**
 * Tokens, tickets and codes are the platform's own business. The method does not matter: nobody has promised that WeChat
 * minds it. Answers for text of any shape.
 */
export function issuesCredentials(path: string): boolean {
  return endpointOf('GET', path).issuesCredentials || endpointOf('POST', path).issuesCredentials;
}

/** Whether a query parameter carries a token, which is ours to add – but for a person's own, which nobody else has. */
export function isReservedTokenParameter(parameter: string, method: string, path: string): boolean {
  return isTokenParameter(parameter) && !(parameter === 'access_token' && endpointOf(method, path).token === 'user');
}

/** Names of query parameters that carry tokens. */
export function isTokenParameter(parameter: string): boolean {
  return /^(?:component_|authorizer_)?access_?token$/i.test(parameter);
}
