import type { Account } from '../account.ts';
import { drawCode } from '../picture/code-picture.ts';
import { Refusal } from '../refusal.ts';
import { type ApiTable, type AuthorizerCall, bodyOf, type JsonObject, objectOf, type Reply, textOf } from './api.ts';

const SETS = [17];
const MAX_PATH_LENGTH = 1024;
const MAX_QR_PATH_BYTES = 128;
const MAX_SCENE_LENGTH = 32;
const [MIN_WIDTH, DEFAULT_WIDTH, MAX_WIDTH] = [280, 430, 1280];
const SCENE = /^[\w!#$&'()*+,/:;=?@.~%-]+$/;

/** Codes that open a page of a mini program; protocol §5.9. The pictures cannot be scanned. */
export const WXACODE_APIS: ApiTable = {
  '/wxa/getwxacode': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'mini-program',
    sets: SETS,
    answer(call) {
      const body = bodyOf(call.request);
      const path = textOf(body, 'path');
      if (path === '' || path.length > MAX_PATH_LENGTH) throw new Refusal(40159);
      const version = versionOf(body);
      takeLimitedCode(call);
      return picture(call.account, 'round', body, `${path} ${version}`);
    },
  },

  '/cgi-bin/wxaapp/createwxaqrcode': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'mini-program',
    sets: SETS,
    answer(call) {
      const body = bodyOf(call.request);
      const path = textOf(body, 'path');
      if (path === '' || Buffer.byteLength(path) > MAX_QR_PATH_BYTES) throw new Refusal(40159);
      takeLimitedCode(call);
      return picture(call.account, 'square', body, path);
    },
  },

  '/wxa/getwxacodeunlimit': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'mini-program',
    sets: SETS,
    answer({ request, account }) {
      const body = bodyOf(request);
      const scene = textOf(body, 'scene');
      if (scene.length > MAX_SCENE_LENGTH || !SCENE.test(scene)) throw new Refusal(40169);
      const page = textOf(body, 'page');
      const version = versionOf(body);
      // Only the pages of the released version can be checked, and no parameters belong to them.
      if (body.check_path !== false && version === 'release' && !hasPage(account, page)) throw new Refusal(41030);
      return picture(account, 'round', body, `${page}?scene=${scene} ${version}`);
    },
  },
};

/** Without known pages every page exists: the simulator must not refuse a page of the developer's own mini program. */
function hasPage(account: Account, page: string): boolean {
  if (page === '') return true;
  if (page.startsWith('/') || page.includes('?')) return false;
  return account.pages === null || account.pages.includes(page);
}

/** The two older APIs have one limit together (protocol §5.9). */
function takeLimitedCode({ world, account }: AuthorizerCall): void {
  if (account.limitedCodes >= world.options.maxLimitedCodes) throw new Refusal(45029);
  account.limitedCodes += 1;
}

function versionOf(body: JsonObject): string {
  const version = textOf(body, 'env_version') || 'release';
  if (!['release', 'trial', 'develop'].includes(version)) throw new Refusal(40097);
  return version;
}

function picture(account: Account, shape: 'round' | 'square', body: JsonObject, content: string): Reply {
  const width = Number(textOf(body, 'width') || DEFAULT_WIDTH);
  if (!Number.isInteger(width)) throw new Refusal(40097);
  const line = body.line_color === undefined || body.auto_color === true ? [] : [colorOf(objectOf(body, 'line_color'))];
  const bytes = drawCode({
    shape,
    content: `${account.appid} ${content}`,
    width: Math.min(MAX_WIDTH, Math.max(MIN_WIDTH, width)),
    ...(line[0] === undefined ? {} : { line: line[0] }),
    transparent: body.is_hyaline === true,
  });
  return { bytes, contentType: 'image/png', fileName: 'QRCode.png' };
}

function colorOf(color: JsonObject): [number, number, number] {
  const part = (name: string) => {
    const value = Number(textOf(color, name) || 0);
    if (!(value >= 0 && value <= 255)) throw new Refusal(40097);
    return value;
  };
  return [part('r'), part('g'), part('b')];
}
