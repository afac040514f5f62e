import { notSimulated } from '../not-simulated.ts';
import { Refusal } from '../refusal.ts';
import type { WechatValue } from '../wechat-json.ts';
import { type ApiTable, bodyOf, type JsonObject, listOf, OK, objectOf, textOf } from './api.ts';

const SETS = [15];
const MAX_BUTTONS = 3;
const MAX_SUB_BUTTONS = 5;
const MAX_KEY_BYTES = 128;
const MAX_URL_BYTES = 1024;
const TYPES = new Set([
  ...[
    'click',
    'view',
    'view_limited',
    'scancode_push',
    'scancode_waitmsg',
    'pic_sysphoto',
    'pic_photo_or_album',
    'pic_weixin',
  ],
  ...['location_select', 'media_id', 'article_id', 'article_view_limited', 'miniprogram'],
]);

/** The menus of an official account; protocol §4.3. */
export const MENU_APIS: ApiTable = {
  '/cgi-bin/menu/create': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      account.menu = buttonsOf(bodyOf(request));
      return { json: OK };
    },
  },

  '/cgi-bin/menu/get': {
    method: 'GET',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ account }) {
      if (account.menu === null) throw new Refusal(46003);
      const conditional = [...account.conditionalMenus].map(([menuid, menu]) => ({ ...menu, menuid: BigInt(menuid) }));
      return {
        json: {
          menu: { button: account.menu },
          ...(conditional.length > 0 ? { conditionalmenu: conditional } : {}),
        },
      };
    },
  },

  '/cgi-bin/menu/delete': {
    method: 'GET',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ account }) {
      // Deleting the menu deletes the conditional ones with it.
      account.menu = null;
      account.conditionalMenus.clear();
      return { json: OK };
    },
  },

  '/cgi-bin/menu/addconditional': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ world, request, account }) {
      const body = bodyOf(request);
      const button = buttonsOf(body);
      const matchrule = objectOf(body, 'matchrule') as { [name: string]: WechatValue };
      const rules = Object.values(matchrule).filter((value) => value !== '' && value !== null);
      if (rules.length === 0) throw new Refusal(40035);
      if (account.menu === null) throw new Refusal(46003);
      const menuid = world.credentials.messageId().toString();
      account.conditionalMenus.set(menuid, { button, matchrule });
      return { json: { menuid } };
    },
  },

  '/cgi-bin/menu/delconditional': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      if (!account.conditionalMenus.delete(textOf(bodyOf(request), 'menuid'))) throw new Refusal(65301);
      return { json: OK };
    },
  },

  '/cgi-bin/menu/trymatch': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      const openid = textOf(bodyOf(request), 'user_id');
      if (account.followers.placeOf(openid) === null) throw new Refusal(46004);
      if (account.menu === null) throw new Refusal(46003);
      const tags = account.tagged.get(openid) ?? new Set<number>();
      // Of several that match, the newest applies.
      const matching = [...account.conditionalMenus.values()].findLast(({ matchrule }) =>
        isMatched(matchrule as JsonObject, tags),
      );
      return { json: { button: matching?.button ?? account.menu } };
    },
  },

  '/cgi-bin/get_current_selfmenu_info': {
    method: 'GET',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer: ({ account }) => ({
      json: { is_menu_open: account.menu === null ? 0 : 1, selfmenu_info: { button: account.menu ?? [] } },
    }),
  },
};

function buttonsOf(body: JsonObject): WechatValue[] {
  const buttons = listOf(body, 'button');
  if (buttons.length < 1 || buttons.length > MAX_BUTTONS) throw new Refusal(40016);
  for (const button of buttons) {
    checkName(button, 16);
    const below = (button as JsonObject).sub_button;
    if (!Array.isArray(below) || below.length === 0) {
      checkAction(button as JsonObject);
      continue;
    }
    if (below.length > MAX_SUB_BUTTONS) throw new Refusal(40023);
    for (const sub of below) {
      checkName(sub, 60);
      checkAction(sub as JsonObject);
    }
  }
  return buttons;
}

/** Only tags are matched; whether another rule matches is unknown. */
function isMatched(matchrule: JsonObject, tags: ReadonlySet<number>): boolean {
  const { tag_id, group_id, ...others } = matchrule;
  const tag = tag_id ?? group_id ?? '';
  if (tag !== '' && !tags.has(Number(tag))) return false;
  const other = Object.keys(others).find((name) => others[name] !== '' && others[name] !== null);
  if (other !== undefined) throw notSimulated(`match of a conditional menu by ${other}, only by tag_id`);
  return tag !== '';
}

function checkName(button: WechatValue, maxBytes: number): void {
  if (typeof button !== 'object' || button === null || Array.isArray(button)) throw new Refusal(47001);
  const bytes = Buffer.byteLength(textOf(button, 'name'));
  if (bytes === 0 || bytes > maxBytes) throw new Refusal(40018);
}

function checkAction(button: JsonObject): void {
  if (!TYPES.has(textOf(button, 'type'))) throw new Refusal(40017);
  if (Buffer.byteLength(textOf(button, 'key')) > MAX_KEY_BYTES) throw new Refusal(40019);
  if (Buffer.byteLength(textOf(button, 'url')) > MAX_URL_BYTES) throw new Refusal(40020);
}
