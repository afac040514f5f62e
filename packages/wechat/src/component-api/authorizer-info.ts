import type { Fields } from './ask.ts';
import type { AuthorizerInfo } from './component-api.ts';
import { maskRefreshTokens } from './mask-refresh-tokens.ts';
import { child, integer, requiredChild, scopes, statement, text } from './read-fields.ts';

/**
 * Reads the answer of api_get_authorizer_info (protocol §3.7). What it does not say is undefined, so that no reader takes
 * silence for news. `authorization_info` is missing in some answers; the profile is good without it.
 */
export function readAuthorizerInfo(fields: Fields, authorizer: string, doing: string): AuthorizerInfo {
  const info = requiredChild(fields, 'authorizer_info', doing);
  const authorization = child(fields, 'authorization_info') ?? {};
  return {
    // Older answers say `appid`; a few say nothing, and we asked about this one.
    appid: text(authorization, 'authorizer_appid') ?? text(authorization, 'appid') ?? authorizer,
    nickName: statement(info, 'nick_name'),
    // Every account has one.
    userName: text(info, 'user_name'),
    headImg: statement(info, 'head_img'),
    alias: statement(info, 'alias'),
    principalName: statement(info, 'principal_name'),
    // Capital M; that it is there at all is the test.
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
