import type { Fields } from './ask.ts';
import type { AuthorizerInfo } from './component-api.ts';
import { maskRefreshTokens } from './mask-refresh-tokens.ts';
import { child, integer, requiredChild, scopes, text } from './read-fields.ts';

/** Reads the answer of api_get_authorizer_info (dossier §3.7). */
export function readAuthorizerInfo(fields: Fields, authorizer: string, doing: string): AuthorizerInfo {
  const info = requiredChild(fields, 'authorizer_info', doing);
  const authorization = requiredChild(fields, 'authorization_info', doing);
  return {
    // Older answers say `appid`; a few say nothing, and we asked about this one.
    appid: text(authorization, 'authorizer_appid') ?? text(authorization, 'appid') ?? authorizer,
    nickName: text(info, 'nick_name') ?? '',
    userName: text(info, 'user_name') ?? '',
    ...given('headImg', text(info, 'head_img')),
    ...given('alias', text(info, 'alias')),
    ...given('principalName', text(info, 'principal_name')),
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

function given<Name extends string>(name: Name, value: string | undefined): { [name in Name]?: string } {
  return value === undefined ? {} : ({ [name]: value } as { [name in Name]: string });
}
