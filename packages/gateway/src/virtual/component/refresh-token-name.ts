import { withoutRefreshTokens } from '../without-refresh-tokens.ts';

/**
 * The virtual refresh token of an account. Programs store it for years, so it is a name that does not depend on any secret: it is
 * worth nothing without an API key.
 */
export function refreshTokenName(component: string, appid: string): string {
  return `wxr_${component}_${appid}`;
}

/** A refresh token as a member of a JSON text; an empty one, too (protocol §3.8). Its value follows the group. */
const REFRESH_TOKEN = /("\w*refresh_token"\s*:\s*")(?:[^"\\]|\\.)*(?=")/gi;

/** An answer about one account, with its virtual refresh token in place of WeChat's; all other bytes stay. */
export function withRefreshTokenName(body: Buffer, component: string, appid: string): Buffer {
  return replaced(body, (text) => text.replace(REFRESH_TOKEN, `$1${refreshTokenName(component, appid)}`));
}

/** The same for WeChat's list of accounts, whose items contain no other objects (protocol §3.8). Others are masked. */
export function withRefreshTokenNames(path: string, body: Buffer, component: string): Buffer {
  return replaced(body, (text) =>
    text.replace(/\{[^{}]*\}|[^{}]+/g, (part) => {
      const appid = /"authorizer_appid"\s*:\s*"([A-Za-z0-9_-]{1,64})"/.exec(part)?.[1];
      if (appid === undefined) return withoutRefreshTokens(path, Buffer.from(part, 'latin1')).toString('latin1');
      return part.replace(REFRESH_TOKEN, `$1${refreshTokenName(component, appid)}`);
    }),
  );
}

function replaced(body: Buffer, replace: (text: string) => string): Buffer {
  return body.includes('refresh_token') ? Buffer.from(replace(body.toString('latin1')), 'latin1') : body;
}
