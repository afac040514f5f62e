/** The token of one user for one account, as WeChat has just issued it (protocol §4.11). */
export interface IssuedUserToken {
  readonly token: string;
  /** Until it expires at WeChat. */
  readonly lifeMs: number;
}

/** WeChat's own, and the maximum: an answer that promises more is not believed. */
const MAX_LIFE_MS = 2 * 3_600_000;
/** Real ones have about 110 characters. */
export const MAX_USER_TOKEN_LENGTH = 512;

const ISSUING = new Set(['/sns/oauth2/component/access_token', '/sns/oauth2/component/refresh_token']);

/** Whether the answer to a call of this path, in its canonical spelling, contains the token of a user. */
export function issuesUserTokens(path: string): boolean {
  return ISSUING.has(path);
}

/** The token in the parsed answer to such a call; undefined if there is none that can be used. */
export function issuedUserToken(answer: unknown): IssuedUserToken | undefined {
  if (typeof answer !== 'object' || answer === null) return undefined;
  const { access_token: token, expires_in: seconds } = answer as { access_token?: unknown; expires_in?: unknown };
  if (typeof token !== 'string' || token === '' || token.length > MAX_USER_TOKEN_LENGTH) return undefined;
  const lifeMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : MAX_LIFE_MS;
  return { token, lifeMs: Math.ceil(Math.min(lifeMs, MAX_LIFE_MS)) };
}
