import type { Account } from '../account.ts';
import { judgeTicket } from '../component.ts';
import { type Grant, PRE_AUTH_CODE_TTL_S } from '../grant.ts';
import { pushTicket } from '../push/ticket.ts';
import { Refusal } from '../refusal.ts';
import { TOKEN_TTL_S } from '../token.ts';
import type { WechatValue } from '../wechat-json.ts';
import type { World } from '../world.ts';
import { type ApiTable, bodyOf, type ComponentCall, type JsonObject, OK, type Reply, textOf } from './api.ts';

const OPTION_VALUES: Record<string, string[]> = {
  location_report: ['0', '1', '2'],
  voice_recognize: ['0', '1'],
  customer_service: ['0', '1'],
};

/** The component's own APIs; protocol §3. */
export const COMPONENT_APIS: ApiTable = {
  '/cgi-bin/component/api_start_push_ticket': {
    method: 'POST',
    needs: 'secret',
    answer({ world, request, component }) {
      // This API calls it component_secret, the next one component_appsecret (protocol §3.1).
      checkSecret(textOf(bodyOf(request), 'component_secret'), component.appsecret);
      if (component.ticketService) return { json: { errcode: 0, errmsg: 'in a normal state' } };
      component.ticketService = true;
      component.failedTicketPushes = 0;
      void pushTicket(world, component, { which: 'hourly', createTime: world.clock.unix(), copies: 1 });
      return { json: OK };
    },
  },

  '/cgi-bin/component/api_component_token': {
    method: 'POST',
    needs: 'secret',
    answer({ world, request, component }) {
      const body = bodyOf(request);
      checkSecret(textOf(body, 'component_appsecret'), component.appsecret);
      const errcode = judgeTicket(component, textOf(body, 'component_verify_ticket'), world.clock.now());
      if (errcode !== 0) throw new Refusal(errcode);
      const token = world.tokens.issue(component.appid, null);
      return { json: { component_access_token: token, expires_in: world.clock.expiresIn(TOKEN_TTL_S) } };
    },
  },

  '/cgi-bin/component/api_create_preauthcode': {
    method: 'POST',
    needs: 'component',
    answer(call) {
      ownBody(call);
      const code = call.world.grants.newPreAuthCode(call.component.appid);
      return { json: { pre_auth_code: code, expires_in: call.world.clock.expiresIn(PRE_AUTH_CODE_TTL_S) } };
    },
  },

  '/cgi-bin/component/api_query_auth': {
    method: 'POST',
    needs: 'component',
    answer(call) {
      const { world, component } = call;
      const grant = world.grants.exchange(component.appid, textOf(ownBody(call), 'authorization_code'));
      if (typeof grant === 'number') throw new Refusal(grant);
      return {
        json: {
          authorization_info: {
            authorizer_appid: grant.appid,
            authorizer_access_token: world.tokens.issue(component.appid, grant.appid),
            expires_in: world.clock.expiresIn(TOKEN_TTL_S),
            authorizer_refresh_token: grant.refreshToken,
            func_info: funcInfoOf(grant),
          },
        },
      };
    },
  },

  '/cgi-bin/component/api_authorizer_token': {
    method: 'POST',
    needs: 'component',
    answer(call) {
      const { world, component } = call;
      const body = ownBody(call);
      const grant = liveGrant(call, body);
      if (textOf(body, 'authorizer_refresh_token') !== grant.refreshToken) throw new Refusal(61023);
      if (world.options.rotateRefreshToken) world.grants.rotate(grant);
      return {
        json: {
          authorizer_access_token: world.tokens.issue(component.appid, grant.appid),
          expires_in: world.clock.expiresIn(TOKEN_TTL_S),
          authorizer_refresh_token: world.options.emptyRefreshToken ? '' : grant.refreshToken,
        },
      };
    },
  },

  '/cgi-bin/component/api_get_authorizer_info': {
    method: 'POST',
    needs: 'component',
    answer(call) {
      const grant = liveGrant(call, ownBody(call));
      const account = call.world.accounts.get(grant.appid)!;
      return {
        json: {
          authorizer_info: infoOf(call.world, account),
          // No access token here (protocol §3.7).
          authorization_info: {
            authorizer_appid: grant.appid,
            authorizer_refresh_token: shownRefreshToken(grant),
            func_info: funcInfoOf(grant),
          },
        },
      };
    },
  },

  '/cgi-bin/component/api_get_authorizer_list': {
    method: 'POST',
    needs: 'component',
    answer(call) {
      const body = ownBody(call);
      const offset = wholeNumber(body, 'offset');
      const count = wholeNumber(body, 'count');
      if (count > 500) throw new Refusal(40170);
      const live = call.world.grants
        .all()
        .filter((grant) => grant.component === call.component.appid && grant.state === 'authorized');
      return {
        json: {
          total_count: live.length,
          list: live.slice(offset, offset + count).map((grant) => ({
            authorizer_appid: grant.appid,
            refresh_token: shownRefreshToken(grant),
            auth_time: grant.authorizedAt,
          })),
        },
      };
    },
  },

  '/cgi-bin/component/api_get_authorizer_option': {
    method: 'POST',
    needs: 'component',
    answer(call) {
      const body = ownBody(call);
      const { account, name } = optionOf(call, body);
      return {
        json: {
          authorizer_appid: account.appid,
          option_name: name,
          option_value: account.options.get(name) ?? '0',
        },
      };
    },
  },

  '/cgi-bin/component/api_set_authorizer_option': {
    method: 'POST',
    needs: 'component',
    answer(call) {
      const body = ownBody(call);
      const { account, name } = optionOf(call, body);
      return setOption(account, name, textOf(body, 'option_value'));
    },
  },

  // The newer pair names no account, so only the authorizer's token can mean one (protocol §3.9).
  '/cgi-bin/component/get_authorizer_option': {
    method: 'POST',
    needs: 'authorizer',
    answer({ request, account }) {
      const name = optionName(bodyOf(request));
      return { json: { option_name: name, option_value: account.options.get(name) ?? '0' } };
    },
  },

  '/cgi-bin/component/set_authorizer_option': {
    method: 'POST',
    needs: 'authorizer',
    answer({ request, account }) {
      const body = bodyOf(request);
      return setOption(account, optionName(body), textOf(body, 'option_value'));
    },
  },
};

