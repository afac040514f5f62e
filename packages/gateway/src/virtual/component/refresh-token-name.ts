import { REFRESH_TOKEN_MEMBER } from '../without-refresh-tokens.ts';

/**
 * The virtual refresh token of an account. Programs store it for years, so it is a name that does not depend on any secret: it is
 * worth nothing without an API key.
 */
export function refreshTokenName(component: string, appid: string): string {
  return `wxr_${component}_${appid}`;
}

/** An answer about one account, with its virtual refresh token in place of WeChat's; all other bytes stay. An empty one stays empty. */
export function withRefreshTokenName(body: Buffer, component: string, appid: string): Buffer {
  return replaced(body, (text) => text.replace(REFRESH_TOKEN_MEMBER, `$1${refreshTokenName(component, appid)}`));
}

/** The same for WeChat's list of accounts, whose items contain no other objects (protocol §3.8). */
export function withRefreshTokenNames(body: Buffer, component: string): Buffer {
  return replaced(body, (text) =>
    text.replace(ITEM_OR_REFRESH_TOKEN, (found) => {
      const appid = /"authorizer_appid"\s*:\s*"([A-Za-z0-9_-]{1,64})"/.exec(found)?.[1];
      return found.replace(
        REFRESH_TOKEN_MEMBER,
        appid === undefined ? '$1***' : `$1${refreshTokenName(component, appid)}`,
      );
    }),
  );
}

/** An object without inner objects, or a refresh token outside of one. */
const ITEM_OR_REFRESH_TOKEN = new RegExp(`\\{[^{}]*\\}|${REFRESH_TOKEN_MEMBER.source}"`, 'gi');

function replaced(body: Buffer, replace: (text: string) => string): Buffer {
  return body.includes('refresh_token') ? Buffer.from(replace(body.toString('latin1')), 'latin1') : body;
}
