import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { Seals } from '../redis/sealed.ts';
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
  beforeEach(() => database.sql.deleteFrom('authorizers').execute());

  const grant = (refreshToken: string) => ({ refreshToken, scopes: [1, 15], authorizedAt: new Date(1_000) });

  const first = (listed: readonly { appid: string }[]) => listed[0]!.appid;

  it('saves what an exchange brought, whatever was there', async () => {
    await store.saveGrant('wxc', 'wxa', grant('refreshtoken@@@1'));
    expect(await store.grant('wxc', 'wxa')).toMatchObject({
      refreshToken: 'refreshtoken@@@1',
      version: 1,
      state: 'active',
    });
    await store.changeGrant('wxc', 'wxa', 1, { state: 'revoked' });
    await store.saveGrant('wxc', 'wxa', grant('refreshtoken@@@2'));
    expect(await store.grant('wxc', 'wxa')).toMatchObject({
      refreshToken: 'refreshtoken@@@2',
      version: 3,
      state: 'active',
    });
  });

  it('lets nobody write who asked WeChat about an older grant', async () => {
    await store.saveGrant('wxc', 'wxa', grant('old'));
    const before = await store.grant('wxc', 'wxa');
    await store.saveGrant('wxc', 'wxa', grant('new'));
    expect(await store.changeGrant('wxc', 'wxa', before!.version, { refreshToken: 'echo' })).toBe('outrun');
    expect(await store.changeGrant('wxc', 'wxa', before!.version, { state: 'revoked' })).toBe('outrun');
    expect(await store.changeGrant('wxc', 'wxa', undefined, { refreshToken: 'found' })).toBe('outrun');
    expect(await store.grant('wxc', 'wxa')).toMatchObject({ refreshToken: 'new', state: 'active' });
  });

  it('adds an account that only WeChat knew', async () => {
    expect(await store.changeGrant('wxc', 'wxa', undefined, { refreshToken: 'listed' })).toBe('saved');
    expect(await store.grant('wxc', 'wxa')).toMatchObject({ refreshToken: 'listed', state: 'active' });
  });

  it('keeps the handle for good, and the same account under two components apart', async () => {
    await store.saveGrant('wxc', 'wxa', grant('1'));
    const { handle } = (await store.find('wxc', 'wxa'))!;
    await store.saveGrant('wxc', 'wxa', grant('2'));
    expect((await store.find('wxc', 'wxa'))?.handle).toBe(handle);
    await store.saveGrant('wxd', 'wxa', grant('3'));
    expect(await store.findEverywhere('wxa')).toHaveLength(2);
    expect(await store.grant('wxc', 'wxa')).toMatchObject({ refreshToken: '2' });
  });

  it('lists everybody once, page by page', async () => {
    for (let i = 0; i < 7; i++) await store.saveGrant(i % 2 ? 'wxc' : 'wxd', `wxa${i >> 1}`, grant('r'));
    const seen: string[] = [];
    let after: { appid: string; component: string } | undefined;
    for (;;) {
      const page = await store.list({ limit: 2, after });
      seen.push(...page.map((a) => `${a.appid}/${a.component}`));
      if (page.length < 2) break;
      after = page.at(-1);
    }
    expect(seen).toHaveLength(7);
    expect(seen).toEqual([...new Set(seen)].sort());
    expect(await store.list({ limit: 10, state: 'revoked' })).toEqual([]);
    expect(await store.list({ limit: 10, accounts: [] })).toHaveLength((await store.list({ limit: 10 })).length);
    const some = await store.list({ limit: 10, accounts: ['wxNobody', first(await store.list({ limit: 1 }))] });
    expect(new Set(some.map(({ appid }) => appid))).toEqual(new Set([first(await store.list({ limit: 1 }))]));
  });

  it('tells who was in use, for a Redis that lost everything', async () => {
    for (const appid of ['wxa1', 'wxa2', 'wxa3']) await store.saveGrant('wxc', appid, grant('r'));
    await database.sql.updateTable('authorizers').set({ used_at: 5 }).where('appid', '=', 'wxa2').execute();
    await store.changeGrant('wxc', 'wxa3', 1, { state: 'revoked' });
    const used: string[] = [];
    for await (const page of store.usedSince('wxc', new Date(1_000))) used.push(...page);
    expect(used).toEqual(['wxa1']);
  });

  it('keeps no refresh token in clear', async () => {
    await store.saveGrant('wxc', 'wxa', grant('refreshtoken@@@clear'));
    expect(JSON.stringify(await database.sql.selectFrom('authorizers').selectAll().execute())).not.toContain('clear');
  });

  it('lists from the replica, and decides by the database itself', async () => {
    const lagging = await startDatabase(kind);
    const reading = new AuthorizerStore(database.sql, seals, lagging.sql);
    await store.saveGrant('wxc', 'wxa', grant('1'));
    expect(await reading.list({ limit: 10 })).toEqual([]);
    expect(await reading.grant('wxc', 'wxa')).toMatchObject({ refreshToken: '1' });
    expect(await reading.findEverywhere('wxa')).toHaveLength(1);
    expect(await reading.changeGrant('wxc', 'wxa', 1, { state: 'revoked' })).toBe('saved');
    await lagging.stop();
  });

  it.each(['saved', 'outrun'] as const)('tells a grant whose answer was lost: %s', async (outcome) => {
    await store.saveGrant('wxc', 'wxa', grant('1'));
    let lost = false;
    // Answers the first write with a lost connection although it was done.
    const losing = new Proxy(database.sql, {
      get(target, name) {
        const value = Reflect.get(target, name, target);
        if (name !== 'updateTable' || lost) return typeof value === 'function' ? value.bind(target) : value;
        return () => {
          lost = true;
          const write = database.sql.updateTable('authorizers');
          const lose = async () => {
            if (outcome === 'outrun') await store.saveGrant('wxc', 'wxa', grant('another'));
            throw Object.assign(new Error('lost'), { code: 'PROTOCOL_CONNECTION_LOST' });
          };
          return losingAnswer(write, lose);
        };
      },
    });
    const unlucky = new AuthorizerStore(losing, seals);
    expect(await unlucky.changeGrant('wxc', 'wxa', 1, { refreshToken: '2' })).toBe(outcome);
    expect(await store.grant('wxc', 'wxa')).toMatchObject({ refreshToken: outcome === 'saved' ? '2' : 'another' });
  });
});

/** The same builder, whose last step does its work and then fails. */
function losingAnswer<T extends object>(builder: T, lose: () => Promise<never>): T {
  return new Proxy(builder, {
    get(target, name) {
      const value = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        const answer = value.apply(target, args);
        return name === 'executeTakeFirst' ? answer.then(lose) : losingAnswer(answer, lose);
      };
    },
  });
}
