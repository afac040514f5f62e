import type { Account } from '../account.ts';
import { Refusal } from '../refusal.ts';
import { type ApiTable, bodyOf, type JsonObject, OK, objectOf, openidsOf, textOf } from './api.ts';

const PAGE = 10_000;
const FIRST_OWN_TAG = 100;
const MAX_MEMBERS_OF_A_DELETED_TAG = 100_000;
const SETS = [2, 100];

/** Tags of an official account; protocol §4.2. */
export const TAG_APIS: ApiTable = {
  '/cgi-bin/tags/create': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      const name = freeName(account, textOf(objectOf(bodyOf(request), 'tag'), 'name'), null);
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

  '/cgi-bin/tags/update': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      const tag = objectOf(bodyOf(request), 'tag');
      const id = ownTagId(account, tag);
      account.tags.set(id, freeName(account, textOf(tag, 'name'), id));
      return { json: OK };
    },
  },

  '/cgi-bin/tags/delete': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      const id = ownTagId(account, objectOf(bodyOf(request), 'tag'));
      const members = membersOf(account, id);
      if (members.length > MAX_MEMBERS_OF_A_DELETED_TAG) throw new Refusal(45057);
      for (const openid of members) account.tagged.get(openid)?.delete(id);
      account.tags.delete(id);
      return { json: OK };
    },
  },

  '/cgi-bin/user/tag/get': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      const body = bodyOf(request);
      return { json: pageOf(membersOf(account, tagId(account, body)), textOf(body, 'next_openid')) };
    },
  },

  '/cgi-bin/tags/members/batchtagging': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      const body = bodyOf(request);
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
    answer({ request, account }) {
      const body = bodyOf(request);
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
    answer({ request, account }) {
      const openid = textOf(bodyOf(request), 'openid');
      if (account.followers.placeOf(openid) === null) throw new Refusal(40003);
      return { json: { tagid_list: [...(account.tagged.get(openid) ?? [])] } };
    },
  },
};

/** The blacklist of an official account; protocol §4.1. */
export const BLACKLIST_APIS: ApiTable = {
  '/cgi-bin/tags/members/getblacklist': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      const listed = [...account.blacklist];
      return { json: { total: listed.length, ...pageOf(listed, textOf(bodyOf(request), 'begin_openid')) } };
    },
  },

  '/cgi-bin/tags/members/batchblacklist': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      for (const openid of openidsOf(bodyOf(request), account, 20, 49003)) account.blacklist.add(openid);
      return { json: OK };
    },
  },

  '/cgi-bin/tags/members/batchunblacklist': {
    method: 'POST',
    needs: 'authorizer',
    kind: 'official-account',
    sets: SETS,
    answer({ request, account }) {
      for (const openid of openidsOf(bodyOf(request), account, 20, 49003)) account.blacklist.delete(openid);
      return { json: OK };
    },
  },
};

/** A page like that of user/get: the page after the last has no `data`. */
function pageOf(listed: string[], after: string): JsonObject {
  const start = after === '' ? 0 : listed.indexOf(after) + 1;
  if (after !== '' && start === 0) throw new Refusal(40003);
  const openids = listed.slice(start, start + PAGE);
  if (openids.length === 0) return { count: 0, next_openid: '' };
  return { count: openids.length, data: { openid: openids }, next_openid: openids.at(-1)! };
}

/** A name that no other tag has. */
function freeName(account: Account, name: string, own: number | null): string {
  if (name === '' || [...name].length > 30) throw new Refusal(45158);
  for (const [id, taken] of account.tags) if (taken === name && id !== own) throw new Refusal(45157);
  return name;
}

function ownTagId(account: Account, tag: JsonObject): number {
  const id = Number(textOf(tag, 'id'));
  // The system's own (protocol §4.2).
  if (id === 0 || id === 1 || id === 2) throw new Refusal(45058);
  if (!account.tags.has(id)) throw new Refusal(45159);
  return id;
}

function membersOf(account: Account, id: number): string[] {
  return [...account.tagged].filter(([, tags]) => tags.has(id)).map(([openid]) => openid);
}

function tagId(account: Account, body: JsonObject): number {
  const id = Number(textOf(body, 'tagid'));
  if (!account.tags.has(id)) throw new Refusal(45159);
  return id;
}
