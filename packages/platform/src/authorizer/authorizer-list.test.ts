import { TEST_ACCOUNTS } from '@wxthirdparty/wechat';
import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { openDatabase } from '../database/open.ts';
import type { AuthorizerRow } from '../database/schema.ts';
import { AuthorizerList, type AuthorizerListRequest } from './authorizer-list.ts';
import { AuthorizerCounter } from './authorizer-totals.ts';

describe.each(databases)('the list of authorizers on %s', (kind) => {
  let database: TestDatabase;
  let list: AuthorizerList;
  beforeAll(async () => {
    database = await startDatabase(kind);
  });
  afterAll(() => database.stop());
  beforeEach(async () => {
    list = new AuthorizerList(database.sql);
    await database.sql.deleteFrom('authorizers').execute();
  });

  async function add(...rows: readonly Partial<AuthorizerRow>[]): Promise<void> {
    const common = {
      component: 'wxc',
      kind: 'official-account',
      state: 'active',
      scopes: '[1,15]',
      authorized_at: 1_000,
      updated_at: 1_000,
    };
    const all = rows.map((row) => ({ ...common, ...row, appid: row.appid!, handle: row.handle ?? `h-${row.appid}` }));
    for (let from = 0; from < all.length; from += 500) {
      const added = all.slice(from, from + 500);
      await database.sql.insertInto('authorizers').values(added).execute();
    }
  }

  /** Page by page. */
  async function appids(request: Partial<AuthorizerListRequest> = {}): Promise<string[]> {
    const { limit = 2 } = request;
    const found: string[] = [];
    let cursor: string | undefined;
    do {
      const { items, next } = await list.page({ ...request, limit, cursor });
      expect(items.length).toBeLessThanOrEqual(limit);
      found.push(...items.map(({ appid }) => appid));
      cursor = next ?? undefined;
    } while (cursor !== undefined);
    return found;
  }

  it('has each account once, page by page', async () => {
    await add(...['a', 'b', 'c', 'd'].map((one) => ({ appid: `wx${one}` })), {
      component: 'wxd',
      appid: 'wxa',
      handle: 'h-other',
    });
    expect(await appids()).toEqual(['wxa', 'wxa', 'wxb', 'wxc', 'wxd']);
    expect(await appids({ component: 'wxd' })).toEqual(['wxa']);
    expect(await appids({ accounts: ['wxnone', 'wxb', 'wxd'] })).toEqual(['wxb', 'wxd']);
    expect(await appids({ handle: 'h-wxc' })).toEqual(['wxc']);
    expect(await appids({ state: 'revoked' })).toEqual([]);
    for (const cursor of ['bogus', Buffer.from('names wxa wxc ').toString('base64url')]) {
      await expect(list.page({ limit: 2, cursor })).rejects.toMatchObject({ code: 'invalid_request' });
    }
  });

  it('finds an appid or an original id by its beginning, in either case', async () => {
    await add(
      { appid: 'wx12ab', user_name: 'gh_77' },
      { appid: 'wx12ac', user_name: 'gh_70' },
      { appid: 'wx99', user_name: 'gh_a0', nick_name: 'wx12 and gh_7' },
    );
    expect(await appids({ q: 'wx12', limit: 1 })).toEqual(['wx12ab', 'wx12ac']);
    expect(await appids({ q: ' WX12AC ' })).toEqual(['wx12ac']);
    expect(await appids({ q: 'gh_7', limit: 1 })).toEqual(['wx12ac', 'wx12ab']);
    expect(await appids({ q: 'GH_A0' })).toEqual(['wx99']);
    expect(await appids({ q: 'gh_', state: 'active', limit: 1 })).toEqual(['wx12ac', 'wx12ab', 'wx99']);
  });

  it('searches names for a text that looks like an id but is the beginning of none', async () => {
    await add({ appid: 'wx1', nick_name: 'WXMall 商城' }, { appid: 'wx2', nick_name: 'another' });
    expect(await appids({ q: 'wxmall' })).toEqual(['wx1']);
    expect(await appids({ q: 'gh_nothing' })).toEqual([]);
  });

  it('finds names and principals by any part, in every script and case', async () => {
    await add(
      { appid: 'wx1', nick_name: '某某超市（朝阳店）', principal_name: '北京某某商贸有限公司' },
      { appid: 'wx2', nick_name: 'ÉCOLE Москва', principal_name: null },
      { appid: 'wx3', nick_name: null, principal_name: 'Tea & Coffee 茶館' },
      { appid: 'wx4', nick_name: '😀 shop' },
    );
    const cases: readonly (readonly [q: string, found: readonly string[]])[] = [
      ['超市', ['wx1']],
      ['商贸', ['wx1']],
      ['école', ['wx2']],
      ['МОСКВА', ['wx2']],
      ['tea & c', ['wx3']],
      ['茶館', ['wx3']],
      ['茶馆', []],
      ['😀', ['wx4']],
      ['SHOP', ['wx4']],
    ];
    for (const [q, found] of cases) expect([q, await appids({ q })]).toEqual([q, found]);
  });

  it('takes no character as a wildcard', async () => {
    await add({ appid: 'wx1', nick_name: 'plain' }, { appid: 'wx2', nick_name: "100% _real_ \\ 'quoted'" });
    for (const q of ['100%', '_real_', '\\', "'quoted'"]) expect([q, await appids({ q })]).toEqual([q, ['wx2']]);
    for (const q of ['%', '_', '*', '?'])
      expect([q, await appids({ q })]).toEqual([q, q === '%' || q === '_' ? ['wx2'] : []]);
  });

  it('shows the account first whose handle is searched for, then those whose chosen handles or names fit', async () => {
    await add(
      { appid: 'wx1', chosen_handle: 'shop-17' },
      { appid: 'wx2', nick_name: 'my shop-1' },
      { appid: 'wx3', chosen_handle: 'shop-1', nick_name: 'shop-1' },
      { appid: 'wx4', chosen_handle: 'my-shop-1' },
      { appid: 'wx5', handle: 'shop-1-random', nick_name: 'random' },
      { appid: 'wx6', handle: 'shop-1-replaced', chosen_handle: 'chosen' },
    );
    for (const limit of [1, 2, 3, 50]) expect(await appids({ q: 'shop-1', limit })).toEqual(['wx3', 'wx1', 'wx2']);
    // Handles are names of programs: they match as they are written.
    expect(await appids({ q: 'SHOP-17' })).toEqual([]);
    // A random one is found as a whole, by its index.
    expect(await appids({ q: 'shop-1-random' })).toEqual(['wx5']);
    expect(await appids({ q: 'shop-1-replaced' })).toEqual([]);
    expect(await appids({ q: 'random', handle: 'shop-1-random' })).toEqual(['wx5']);
    expect(await appids({ q: 'random', handle: 'chosen' })).toEqual([]);
  });

  it('combines a search with every filter, and with the accounts of a key', async () => {
    const named = { nick_name: '茶馆' };
    await add(
      { appid: 'wx1', ...named },
      { appid: 'wx2', ...named, state: 'revoked' },
      { appid: 'wx3', ...named, kind: 'mini-program', scopes: '[1]' },
      { appid: 'wx4', ...named, component: 'wxd', scopes: '[115]' },
    );
    expect(await appids({ q: '茶', state: 'revoked' })).toEqual(['wx2']);
    expect(await appids({ q: '茶', kind: 'mini-program' })).toEqual(['wx3']);
    expect(await appids({ q: '茶', scope: 15 })).toEqual(['wx1', 'wx2']);
    expect(await appids({ scope: 1 })).toEqual(['wx1', 'wx2', 'wx3']);
    expect(await appids({ q: '茶', component: 'wxd' })).toEqual(['wx4']);
    expect(await appids({ q: '茶', accounts: ['wx2', 'wx3'] })).toEqual(['wx2', 'wx3']);
    expect(await appids({ q: 'wx', accounts: ['wx2', 'wx3'], kind: 'mini-program' })).toEqual(['wx3']);
    const { appid } = TEST_ACCOUNTS[0]!;
    await add({ appid, ...named, component: 'wxd' });
    expect(await appids({ q: '茶', component: 'wxd' })).toEqual(['wx4']);
    expect(await appids({ q: '茶', component: 'wxd', withTest: true })).toHaveLength(2);
  });

  it('finds the few among many that pass a filter, in every window', async () => {
    list = new AuthorizerList(database.sql, { rows: 200, names: 200, loaded: 60 });
    const hex = (i: number) => i.toString(16).padStart(4, '0');
    const rare = [0, 199, 200, 201, 399, 400, 449];
    await add(
      ...Array.from({ length: 450 }, (_, i) => ({
        appid: `wx${hex(i)}`,
        user_name: `gh_${hex(450 - i)}`,
        nick_name: rare.includes(i) ? `Rare ${i}` : `common ${i}`,
        kind: rare.includes(i) ? 'mini-program' : 'official-account',
        state: rare.includes(i) ? 'revoked' : 'active',
      })),
    );
    const expected = rare.map((i) => `wx${hex(i)}`);
    for (const limit of [3, 7, 100]) {
      expect(await appids({ q: 'rare', limit })).toEqual(expected);
      expect(await appids({ kind: 'mini-program', limit })).toEqual(expected);
      expect(await appids({ q: 'r', kind: 'mini-program', limit })).toEqual(expected);
      expect(await appids({ q: 'r', state: 'revoked', limit })).toEqual(expected);
      expect(await appids({ q: 'gh_', state: 'revoked', limit })).toEqual(expected.toReversed());
    }
    expect(await appids({ q: 'common', kind: 'mini-program', limit: 3 })).toEqual([]);
    expect(await appids({ q: 'common', kind: 'official-account', limit: 50 })).toHaveLength(450 - rare.length);
    expect(await appids({ q: '44', state: 'active', limit: 50 })).toHaveLength(
      Array.from({ length: 450 }, (_, i) => i).filter((i) => `common ${i}`.includes('44') && !rare.includes(i)).length,
    );
  });

  it('reads only the index of names until a name fits', async () => {
    await add({ appid: 'wx1', nick_name: '茶馆' }, { appid: 'wx2' });
    const statements: string[] = [];
    const recorded = openDatabase(database.url, { recordStatement: (text) => statements.push(text) });
    try {
      const request = { q: '茶馆', limit: 50, component: 'wxc', state: 'active', kind: 'official-account' } as const;
      expect((await new AuthorizerList(recorded).page(request)).items).toHaveLength(1);
    } finally {
      await recorded.destroy();
    }
    const ofNames = statements.filter((text) => text.includes('authorizers_search'));
    expect(ofNames.length).toBeGreaterThanOrEqual(2);
    for (const text of ofNames) {
      const explained = text.replace(/(limit|offset) \?/g, '$1 1').replaceAll('?', "''");
      const [words, how] = { SQLite: ['explain query plan', 'COVERING INDEX'], MariaDB: ['explain', 'Using index'] }[
        kind
      ];
      const { rows } = await sql.raw(`${words} ${explained}`).execute(database.sql);
      expect(JSON.stringify(rows)).toContain(how);
    }
    // The others read by a whole key.
    const rest = statements.filter(
      (text) => text.startsWith('select *') && !/"?`?(handle|appid)`?"? (=|in)/.test(text),
    );
    expect(rest).toEqual([]);
  });

  it('ends the search of a caller that has gone', async () => {
    await add({ appid: 'wx1' });
    const reason = new Error('gone');
    await expect(list.page({ q: '茶', limit: 1, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  it('counts them by state and kind, at most every ten seconds, without test accounts', async () => {
    await add(
      { appid: 'wx1' },
      { appid: 'wx2', state: 'revoked', kind: null },
      { appid: 'wx3', component: 'wxd', kind: 'mini-program' },
      { appid: TEST_ACCOUNTS[0]!.appid },
    );
    const clock = { now: 0 };
    const counter = new AuthorizerCounter(database.sql, () => clock.now);
    const totals = await counter.totals({});
    expect(totals).toMatchObject({
      total: 3,
      byState: { active: 2, 'needs-reauthorization': 0, revoked: 1 },
      byKind: { 'official-account': 1, 'mini-program': 1, unknown: 1 },
    });
    expect(await counter.totals({ component: 'wxd' })).toMatchObject({ total: 1 });
    expect(await counter.totals({ accounts: ['wx2', 'wx9'] })).toMatchObject({ total: 1 });
    await add({ appid: 'wx4' });
    clock.now = 9_999;
    expect(await counter.totals({})).toEqual(totals);
    clock.now = 10_000;
    expect(await counter.totals({})).toMatchObject({
      total: 4,
      byState: { active: 3, 'needs-reauthorization': 0, revoked: 1 },
      byKind: { 'official-account': 2, 'mini-program': 1, unknown: 1 },
    });
    expect(await counter.totals({ component: 'wxd' })).toMatchObject({ total: 1, byKind: { 'mini-program': 1 } });
    // Another group becomes the largest one.
    await add(...['5', '6', '7'].map((i) => ({ appid: `wx${i}`, component: 'wxd', state: 'needs-reauthorization' })));
    for (const now of [20_000, 30_000]) {
      clock.now = now;
      expect(await counter.totals({})).toMatchObject({
        total: 7,
        byState: { active: 3, 'needs-reauthorization': 3, revoked: 1 },
        byKind: { 'official-account': 5, 'mini-program': 1, unknown: 1 },
      });
    }
    await database.sql.deleteFrom('authorizers').execute();
    clock.now = 40_000;
    expect(await counter.totals({})).toMatchObject({ total: 0 });
  });
});