function checkSecret(given: string, secret: string): void {
  if (given === '') throw new Refusal(41004);
  if (given !== secret) throw new Refusal(40125);
}

function ownBody(call: ComponentCall): JsonObject {
  const body = bodyOf(call.request);
  const named = textOf(body, 'component_appid');
  if (named === '') throw new Refusal(41018);
  if (named !== call.component.appid) throw new Refusal(40013);
  return body;
}

function liveGrant(call: ComponentCall, body: JsonObject): Grant {
  const appid = textOf(body, 'authorizer_appid');
  if (appid === '') throw new Refusal(41002);
  const grant = call.world.grants.live(call.component.appid, appid);
  if (grant === undefined) throw new Refusal(61003);
  return grant;
}

// Empty until a code of this consent was exchanged (protocol §3.8).
function shownRefreshToken(grant: Grant): string {
  return grant.exchanged ? grant.refreshToken : '';
}

function funcInfoOf(grant: Grant): WechatValue {
  return grant.funcIds.map((id) => ({ funcscope_category: { id } }));
}

function infoOf(world: World, account: Account): JsonObject {
  const official = account.kind === 'official-account';
  const nickName = world.options.controlCharacters ? `${account.nickName}\u0007\u0014` : account.nickName;
  const common = {
    nick_name: nickName,
    head_img: `http://wx.qlogo.cn/mmopen/${account.appid}/0`,
    service_type_info: { id: official ? 2 : 0 },
    verify_type_info: { id: 0 },
    user_name: account.userName,
    alias: '',
    qrcode_url: `http://mmbiz.qpic.cn/mmbiz_jpg/${account.appid}/0`,
    business_info: { open_pay: 0, open_shake: 0, open_scan: 0, open_card: 0, open_store: 0 },
    idc: 1,
    principal_name: '练习有限公司',
    account_status: 1,
  };
  if (official) return common;
  // The presence of this member, capital M, is the test for "is a mini program" (protocol §3.7).
  const network = {
    RequestDomain: [],
    WsRequestDomain: [],
    UploadDomain: [],
    DownloadDomain: [],
    BizDomain: [],
    UDPDomain: [],
    TCPDomain: [],
  };
  return {
    ...common,
    signature: '练习用的小程序',
    register_type: 0,
    basic_config: { is_phone_configured: true, is_email_configured: true },
    MiniProgramInfo: { network, categories: [{ first: '工具', second: '备忘录' }], visit_status: 0 },
  };
}

function wholeNumber(body: JsonObject, name: string): number {
  const value = Number(body[name] ?? Number.NaN);
  if (!Number.isInteger(value) || value < 0) throw new Refusal(47001);
  return value;
}

function optionName(body: JsonObject): string {
  const name = textOf(body, 'option_name');
  if (!Object.hasOwn(OPTION_VALUES, name)) throw new Refusal(61012);
  return name;
}

function optionOf(call: ComponentCall, body: JsonObject): { account: Account; name: string } {
  const grant = liveGrant(call, body);
  return { account: call.world.accounts.get(grant.appid)!, name: optionName(body) };
}

function setOption(account: Account, name: string, value: string): Reply {
  if (!OPTION_VALUES[name]?.includes(value)) throw new Refusal(61013);
  account.options.set(name, value);
  return { json: OK };
}
