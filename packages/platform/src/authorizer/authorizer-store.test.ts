import { randomBytes } from 'node:crypto';
import { type AuthorizerInfo, TEST_ACCOUNTS } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { Seals } from '../sealing/seals.ts';
import { AuthorizerStore } from './authorizer-store.ts';

describe.each(databases)('authorizers on %s', (kind) => {
  let database: TestDatabase;
  let store: AuthorizerStore;
  const seals = new Seals([randomBytes(32)]);
  beforeAll(async () => {
    database = await startDatabase(kind);
    store = new AuthorizerStore(database.sql, seals);
  });
  afterAll(() => database.stop());
  beforeEach(async () => {
    await database.sql.deleteFrom('authorizers').execute();
    await database.sql.deleteFrom('authorizer_history').execute();
  });

  const grant = (refreshToken: string) => ({ refreshToken, scopes: [1, 15], authorizedAt: new Date(1_000) });

  it('saves the result of an exchange over any stored grant', async () => {
    await store.grants.save('wxc', 'wxa', grant('refreshtoken@@@1'));
    expect(await store.grants.find('wxc', 'wxa')).toMatchObject({
      refreshToken: 'refreshtoken@@@1',
      version: 1,
      state: 'active',
    });
    await store.grants.change('wxc', 'wxa', 1, { state: 'revoked' });
    await store.grants.save('wxc', 'wxa', grant('refreshtoken@@@2'));
    expect(await store.grants.find('wxc', 'wxa')).toMatchObject({
      refreshToken: 'refreshtoken@@@2',
      version: 3,
      state: 'active',
    });
  });

  it('refuses a write that follows from an older grant', async () => {
    await store.grants.save('wxc', 'wxa', grant('old'));
    const before = await store.grants.find('wxc', 'wxa');
    await store.grants.save('wxc', 'wxa', grant('new'));
    expect(await store.grants.change('wxc', 'wxa', before!.version, { refreshToken: 'echo' })).toBe('superseded');
    expect(await store.grants.change('wxc', 'wxa', before!.version, { state: 'revoked' })).toBe('superseded');
    expect(await store.grants.change('wxc', 'wxa', undefined, { refreshToken: 'found' })).toBe('superseded');
    expect(await store.grants.find('wxc', 'wxa')).toMatchObject({ refreshToken: 'new', state: 'active' });
  });

  it('adds an account that only WeChat knew', async () => {
    expect(await store.grants.change('wxc', 'wxa', undefined, { refreshToken: 'listed' })).toBe('saved');
    expect(await store.grants.find('wxc', 'wxa')).toMatchObject({ refreshToken: 'listed', state: 'active' });
  });

  describe('handles', () => {
    beforeEach(async () => {
      for (const component of ['wxc', 'wxd']) {
        for (const appid of ['wxa', 'wxb']) await store.grants.save(component, appid, grant('r'));
      }
    });
    const handleOf = async (component: string, appid: string) => (await store.find(component, appid))!.handle;

    it('are random until they are chosen; the value for cookies stays random', async () => {
      const before = (await store.find('wxc', 'wxa'))!;
      expect(before.handle).toMatch(/^[\w-]{24}$/);
      expect(before.cookieValue).toBe(before.handle);
      for (const _ of ['once', 'repeated']) expect(await store.handles.choose('wxc', 'wxa', 'shop-1')).toBe('chosen');
      expect(await store.find('wxc', 'wxa')).toEqual({ ...before, handle: 'shop-1' });
      expect(await store.findByCookieValue('shop-1')).toBeUndefined();
      expect(await store.findByCookieValue(before.cookieValue)).toMatchObject({ appid: 'wxa', handle: 'shop-1' });
      expect(await store.findByHandle(before.handle)).toEqual([]);
      const names = await store.names([before]);
      expect([...names.values()]).toEqual([{ handle: 'shop-1', nickName: null }]);
    });

    it('are unique in their component, letter by letter', async () => {
      expect(await store.handles.choose('wxc', 'wxa', 'shop-1')).toBe('chosen');
      expect(await store.handles.choose('wxc', 'wxb', 'shop-1')).toBe('taken');
      expect(await store.handles.choose('wxc', 'wxb', 'Shop-1')).toBe('chosen');
      expect(await store.handles.choose('wxd', 'wxb', 'shop-1')).toBe('chosen');
      const found = await store.findByHandle('shop-1');
      expect(found.map(({ component, appid }) => [component, appid]).toSorted()).toEqual([
        ['wxc', 'wxa'],
        ['wxd', 'wxb'],
      ]);
    });

    it('cannot be the random one of another account, also after that has another', async () => {
      const random = await handleOf('wxc', 'wxb');
      expect(await store.handles.choose('wxc', 'wxa', random)).toBe('taken');
      await store.handles.choose('wxc', 'wxb', 'shop-2');
      expect(await store.handles.choose('wxc', 'wxa', random)).toBe('taken');
      expect(await store.handles.choose('wxc', 'wxb', random)).toBe('chosen');
      expect(await store.handles.isTaken('wxc', random, null)).toBe(true);
      expect(await store.handles.isTaken('wxc', random, 'wxb')).toBe(false);
    });

    it('go to one account if two choose the same at the same time', async () => {
      const results = await Promise.all(['wxa', 'wxb'].map((appid) => store.handles.choose('wxc', appid, 'shop-1')));
      expect(results.toSorted()).toEqual(['chosen', 'taken']);
      expect(await store.findByHandle('shop-1')).toHaveLength(1);
    });

    it('stay when the account withdraws its consent and authorizes again', async () => {
      await store.handles.choose('wxc', 'wxa', 'shop-1');
      await store.grants.change('wxc', 'wxa', 1, { state: 'revoked' });
      expect(await store.handles.choose('wxc', 'wxb', 'shop-1')).toBe('taken');
      await store.grants.save('wxc', 'wxa', grant('again'));
      expect(await store.find('wxc', 'wxa')).toMatchObject({ state: 'active', handle: 'shop-1' });
    });

    it('restrict lists, and are searched for by their beginning', async () => {
      const { handle: random, cookieValue } = (await store.find('wxc', 'wxb'))!;
      await store.handles.choose('wxc', 'wxb', 'shop-1');
      await store.handles.choose('wxc', 'wxa', 'shop-12');
      const listed = async (filter: object) =>
        (await store.lists.page({ limit: 10, ...filter })).items.map(({ component, appid }) => `${component}/${appid}`);
      expect(await listed({ handle: 'shop-1' })).toEqual(['wxc/wxb']);
      expect(await listed({ handle: 'shop-1', component: 'wxd' })).toEqual([]);
      expect(await listed({ handle: random })).toEqual([]);
      expect(await listed({ cookieValue })).toEqual(['wxc/wxb']);
      expect(await listed({ cookieValue: 'shop-1' })).toEqual([]);
      expect(await listed({ q: 'shop-1' })).toEqual(['wxc/wxb', 'wxc/wxa']);
      expect(await listed({ q: random })).toEqual([]);
      const other = await handleOf('wxd', 'wxa');
      expect(await listed({ q: other })).toEqual(['wxd/wxa']);
    });
  });

  it('never changes the handle, and separates the same account under two components', async () => {
    await store.grants.save('wxc', 'wxa', grant('1'));
    const { handle } = (await store.find('wxc', 'wxa'))!;
    await store.grants.save('wxc', 'wxa', grant('2'));
    expect((await store.find('wxc', 'wxa'))?.handle).toBe(handle);
    await store.grants.save('wxd', 'wxa', grant('3'));
    expect(await store.findEverywhere('wxa')).toHaveLength(2);
    expect(await store.grants.find('wxc', 'wxa')).toMatchObject({ refreshToken: '2' });
  });

  it('lists, of certain accounts, those whose consent to the component has not ended', async () => {
    for (const appid of ['wxd', 'wxb', 'wxa', 'wxc']) await store.grants.save('wx1', appid, grant(appid));
    await store.grants.save('wx2', 'wxe', grant('other component'));
    await store.grants.change('wx1', 'wxb', 1, { state: 'needs-reauthorization' });
    await store.grants.change('wx1', 'wxd', 1, { state: 'revoked' });
    const listed = await store.consenting('wx1', ['wxe', 'wxd', 'wxb', 'wxa', 'wxunknown']);
    expect(listed.map(({ appid }) => appid)).toEqual(['wxa', 'wxb']);
    expect(await store.consenting('wx1', [])).toEqual([]);
  });

  it('names the accounts of a page, of several components', async () => {
    for (const appid of ['wxa', 'wxb']) await store.grants.save('wx1', appid, grant(appid));
    await store.grants.save('wx2', 'wxa', grant('other component'));
    const { handle } = (await store.find('wx1', 'wxa'))!;
    const named = { nick_name: '茶馆' };
    await database.sql.updateTable('authorizers').set(named).where('component', '=', 'wx1').execute();
    const names = await store.names([
      { component: 'wx1', appid: 'wxa' },
      { component: 'wx1', appid: 'wxa' },
      { component: 'wx2', appid: 'wxa' },
      { component: 'wx2', appid: 'wxb' },
      { component: 'wx1', appid: null },
    ]);
    expect([...names.keys()].sort()).toEqual(['wx1/wxa', 'wx2/wxa']);
    expect(names.get('wx1/wxa')).toEqual({ handle, nickName: '茶馆' });
    expect(names.get('wx2/wxa')).toMatchObject({ nickName: null });
    expect(await store.names([])).toEqual(new Map());
  });

  it('counts the active accounts of the named components', async () => {
    for (const appid of ['wxa', 'wxb', 'wxd']) await store.grants.save('wxc', appid, grant(appid));
    await store.grants.save('wxother', 'wxa', grant('1'));
    await store.grants.change('wxc', 'wxd', 1, { state: 'revoked' });
    expect(await store.countActive(['wxc'])).toBe(2);
    expect(await store.countActive(['wxc', 'wxother'])).toBe(3);
    expect(await store.countActive([])).toBe(0);
  });

  it("lists WeChat's test accounts only where they are asked for, and never counts them", async () => {
    const { appid } = TEST_ACCOUNTS[0]!;
    for (const account of ['wxa', appid]) await store.grants.save('wxc', account, grant(account));
    const listed = async (withTest?: boolean) =>
      (await store.lists.page({ limit: 10, withTest })).items.map((one) => [one.appid, one.isTest]);
    expect(await listed()).toEqual([['wxa', false]]);
    expect(new Map((await listed(true)) as [string, boolean][])).toEqual(
      new Map([
        ['wxa', false],
        [appid, true],
      ]),
    );
    expect(await store.countActive(['wxc'])).toBe(1);
    expect(await store.find('wxc', appid)).toMatchObject({ isTest: true });
  });

  it('lists the accounts in use, for a Redis that lost everything', async () => {
    for (const appid of ['wxa1', 'wxa2', 'wxa3']) await store.grants.save('wxc', appid, grant('r'));
    await database.sql.updateTable('authorizers').set({ used_at: 5 }).where('appid', '=', 'wxa2').execute();
    await store.grants.change('wxc', 'wxa3', 1, { state: 'revoked' });
    const used: string[] = [];
    for await (const page of store.usedSince('wxc', new Date(1_000))) used.push(...page);
    expect(used).toEqual(['wxa1']);
  });

  const profile = (scopes: number[]): AuthorizerInfo => ({
    appid: 'wxa',
    nickName: '茶馆',
    userName: 'gh_1',
    headImg: 'http://wx.qlogo.cn/1',
    alias: 'tea',
    principalName: 'Ltd',
    kind: 'mini-program',
    serviceType: 0,
    verifyType: -1,
    accountStatus: 1,
    refreshToken: undefined,
    scopes,
    raw: {},
  });

  it('takes scopes from a profile only if the grant has not changed since the request', async () => {
    await store.grants.save('wxc', 'wxa', grant('1'));
    await store.profiles.save('wxc', profile([15, 1]), 1, 1_000);
    expect(await store.grants.find('wxc', 'wxa')).toMatchObject({ version: 1 });
    await store.profiles.save('wxc', profile([1]), 1, 1_000);
    expect(await store.find('wxc', 'wxa')).toMatchObject({ scopes: [1], kind: 'mini-program', verifyType: -1 });
    await store.grants.save('wxc', 'wxa', grant('2'));
    await store.profiles.save('wxc', profile([7]), 2, 1_000);
    expect((await store.find('wxc', 'wxa'))?.scopes).toEqual([1, 15]);
  });

  it('keeps what a profile does not contain', async () => {
    await store.grants.save('wxc', 'wxa', grant('1'));
    await store.profiles.save('wxc', profile([1, 15]), 1, 1_000);
    const before = await store.find('wxc', 'wxa');
    await store.profiles.save(
      'wxc',
      {
        ...{ appid: 'wxa', nickName: undefined, userName: undefined, headImg: undefined, alias: undefined },
        ...{ principalName: undefined, kind: 'official-account', serviceType: undefined, verifyType: undefined },
        ...{ accountStatus: undefined, refreshToken: undefined, scopes: undefined, raw: {} },
      },
      1,
      1_000,
    );
    const { updatedAt: _, profileAt: __, ...after } = (await store.find('wxc', 'wxa'))!;
    expect(before).toMatchObject(after);
    expect(after).toMatchObject({ kind: 'mini-program', nickName: '茶馆', alias: 'tea', scopes: [1, 15] });
    expect(await store.grants.history('wxc', 'wxa', { limit: 10 })).toHaveLength(1);
    // An empty value overwrites a stored one.
    await store.profiles.save('wxc', { ...profile([]), alias: '' }, 1, 1_000);
    expect(await store.find('wxc', 'wxa')).toMatchObject({ alias: null, headImg: 'http://wx.qlogo.cn/1', scopes: [] });
  });

  it('takes the kind of an account from its first profile', async () => {
    await store.grants.save('wxc', 'wxa', grant('1'));
    await store.profiles.save('wxc', { ...profile([1]), kind: 'official-account' }, 1, 1_000);
    expect(await store.find('wxc', 'wxa')).toMatchObject({ kind: 'official-account' });
  });

  it('keeps refresh token and scopes if an exchange returns none', async () => {
    await store.grants.save('wxc', 'wxa', grant('1'));
    await store.grants.change('wxc', 'wxa', 1, { state: 'revoked' });
    await store.grants.save('wxc', 'wxa', { ...grant('1'), refreshToken: undefined, scopes: undefined });
    expect(await store.grants.find('wxc', 'wxa')).toMatchObject({ refreshToken: '1', state: 'active' });
    expect(await store.find('wxc', 'wxa')).toMatchObject({ scopes: [1, 15] });
    await store.grants.save('wxc', 'wxb', { refreshToken: undefined, scopes: undefined, authorizedAt: new Date(1) });
    expect(await store.find('wxc', 'wxb')).toMatchObject({ scopes: [], state: 'active' });
  });

  it('lists the events of a consent, newest first', async () => {
    await store.grants.save('wxc', 'wxa', grant('1'));
    await store.profiles.save('wxc', profile([1]), 1, 1_000);
    await store.grants.change('wxc', 'wxa', 2, { refreshToken: 'echo' });
    await store.grants.change('wxc', 'wxa', 3, { state: 'revoked' });
    await store.grants.save('wxc', 'wxa', grant('2'));
    await store.grants.save('wxd', 'wxa', grant('other'));
    const events = (await store.grants.history('wxc', 'wxa', { limit: 10 })).map(
      ({ event, state }) => `${event}/${state}`,
    );
    expect(events).toEqual(['reauthorized/active', 'revoked/revoked', 'scopes-changed/active', 'authorized/active']);
    expect(await store.grants.history('wxc', 'wxa', { limit: 10, before: 2 })).toMatchObject([{ event: 'authorized' }]);
  });

  it('claims each due profile once, the longest due first', async () => {
    for (const appid of ['wxa1', 'wxa2', 'wxa3']) await store.grants.save('wxc', appid, grant('r'));
    const due = (appid: string, at: number) =>
      database.sql.updateTable('authorizers').set({ profile_due_at: at }).where('appid', '=', appid).execute();
    await due('wxa1', 5);
    await due('wxa2', 3);
    await due('wxa3', Date.now() + 60_000);
    expect(await store.profiles.claimDue('wxc', 1, 60_000)).toEqual(['wxa2']);
    expect(await store.profiles.claimDue('wxc', 10, 60_000)).toEqual(['wxa1']);
    expect(await store.profiles.claimDue('wxc', 10, 60_000)).toEqual([]);
  });

  it('stores no refresh token in clear', async () => {
    await store.grants.save('wxc', 'wxa', grant('refreshtoken@@@clear'));
    expect(JSON.stringify(await database.sql.selectFrom('authorizers').selectAll().execute())).not.toContain('clear');
  });

  it('counts the accounts of a component by their state', async () => {
    for (const appid of ['wxa1', 'wxa2', 'wxa3']) await store.grants.save('wxc', appid, grant('1'));
    await store.grants.save('wxd', 'wxa1', grant('1'));
    await store.grants.change('wxc', 'wxa2', 1, { state: 'revoked' });
    const { byState } = await store.counter.totals({ component: 'wxc' });
    expect(byState).toEqual({ active: 2, 'needs-reauthorization': 0, revoked: 1 });
  });

  it('lists from the replica, and decides by the primary database', async () => {
    const lagging = await startDatabase(kind);
    const reading = new AuthorizerStore(database.sql, seals, lagging.sql);
    await store.grants.save('wxc', 'wxa', grant('1'));
    expect((await reading.lists.page({ limit: 10 })).items).toEqual([]);
    expect((await reading.counter.totals({})).total).toBe(0);
    expect(await reading.grants.find('wxc', 'wxa')).toMatchObject({ refreshToken: '1' });
    expect(await reading.findEverywhere('wxa')).toHaveLength(1);
    expect(await reading.grants.change('wxc', 'wxa', 1, { state: 'revoked' })).toBe('saved');
    await lagging.stop();
  });

  it.each(['saved', 'superseded'] as const)('reports a grant whose answer was lost as %s', async (outcome) => {
    await store.grants.save('wxc', 'wxa', grant('1'));
    let lost = false;
    // Commits the first transaction, and then reports that the connection was lost.
    const losing = new Proxy(database.sql, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (name !== 'transaction' || lost) return typeof value === 'function' ? value.bind(target) : value;
        return () => ({
          async execute(work: Parameters<ReturnType<typeof target.transaction>['execute']>[0]) {
            lost = true;
            await target.transaction().execute(work);
            if (outcome === 'superseded') await store.grants.save('wxc', 'wxa', grant('another'));
            throw Object.assign(new Error('lost'), { code: 'PROTOCOL_CONNECTION_LOST' });
          },
        });
      },
    });
    const interrupted = new AuthorizerStore(losing, seals);
    expect(await interrupted.grants.change('wxc', 'wxa', 1, { refreshToken: '2' })).toBe(outcome);
    expect(await store.grants.find('wxc', 'wxa')).toMatchObject({
      refreshToken: outcome === 'saved' ? '2' : 'another',
    });
  });
});
