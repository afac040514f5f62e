import type { Account } from '../account.ts';
import { Refusal } from '../refusal.ts';
import type { World } from '../world.ts';
import { type ApiTable, bodyOf, type JsonObject, listOf, OK, textOf } from './api.ts';

const PAGE = 10_000;
const BATCH = 100;
const SETS = [2, 100];
const SCENES = ['ADD_SCENE_SEARCH', 'ADD_SCENE_QR_CODE', 'ADD_SCENE_PROFILE_CARD', 'ADD_SCENE_OTHERS'];

/** The followers of an official account; protocol §4.1. */
export const FOLLOWER_APIS: ApiTable = {
  '/cgi-bin/user/get': {
    method: 'GET',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      return { json: pageOf(account, request.query.get('next_openid') ?? '', account.followers.total) };
    },
  },

  '/cgi-bin/user/info': {
    method: 'GET',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ world, request, account }) {
      const lang = request.query.get('lang') ?? 'zh_CN';
      return { json: detailOf(world, account, request.query.get('openid') ?? '', lang) };
    },
  },

  '/cgi-bin/user/info/batchget': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ world, request, account }) {
      const items = listOf(bodyOf(request), 'user_list');
      if (items.length > BATCH) throw new Refusal(40032);
      const details = items.map((one) => {
        if (typeof one !== 'object' || one === null || Array.isArray(one)) throw new Refusal(47001);
        // One foreign openid makes the whole batch fail (protocol §10 rule 36).
        return detailOf(world, account, textOf(one, 'openid'), textOf(one, 'lang') || 'zh_CN');
      });
      return { json: { user_info_list: details } };
    },
  },

  '/cgi-bin/user/info/updateremark': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      const body = bodyOf(request);
      const openid = textOf(body, 'openid');
      if (account.followers.placeOf(openid) === null) throw new Refusal(40003);
      const remark = textOf(body, 'remark');
      if ([...remark].length >= 30) throw new Refusal(40035);
      account.remarks.set(openid, remark);
      return { json: OK };
    },
  },
};

/** The page of openids after `after`. */
function pageOf(account: Account, after: string, total: number): JsonObject {
  const place = after === '' ? -1 : account.followers.placeOf(after);
  if (place === null) throw new Refusal(40003);
  const openids = account.followers.from(place + 1, PAGE);
  // The last page still returns its last openid; the page after it has no `data` (protocol §10 rule 35).
  if (openids.length === 0) return { total, count: 0, next_openid: '' };
  return { total, count: openids.length, data: { openid: openids }, next_openid: openids.at(-1)! };
}

function detailOf(world: World, account: Account, openid: string, lang: string): JsonObject {
  const place = account.followers.placeOf(openid);
  if (place === null || account.followers.isForeign(openid)) throw new Refusal(40003);
  if (!account.followers.isFollowing(openid)) return { subscribe: 0, openid };
  const remark = account.remarks.get(openid) ?? '';
  return {
    subscribe: 1,
    openid,
    language: lang,
    // Later places followed later; the fixed start makes the answer the same in every run.
    subscribe_time: 1_500_000_000 + place,
    remark: world.options.controlCharacters ? `${remark}\u0008\u0014备注` : remark,
    groupid: 0,
    tagid_list: [...(account.tagged.get(openid) ?? [])],
    subscribe_scene: SCENES[place % SCENES.length]!,
    qr_scene: 0,
    qr_scene_str: '',
  };
}
