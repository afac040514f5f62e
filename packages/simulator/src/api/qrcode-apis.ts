import { drawCode } from '../picture/code-picture.ts';
import { Refusal } from '../refusal.ts';
import type { World } from '../world.ts';
import { type ApiTable, bodyOf, type JsonObject, objectOf, textOf } from './api.ts';

const SETS = [3];
const MAX_TTL_S = 2_592_000;
const DEFAULT_TTL_S = 60;
const MAX_PERMANENT = 100_000;
const MAX_DATA_BYTES = 4096;
const PICTURE_WIDTH = 430;

/** QR codes with a scene, and short keys; protocol §4.8. */
export const QRCODE_APIS: ApiTable = {
  '/cgi-bin/qrcode/create': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ world, request, account }) {
      const body = bodyOf(request);
      const action = textOf(body, 'action_name');
      const permanent = action.startsWith('QR_LIMIT_');
      const scene = sceneOf(body, action, permanent);
      const url = `http://weixin.qq.com/q/${world.credentials.text(22)}`;
      const ticket = `gQ${world.credentials.text(90)}==`;
      if (permanent) {
        if (account.permanentQrCodes >= MAX_PERMANENT) throw new Refusal(45029);
        account.permanentQrCodes += 1;
        account.qrCodes.set(ticket, { url, expiresAt: Number.POSITIVE_INFINITY });
        return { json: { ticket, url } };
      }
      const lives = Math.min(Number(textOf(body, 'expire_seconds') || DEFAULT_TTL_S), MAX_TTL_S);
      if (!Number.isInteger(lives) || lives < 1 || scene === '') throw new Refusal(40035);
      account.qrCodes.set(ticket, { url, expiresAt: world.clock.now() + world.clock.lasting(lives) });
      return { json: { ticket, expire_seconds: lives, url } };
    },
  },

  '/cgi-bin/shorten/gen': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ world, request, account }) {
      const body = bodyOf(request);
      const data = textOf(body, 'long_data');
      const lives = Number(textOf(body, 'expire_seconds') || MAX_TTL_S);
      if (data === '' || Buffer.byteLength(data) > MAX_DATA_BYTES) throw new Refusal(40035);
      if (!Number.isInteger(lives) || lives < 1 || lives > MAX_TTL_S) throw new Refusal(40035);
      const key = world.credentials.text(15);
      const createdAt = world.clock.now();
      account.shortKeys.set(key, { data, createdAt, expiresAt: createdAt + world.clock.lasting(lives) });
      return { json: { errcode: 0, errmsg: 'ok', short_key: key } };
    },
  },

  '/cgi-bin/shorten/fetch': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ world, request, account }) {
      const known = account.shortKeys.get(textOf(bodyOf(request), 'short_key'));
      const now = world.clock.now();
      if (known === undefined || now >= known.expiresAt) throw new Refusal(40035);
      const remaining = Math.floor((known.expiresAt - now) / 1000);
      const createTime = Math.floor(known.createdAt / 1000);
      return {
        json: { errcode: 0, errmsg: 'ok', long_data: known.data, create_time: createTime, expire_seconds: remaining },
      };
    },
  },
};

/** The picture of a ticket, like `showqrcode` of mp.weixin.qq.com, but as PNG; null for an invalid ticket. */
export function qrPicture(world: World, ticket: string): Buffer | null {
  for (const account of world.accounts.values()) {
    const code = account.qrCodes.get(ticket);
    if (code !== undefined && world.clock.now() < code.expiresAt) {
      return drawCode({ shape: 'square', content: code.url, width: PICTURE_WIDTH });
    }
  }
  return null;
}

function sceneOf(body: JsonObject, action: string, permanent: boolean): string {
  const scene = objectOf(objectOf(body, 'action_info'), 'scene');
  if (action === 'QR_STR_SCENE' || action === 'QR_LIMIT_STR_SCENE') {
    const text = textOf(scene, 'scene_str');
    if (text.length < 1 || text.length > 64) throw new Refusal(40035);
    return text;
  }
  if (action !== 'QR_SCENE' && action !== 'QR_LIMIT_SCENE') throw new Refusal(40035);
  const id = Number(textOf(scene, 'scene_id'));
  if (!Number.isInteger(id) || id < 1 || id > (permanent ? MAX_PERMANENT : 2 ** 32 - 1)) throw new Refusal(40035);
  return String(id);
}
