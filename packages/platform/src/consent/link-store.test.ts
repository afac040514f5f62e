import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { Seals } from '../sealing/seals.ts';
import { LinkStore } from './link-store.ts';

const OPTIONS = {
  style: null,
  authType: 3,
  bizAppid: null,
  categoryIdList: '1|2',
  returnTo: 'https://a.example.com/?x=1',
  handle: null,
};

describe.each(databases)('authorization links on %s', (kind) => {
  let database: TestDatabase;
  let store: LinkStore;
  beforeAll(async () => {
    database = await startDatabase(kind);
    store = new LinkStore(database.sql);
  });
  afterAll(() => database.stop());

  const state = async (id: string) => (await store.find(id))?.state;

  it('keep what was wished for', async () => {
    const link = await store.create('wxc', OPTIONS, 60_000);
    expect(await store.find(link.id)).toEqual(link);
    expect(link).toMatchObject({ ...OPTIONS, state: 'pending', appid: null });
    expect(await store.find('nothing')).toBeUndefined();
  });

  it('open any number of times, each with a pre-auth code of its own, until they are used', async () => {
    const { id } = await store.create('wxc', OPTIONS, 60_000);
    expect(await store.open(id, `${id}-1`)).toBe(true);
    expect(await store.open(id, `${id}-2`)).toBe(true);
    expect(await state(id)).toBe('opened');
    for (const hash of [`${id}-1`, `${id}-2`]) expect(await store.idOfPreAuthCode(hash)).toBe(id);
    await store.authorized(id, 'wxa');
    expect(await store.open(id, `${id}-3`)).toBe(false);
    expect(await store.idOfPreAuthCode(`${id}-3`)).toBeUndefined();
  });

  it('belong to the first account that authorizes, whatever comes later', async () => {
    const { id } = await store.create('wxc', OPTIONS, 60_000);
    await Promise.all(['wxa', 'wxb', 'wxd'].map((appid) => store.authorized(id, appid)));
    const { appid } = (await store.find(id))!;
    await store.authorized(id, 'wxz');
    await store.failed(id, { code: 'wrong_account', message: 'late' });
    expect(await store.find(id)).toMatchObject({ state: 'authorized', appid, failure: null });
  });

  it('may fail, be opened again, and be used after all', async () => {
    const { id } = await store.create('wxc', OPTIONS, 60_000);
    await store.open(id, `${id}-1`);
    await store.failed(id, { code: 'auth_code_refused', message: 'spent' });
    expect(await store.find(id)).toMatchObject({ state: 'failed', failure: { code: 'auth_code_refused' } });
    expect(await store.open(id, `${id}-2`)).toBe(true);
    expect(await store.find(id)).toMatchObject({ state: 'opened', failure: null, settledAt: null });
    await store.authorized(id, 'wxa');
    expect(await store.find(id)).toMatchObject({ state: 'authorized', appid: 'wxa', failure: null });
  });

  it('expire, but a consent that started before still counts', async () => {
    const { id } = await store.create('wxc', OPTIONS, 1);
    await store.open(id, `${id}-1`);
    await pause(2);
    expect(await state(id)).toBe('expired');
    expect(await store.open(id, `${id}-2`)).toBe(false);
    await store.authorized(id, 'wxa');
    expect(await state(id)).toBe('authorized');
  });

  it('give their handle to the account that keeps them, once', async () => {
    const authorizers = new AuthorizerStore(database.sql, new Seals([randomBytes(32)]));
    const handles = async () =>
      Promise.all(['wxa', 'wxb'].map(async (appid) => (await authorizers.find('wxh', appid))?.handle));
    for (const appid of ['wxa', 'wxb']) {
      await authorizers.grants.save('wxh', appid, { refreshToken: 'r', scopes: [], authorizedAt: new Date() });
    }
    const [, ofB] = await handles();
    const { id } = await store.create('wxh', { ...OPTIONS, handle: 'shop-1' }, 60_000);
    expect(await store.find(id)).toMatchObject({ handle: 'shop-1' });
    const given = await Promise.all([1, 2, 3].map(() => store.authorized(id, 'wxa')));
    expect(given.filter((one) => one !== undefined)).toEqual(['given']);
    expect(await store.authorized(id, 'wxb')).toBeUndefined();
    expect(await handles()).toEqual(['shop-1', ofB]);

    const second = await store.create('wxh', { ...OPTIONS, handle: 'shop-1' }, 60_000);
    expect(await store.authorized(second.id, 'wxb')).toBe('taken');
    expect(await handles()).toEqual(['shop-1', ofB]);
    expect(await store.find(second.id)).toMatchObject({
      ...{ state: 'authorized', appid: 'wxb', failure: { code: 'handle_taken' } },
    });
  });

  it('give their handle also if a process of an older version has settled them', async () => {
    const authorizers = new AuthorizerStore(database.sql, new Seals([randomBytes(32)]));
    await authorizers.grants.save('wxh', 'wxd', { refreshToken: 'r', scopes: [], authorizedAt: new Date() });
    const { id } = await store.create('wxh', { ...OPTIONS, handle: 'shop-4' }, 60_000);
    const older = { state: 'authorized', appid: 'wxd', settled_at: 1 };
    await database.sql.updateTable('authorization_links').set(older).where('id', '=', id).execute();
    expect(await store.authorized(id, 'wxd')).toBe('given');
    expect((await authorizers.find('wxh', 'wxd'))?.handle).toBe('shop-4');
  });

  it('are forgotten when they can no longer be used', async () => {
    const old = await store.create('wxc', OPTIONS, 1);
    const fresh = await store.create('wxc', OPTIONS, 1);
    const long = 100 * 24 * 3_600_000;
    await database.sql
      .updateTable('authorization_links')
      .set({ created_at: Date.now() - long, expires_at: Date.now() - long })
      .where('id', '=', old.id)
      .execute();
    await store.prune();
    expect(await store.find(old.id)).toBeUndefined();
    expect(await store.find(fresh.id)).toBeDefined();
  });

  it('are listed by state and account, the newest first, page by page', async () => {
    await database.sql.deleteFrom('authorization_links').execute();
    const create = async (change: { component?: string; bizAppid?: string; expiresInMs?: number } = {}, at = 0) => {
      const { component = 'wxc', bizAppid = null, expiresInMs = 60_000 } = change;
      const { id } = await store.create(component, { ...OPTIONS, bizAppid }, expiresInMs);
      await database.sql.updateTable('authorization_links').set({ created_at: at }).where('id', '=', id).execute();
      return id;
    };
    const pending = await create({}, 5);
    const forOne = await create({ bizAppid: 'wxa' }, 4);
    const usedByOne = await create({}, 3);
    await store.authorized(usedByOne, 'wxa');
    const over = await create({ expiresInMs: -1 }, 2);
    await create({ component: 'wxother' }, 1);
    const listed = async (filter: Partial<Parameters<LinkStore['list']>[0]> = {}) => {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await store.list({ components: ['wxc'], accounts: [], limit: 2, ...filter, cursor });
        found.push(...page.items.map(({ id }) => id));
        cursor = page.next ?? undefined;
      } while (cursor !== undefined);
      return found;
    };
    expect(await listed()).toEqual([pending, forOne, usedByOne, over]);
    expect(await listed({ state: 'pending', limit: 1 })).toEqual([pending, forOne]);
    expect(await listed({ state: 'expired' })).toEqual([over]);
    expect(await listed({ accounts: ['wxa', 'wxb'] })).toEqual([forOne, usedByOne]);
  });
});
