import { openAsk, unreadableAnswer } from './ask.ts';
import { readAuthorizerInfo } from './authorizer-info.ts';
import type { ComponentApi, ComponentApiOptions } from './component-api.ts';
import { withOwnCredentials } from './own-credentials.ts';
import { children, expiry, integer, requiredChild, requiredText, scopes, text } from './read-fields.ts';

/** The documentation names 1800 s and 600 s and says to obey expires_in (protocol §3.3); the smaller value if it is missing. */
const PRE_AUTH_CODE_TTL_SECONDS = 600;

export function openComponentApi(options: ComponentApiOptions): ComponentApi {
  const ask = openAsk(options);
  return {
    async startPushTicket({ appid, appsecret }, options) {
      // This API names the field `component_secret`, the next one `component_appsecret` (protocol §3.1).
      const body = { component_appid: appid, component_secret: appsecret };
      const doing = 'starting the ticket pushes';
      const fields = await withOwnCredentials(
        ask({ doing, api: 'api_start_push_ticket', bySecret: true, body }, options),
      );
      return /normal state/i.test(text(fields, 'errmsg') ?? '') ? 'was_running' : 'started';
    },

    async fetchComponentToken({ appid, appsecret, ticket }, options) {
      const body = { component_appid: appid, component_appsecret: appsecret, component_verify_ticket: ticket };
      const doing = 'fetching the component token';
      const fields = await withOwnCredentials(
        ask({ doing, api: 'api_component_token', bySecret: true, body }, options),
      );
      return { token: requiredText(fields, 'component_access_token', doing), expiresInMs: expiry(fields) };
    },

    async clearQuotas({ appid, appsecret }, options) {
      const doing = 'clearing the component’s quotas';
      // This API names the field `appsecret` (protocol §3.10).
      const body = { component_appid: appid, appsecret };
      await withOwnCredentials(ask({ doing, api: 'clear_quota/v2', bySecret: true, body }, options));
    },

    async createPreAuthCode({ appid }, options) {
      const doing = 'creating a pre-auth code';
      const body = { component_appid: appid };
      const fields = await ask({ doing, api: 'api_create_preauthcode', body }, options);
      return {
        preAuthCode: requiredText(fields, 'pre_auth_code', doing),
        expiresInMs: expiry(fields, PRE_AUTH_CODE_TTL_SECONDS),
      };
    },

    async queryAuth({ appid, code }, options) {
      const doing = 'exchanging an auth code';
      const body = { component_appid: appid, authorization_code: code };
      const fields = await ask({ doing, api: 'api_query_auth', body }, options);
      const info = requiredChild(fields, 'authorization_info', doing);
      return {
        appid: requiredText(info, 'authorizer_appid', doing),
        accessToken: text(info, 'authorizer_access_token'),
        expiresInMs: expiry(info),
        refreshToken: text(info, 'authorizer_refresh_token'),
        scopes: scopes(info),
      };
    },

    async fetchAuthorizerToken({ appid, authorizer, refreshToken }, options) {
      const doing = 'fetching an authorizer token';
      const body = { component_appid: appid, authorizer_appid: authorizer, authorizer_refresh_token: refreshToken };
      const fields = await ask({ doing, api: 'api_authorizer_token', body }, options);
      return {
        token: requiredText(fields, 'authorizer_access_token', doing),
        expiresInMs: expiry(fields),
        // Sometimes empty: then the old one stays valid (protocol §3.6).
        refreshToken: text(fields, 'authorizer_refresh_token'),
      };
    },

    async getAuthorizerInfo({ appid, authorizer }, options) {
      const doing = 'reading an authorizer';
      const body = { component_appid: appid, authorizer_appid: authorizer };
      const fields = await ask({ doing, api: 'api_get_authorizer_info', body }, options);
      return readAuthorizerInfo(fields, authorizer, doing);
    },

    async getAuthorizerList({ appid, offset, count }, options) {
      const doing = 'listing authorizers';
      const body = { component_appid: appid, offset, count };
      const fields = await ask({ doing, api: 'api_get_authorizer_list', body }, options);
      const total = integer(fields, 'total_count');
      const { list } = fields;
      // An answer without a list must not count as the last page: every account would then be checked one by one.
      if (!Array.isArray(list) && total !== 0) throw unreadableAnswer(doing, 'list is missing');
      const items = children(fields, 'list').flatMap((item) => {
        const account = text(item, 'authorizer_appid');
        if (account === undefined) return [];
        const at = integer(item, 'auth_time');
        const authorizedAt = at === undefined ? undefined : new Date(at * 1000);
        return [{ appid: account, refreshToken: text(item, 'refresh_token'), authorizedAt }];
      });
      return { total, length: Array.isArray(list) ? list.length : 0, items };
    },

    // The 2.0 family has the account in the body, so it is clear which token it takes (protocol §3.9).
    async getAuthorizerOption({ appid, authorizer, name }, options) {
      const doing = 'reading an authorizer option';
      const body = { component_appid: appid, authorizer_appid: authorizer, option_name: name };
      const fields = await ask({ doing, api: 'api_get_authorizer_option', body }, options);
      return requiredText(fields, 'option_value', doing);
    },

    async setAuthorizerOption({ appid, authorizer, name, value }, options) {
      const doing = 'setting an authorizer option';
      const body = { component_appid: appid, authorizer_appid: authorizer, option_name: name, option_value: value };
      await ask({ doing, api: 'api_set_authorizer_option', body }, options);
    },
  };
}
