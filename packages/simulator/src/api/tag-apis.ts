import type { Account } from '../account.ts';
import { Refusal } from '../refusal.ts';
import { type ApiTable, bodyOf, type JsonObject, OK, objectOf, openidsOf, textOf } from './api.ts';

const PAGE = 10_000;
const FIRST_OWN_TAG = 100;
const SETS = [2, 100];

/** Tags of an official account; dossier §4.2. */
export const TAG_APIS: ApiTable = {
  '/cgi-bin/tags/create': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ asked, account }) {
      const name = textOf(objectOf(bodyOf(asked), 'tag'), 'name');
      if (name === '' || [...name].length > 30) throw new Refusal(45158);
      if ([...account.tags.values()].includes(name)) throw new Refusal(45157);
      if (account.tags.size >= 100) throw new Refusal(45056);
      const id = Math.max(FIRST_OWN_TAG - 1, ...account.tags.keys()) + 1;
      account.tags.set(id, name);
      return { json: { tag: { id, name } } };
    },
  },

  '/cgi-bin/tags/get': {
    method: 'GET',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ account }) {
      const tags = [...account.tags].map(([id, name]) => ({ id, name, count: membersOf(account, id).length }));
      return { json: { tags } };
    },
  },

  '/cgi-bin/user/tag/get': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ asked, account }) {
      const body = bodyOf(asked);
      const members = membersOf(account, tagId(account, body));
      const after = textOf(body, 'next_openid');
      const start = after === '' ? 0 : members.indexOf(after) + 1;
      if (after !== '' && start === 0) throw new Refusal(40003);
      const openids = members.slice(start, start + PAGE);
      if (openids.length === 0) return { json: { count: 0, next_openid: '' } };
      return { json: { count: openids.length, data: { openid: openids }, next_openid: openids.at(-1)! } };
    },
  },

  '/cgi-bin/tags/members/batchtagging': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ asked, account }) {
      const body = bodyOf(asked);
      const id = tagId(account, body);
      const openids = openidsOf(body, account, 50, 49003);
      const full = openids.some((openid) => (account.tagged.get(openid)?.size ?? 0) >= 20);
      if (full) throw new Refusal(45059);
      for (const openid of openids) account.tagged.set(openid, new Set(account.tagged.get(openid)).add(id));
      return { json: OK };
    },
  },

  '/cgi-bin/tags/members/batchuntagging': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ asked, account }) {
      const body = bodyOf(asked);
      const id = tagId(account, body);
      for (const openid of openidsOf(body, account, 50, 49003)) account.tagged.get(openid)?.delete(id);
      return { json: OK };
    },
  },

  '/cgi-bin/tags/getidlist': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ asked, account }) {
      const openid = textOf(bodyOf(asked), 'openid');
      if (account.followers.placeOf(openid) === null) throw new Refusal(40003);
      return { json: { tagid_list: [...(account.tagged.get(openid) ?? [])] } };
    },
  },
};

function membersOf(account: Account, id: number): string[] {
  return [...account.tagged].filter(([, tags]) => tags.has(id)).map(([openid]) => openid);
}

function tagId(account: Account, body: JsonObject): number {
  const id = Number(textOf(body, 'tagid'));
  if (!account.tags.has(id)) throw new Refusal(45159);
  return id;
}
