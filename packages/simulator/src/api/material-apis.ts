import type { Account, Material } from '../account.ts';
import { Refusal } from '../refusal.ts';
import type { WechatValue } from '../wechat-json.ts';
import { type ApiRequest, type ApiTable, bodyOf, type JsonObject, listOf, OK, objectOf, textOf } from './api.ts';
import { MAX_BYTES } from './media-apis.ts';
import { type Part, partsOf } from './multipart.ts';

const SETS = [11];
const MIB = 1024 * 1024;
/** Permanent material; protocol §4.7. */
export const MATERIAL_APIS: ApiTable = {
  '/cgi-bin/media/uploadimg': {
    method: 'POST',
    needs: 'authorizer',
    sets: SETS,
    answer({ world, request, account }) {
      const part = mediaIn(request);
      if (part.bytes.length > MIB) throw new Refusal(45001);
      if (!/\.(jpe?g|png)$/i.test(part.fileName ?? '')) throw new Refusal(40005);
      return { json: { url: `http://mmbiz.qpic.cn/mmbiz_png/${account.appid}/${world.credentials.text(24)}/0` } };
    },
  },

  '/cgi-bin/material/add_material': {
    method: 'POST',
    needs: 'authorizer',
    sets: SETS,
    answer({ world, request, account }) {
      const type = request.query.get('type') ?? '';
      const most = Object.hasOwn(MAX_BYTES, type) ? MAX_BYTES[type]! : 0;
      if (most === 0) throw new Refusal(40004);
      const part = mediaIn(request);
      if (part.bytes.length > most) throw new Refusal(45001);
      const id = keep(account, world.credentials.text(64), {
        type,
        name: part.fileName ?? '',
        contentType: part.contentType,
        bytes: Buffer.from(part.bytes),
        about: type === 'video' ? descriptionIn(request) : null,
        news: null,
        updatedAt: world.clock.unix(),
      });
      return { json: { media_id: id, ...(type === 'image' ? { url: urlOf(account, id) } : {}) } };
    },
  },

  '/cgi-bin/material/add_news': {
    method: 'POST',
    needs: 'authorizer',
    sets: SETS,
    answer({ world, request, account }) {
      const articles = listOf(bodyOf(request), 'articles');
      if (articles.length < 1 || articles.length > 8) throw new Refusal(45008);
      checkThumbs(account, articles);
      const id = keep(account, world.credentials.text(64), {
        ...{ type: 'news', name: '', contentType: '', bytes: Buffer.alloc(0), about: null },
        news: articles,
        updatedAt: world.clock.unix(),
      });
      return { json: { media_id: id } };
    },
  },

  '/cgi-bin/material/update_news': {
    method: 'POST',
    needs: 'authorizer',
    sets: SETS,
    answer({ world, request, account }) {
      const body = bodyOf(request);
      const material = materialOf(account, body);
      const index = Number(textOf(body, 'index') || 0);
      if (material.news === null || material.news[index] === undefined) throw new Refusal(40007);
      const article = objectOf(body, 'articles') as { [name: string]: WechatValue };
      checkThumbs(account, [article]);
      material.news[index] = article;
      material.updatedAt = world.clock.unix();
      return { json: OK };
    },
  },

  '/cgi-bin/material/get_material': {
    method: 'POST',
    needs: 'authorizer',
    sets: SETS,
    answer({ request, account }) {
      const body = bodyOf(request);
      const material = materialOf(account, body);
      if (material.news !== null) return { json: { news_item: material.news } };
      if (material.about !== null) {
        const { title, introduction } = material.about;
        const where = `${request.origin}/_media/${account.appid}/${textOf(body, 'media_id')}`;
        return { json: { title, description: introduction, down_url: where } };
      }
      return { bytes: material.bytes, contentType: material.contentType, fileName: ascii(material.name) };
    },
  },

  '/cgi-bin/material/del_material': {
    method: 'POST',
    needs: 'authorizer',
    sets: SETS,
    answer({ request, account }) {
      const body = bodyOf(request);
      materialOf(account, body);
      account.materials.delete(textOf(body, 'media_id'));
      return { json: OK };
    },
  },

  '/cgi-bin/material/get_materialcount': {
    method: 'GET',
    needs: 'authorizer',
    sets: SETS,
    answer({ account }) {
      const kinds = ['voice', 'video', 'image', 'news'];
      return { json: Object.fromEntries(kinds.map((kind) => [`${kind}_count`, ofKind(account, kind).length])) };
    },
  },

  '/cgi-bin/material/batchget_material': {
    method: 'POST',
    needs: 'authorizer',
    sets: SETS,
    answer({ request, account }) {
      const body = bodyOf(request);
      const type = textOf(body, 'type');
      const offset = Number(textOf(body, 'offset') || 0);
      const count = Number(textOf(body, 'count'));
      if (!['image', 'voice', 'video', 'news'].includes(type)) throw new Refusal(40004);
      if (!(count >= 1 && count <= 20) || !(offset >= 0)) throw new Refusal(40035);
      const all = ofKind(account, type).reverse();
      const item = all.slice(offset, offset + count).map(([id, material]) => ({
        media_id: id,
        update_time: material.updatedAt,
        ...(material.news === null
          ? { name: material.name, url: type === 'image' ? urlOf(account, id) : '' }
          : { content: { news_item: material.news, update_time: material.updatedAt } }),
      }));
      return { json: { item, total_count: all.length, item_count: item.length } };
    },
  },
};

function keep(account: Account, id: string, material: Material): string {
  account.materials.set(id, material);
  return id;
}

function ofKind(account: Account, kind: string): [string, Material][] {
  return [...account.materials].filter(([, material]) => material.type === kind);
}

function materialOf(account: Account, body: JsonObject): Material {
  const id = textOf(body, 'media_id');
  if (id === '') throw new Refusal(41006);
  const material = account.materials.get(id);
  if (material === undefined) throw new Refusal(40007);
  return material;
}

// The cover of an article must be one that stays (protocol §4.10).
function checkThumbs(account: Account, articles: WechatValue[]): void {
  for (const article of articles) {
    if (typeof article !== 'object' || article === null || Array.isArray(article)) throw new Refusal(47001);
    if (!account.materials.has(textOf(article, 'thumb_media_id'))) throw new Refusal(40007);
  }
}

function mediaIn(request: ApiRequest): Part {
  const part = partsOf(request.contentType, request.body).find((one) => one.name === 'media');
  if (part === undefined || part.fileName === null || part.bytes.length === 0) throw new Refusal(41005);
  return part;
}

function descriptionIn(request: ApiRequest): { title: string; introduction: string } {
  const part = partsOf(request.contentType, request.body).find((one) => one.name === 'description');
  if (part === undefined) throw new Refusal(47001);
  const body = bodyOf({ ...request, body: Buffer.from(part.bytes) });
  return { title: textOf(body, 'title'), introduction: textOf(body, 'introduction') };
}

function urlOf(account: Account, id: string): string {
  return `http://mmbiz.qpic.cn/mmbiz_png/${account.appid}/${id.slice(0, 24)}/0?wx_fmt=png`;
}

/** Headers cannot carry Chinese. */
function ascii(name: string): string {
  return name.replace(/[^\x20-\x7e]|["\\]/g, '_');
}
