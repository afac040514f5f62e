import type { Fields } from './ask.ts';
import type { AuthorizerInfo } from './component-api.ts';
import { maskRefreshTokens } from './mask-refresh-tokens.ts';
import { child, integer, requiredChild, scopes, statement, text } from './read-fields.ts';

/**
 * Reads the answer of api_get_authorizer_info (protocol §3.7). A missing member is undefined, so that no reader treats it
 * as a change. `authorization_info` is missing in some answers; the profile is valid without it.
 */
export function readAuthorizerInfo(fields: Fields, authorizer: string, doing: string): AuthorizerInfo {
  const info = requiredChild(fields, 'authorizer_info', doing);
  const authorization = child(fields, 'authorization_info') ?? {};
  return {
    // Older answers have `appid`; a few have neither, and the request named this account.
    appid: text(authorization, 'authorizer_appid') ?? text(authorization, 'appid') ?? authorizer,
    nickName: statement(info, 'nick_name'),
    // Every account has one.
    userName: text(info, 'user_name'),
    headImg: statement(info, 'head_img'),
    alias: statement(info, 'alias'),
    principalName: statement(info, 'principal_name'),
    // Capital M; its presence is the test.
    kind: info.MiniProgramInfo === undefined || info.MiniProgramInfo === null ? 'official-account' : 'mini-program',
    serviceType: idOf(info, 'service_type_info'),
    verifyType: idOf(info, 'verify_type_info'),
    accountStatus: integer(info, 'account_status'),
    refreshToken: text(authorization, 'authorizer_refresh_token'),
    scopes: scopes(authorization),
    raw: maskRefreshTokens(fields),
  };
}

function idOf(info: Fields, name: string): number | undefined {
  const typed = child(info, name);
  return typed === undefined ? undefined : integer(typed, 'id');
}
