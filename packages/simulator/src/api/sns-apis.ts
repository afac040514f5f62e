import { Refusal } from '../refusal.ts';
import { USER_TOKEN_TTL_S, type UserToken } from '../user-login.ts';
import type { World } from '../world.ts';
import { type ApiTable, type ComponentCall, type JsonObject, OK, type UserCall } from './api.ts';

const MAX_LOGINS_PER_MINUTE = 100;

/** Logins of users on behalf of accounts (protocol §4.11, §5.8), and the APIs that take a user's token. */
export const SNS_APIS: ApiTable = {
  '/sns/component/jscode2session': {
    method: 'GET',
    needs: 'component',
    answer(call) {
      const { world } = call;
      const appid = authorizerIn(call);
      const login = world.logins.spend('js', appid, required(call, 'js_code', 41008));
      if (typeof login === 'number') throw new Refusal(login);
      if (world.quota.exceedsMinuteRate(`${appid} ${login.openid}`, MAX_LOGINS_PER_MINUTE)) throw new Refusal(45011);
      return {
        json: { openid: login.openid, session_key: world.credentials.bytes(16).toString('base64') },
      };
    },
  },

  '/sns/oauth2/component/access_token': {
    method: 'GET',
    needs: 'component',
    answer(call) {
      const appid = authorizerIn(call);
      const login = call.world.logins.spend('web', appid, required(call, 'code', 41008));
      if (typeof login === 'number') throw new Refusal(login);
      return { json: tokenAnswer(call.world, call.world.logins.issue(login)) };
    },
  },

  '/sns/oauth2/component/refresh_token': {
    method: 'GET',
    needs: 'component',
    answer(call) {
      const appid = authorizerIn(call);
      const token = call.world.logins.refresh(appid, required(call, 'refresh_token', 41003));
      if (typeof token === 'number') throw new Refusal(token);
      return { json: tokenAnswer(call.world, token) };
    },
  },

  '/sns/userinfo': {
    method: 'GET',
    needs: 'user',
    answer(call) {
      const openid = ownOpenid(call);
      if (call.user.scope !== 'snsapi_userinfo') throw new Refusal(48001);
      return {
        json: {
          openid,
          nickname: `用户${openid.slice(-4)}`,
          sex: 0,
          language: '',
          city: '',
          province: '',
          country: '',
          headimgurl: `https://thirdwx.qlogo.cn/mmopen/${openid}/132`,
          privilege: [],
        },
      };
    },
  },

  '/sns/auth': {
    method: 'GET',
    needs: 'user',
    answer(call) {
      ownOpenid(call);
      return { json: OK };
    },
  },
};

function authorizerIn(call: ComponentCall): string {
  const named = call.request.query.get('component_appid') ?? '';
  if (named === '') throw new Refusal(41018);
  if (named !== call.component.appid) throw new Refusal(40013);
  const grantType = call.request.query.get('grant_type');
  const expected = call.request.path.endsWith('/refresh_token') ? 'refresh_token' : 'authorization_code';
  if (grantType !== expected) throw new Refusal(40002);
  const appid = required(call, 'appid', 41002);
  if (call.world.grants.live(call.component.appid, appid) === undefined) throw new Refusal(61003);
  return appid;
}

function required({ request }: ComponentCall, name: string, missing: number): string {
  const value = request.query.get(name) ?? '';
  if (value === '') throw new Refusal(missing);
  return value;
}

function ownOpenid({ request, user }: UserCall): string {
  const openid = request.query.get('openid') ?? '';
  if (openid === '') throw new Refusal(41009);
  if (openid !== user.openid) throw new Refusal(40003);
  return openid;
}

function tokenAnswer(world: World, token: UserToken): JsonObject {
  return {
    access_token: token.value,
    expires_in: world.clock.expiresIn(USER_TOKEN_TTL_S),
    refresh_token: token.refreshToken,
    openid: token.openid,
    scope: token.scope,
  };
}
