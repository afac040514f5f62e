import { randomBytes } from 'node:crypto';
import { type AuthorizerInfo, type ComponentApi, Failure, UnreadableAnswer } from '@wxthirdparty/wechat';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { Profiles } from '../authorizer/profiles.ts';
import { type EventPayloads, Events } from '../events.ts';
import { Seals } from '../sealing/seals.ts';
import type { RefreshAhead } from '../token/refresh-ahead.ts';
import type { Tokens } from '../token/tokens.ts';
import { ReconciliationStore } from './reconciliation-store.ts';
import { Reconciler } from './reconciliations.ts';

const COMPONENT = 'wxc';
const never = new AbortController().signal;

/** WeChat, as far as a reconciliation sees it. */
class WeChat {
  /** appid → refresh token, in the list's order. */
  readonly accounts = new Map<string, string>();
  readonly offsets: number[] = [];
  /** Accounts with something in them that breaks the JSON of each answer about them. */
  readonly unreadable = new Set<string>();
  /** Whether the list does not report its total. */
  silent = false;
  infos = 0;
  /** Called before a page is answered. */
  beforePage: (offset: number) => Promise<void> | void = () => {};

  readonly api = {
    getAuthorizerList: async ({ offset, count }) => {
      this.offsets.push(offset);
      await this.beforePage(offset);
      const all = [...this.accounts].map(([appid, refreshToken]) => ({
        appid,
        refreshToken: refreshToken || undefined,
        authorizedAt: new Date(1_000),
      }));
      const items = all.slice(offset, offset + count);
      if (items.some((item) => this.unreadable.has(item.appid))) throw unreadable();
      return { total: this.silent ? undefined : all.length, length: items.length, items };
    },
    getAuthorizerInfo: async ({ authorizer }) => {
      this.infos++;
      if (this.unreadable.has(authorizer)) throw unreadable();
      if (!this.accounts.has(authorizer)) {
        throw new Failure('not_authorized', 'reauthorize', 'no', { errcode: 61003 });
      }
      return { appid: authorizer, nickName: 'n', userName: 'gh', kind: 'mini-program', scopes: [1] } as AuthorizerInfo;
    },
  } as Partial<ComponentApi> as ComponentApi;
}

const unreadable = () => new UnreadableAnswer('wechat_broken_answer', 'retry', 'broken');

/** There is always a token. */
const tokens = {
  ensure: () => Promise.resolve({ value: 'token' }),
  accepted: () => {},
  store: {
    forgiveAccount: () => Promise.resolve(),
    erase: () => Promise.resolve(),
    read: () => Promise.resolve({ version: 0 }),
    void: () => {},
  },
} as unknown as Tokens;
const refreshAhead = { drop: () => Promise.resolve() } as unknown as RefreshAhead;

describe.each(databases)('reconciliation on %s', (kind) => {
  let database: TestDatabase;
  let authorizers: AuthorizerStore;
  let runs: ReconciliationStore;
  let wechat: WeChat;
  let reconciler: Reconciler;
  let published: EventPayloads['reconciliation'][];
  const seals = new Seals([randomBytes(32)]);
  beforeAll(async () => {
    database = await startDatabase(kind);
    authorizers = new AuthorizerStore(database.sql, seals);
    runs = new ReconciliationStore(database.sql);
  });
  afterAll(() => database.stop());
  beforeEach(async () => {
    for (const table of ['authorizers', 'authorizer_history', 'reconciliations'] as const) {
      await database.sql.deleteFrom(table).execute();
    }
    wechat = new WeChat();
    published = [];
    const events = new Events();
    events.subscribe('reconciliation', (event) => published.push(event));
    reconciler = new Reconciler({
      sql: database.sql,
      api: wechat.api,
      tokens,
      store: runs,
      authorizers,
      profiles: new Profiles({
        api: wechat.api,
        tokens,
        store: authorizers,
        refreshAhead,
        notices: { revoked: async () => {} },
        events,
      }),
      events,
    });
  });

  const appid = (n: number) => `wx${String(n).padStart(6, '0')}`;
  const many = (count: number) => {
    for (let i = 0; i < count; i++) wechat.accounts.set(appid(i), `token-${i}`);
  };
  const reconcile = async (signal = never) => {
    const { run } = await runs.begin(COMPONENT, 'requested');
    const next = await reconciler.work(run.id, signal);
    return { next, run: (await runs.find(run.id))! };
  };
  /** Makes the grants older than the next run. */
  const settle = () => database.sql.updateTable('authorizers').set({ authorized_at: 1 }).execute();

  it('adds all accounts to an empty database, page by page', async () => {
    many(1_234);
    const { run } = await reconcile();
    expect(published).toEqual([{ reconciliation: run.id, next: undefined, ms: expect.any(Number) }]);
    expect(wechat.offsets).toEqual([0, 500, 1_000]);
    expect(run).toMatchObject({ state: 'completed', total: 1_234, seen: 1_234, added: 1_234, changed: 0, revoked: 0 });
    expect(await authorizers.grants.find(COMPONENT, appid(777))).toMatchObject({
      refreshToken: 'token-777',
      state: 'active',
    });
    // WeChat is asked about no account that its list contains; profiles have their own schedule.
    expect(wechat.infos).toBe(0);
    expect(await authorizers.profiles.claimDue(COMPONENT, 5_000, 1)).toHaveLength(1_234);
    const again = await reconcile();
    expect(again.run).toMatchObject({ seen: 1_234, added: 0, changed: 0, revoked: 0 });
  });

  it('changes what differs, revokes accounts that WeChat no longer knows, and does not change the others', async () => {
    many(3);
    await reconcile();
    await settle();
    wechat.accounts.set(appid(0), 'renewed');
    wechat.accounts.delete(appid(1));
    wechat.accounts.set('wx-new', '');
    const before = await authorizers.grants.find(COMPONENT, appid(2));
    const { run } = await reconcile();
    expect(run).toMatchObject({ added: 1, changed: 1, revoked: 1 });
    expect(await authorizers.grants.find(COMPONENT, appid(0))).toMatchObject({
      refreshToken: 'renewed',
      state: 'active',
    });
    expect(await authorizers.grants.find(COMPONENT, appid(1))).toMatchObject({ state: 'revoked' });
    expect(await authorizers.grants.find(COMPONENT, appid(2))).toEqual(before);
    // Its code was never exchanged, so there is nothing to act with (protocol §3.8).
    expect(await authorizers.grants.find(COMPONENT, 'wx-new')).toMatchObject({
      refreshToken: null,
      state: 'needs-reauthorization',
    });
    // An account that was revoked and is in the list again is active again.
    wechat.accounts.set(appid(1), 'token-1');
    await reconcile();
    expect(await authorizers.grants.find(COMPONENT, appid(1))).toMatchObject({ state: 'active' });
  });

  it('restores a refresh token that no key opens, and goes on', async () => {
    many(3);
    await reconcile();
    await settle();
    const elsewhere = new Seals([randomBytes(32)]).seal('token-1', 'another place');
    await database.sql
      .updateTable('authorizers')
      .set({ refresh_token_sealed: elsewhere })
      .where('appid', '=', appid(1))
      .execute();
    await expect(authorizers.grants.find(COMPONENT, appid(1))).rejects.toMatchObject({ code: 'unsealable' });
    expect((await reconcile()).run).toMatchObject({ state: 'completed', seen: 3, changed: 1 });
    expect(await authorizers.grants.find(COMPONENT, appid(1))).toMatchObject({
      refreshToken: 'token-1',
      state: 'active',
    });
  });

  it('skips an entry and a profile that cannot be read, and processes the rest', async () => {
    many(1_203);
    await reconcile();
    await settle();
    wechat.unreadable.add(appid(700)).add(appid(3));
    wechat.accounts.delete(appid(9));
    wechat.accounts.set(appid(1_000), 'changed');
    const { run } = await reconcile();
    expect(run).toMatchObject({ state: 'completed', seen: 1_200, changed: 1, revoked: 1, error: null });
    expect(await authorizers.grants.find(COMPONENT, appid(700))).toMatchObject({
      refreshToken: 'token-700',
      state: 'active',
    });
  });

  it('does not skip a list of which nothing can be read', async () => {
    many(5);
    for (const one of wechat.accounts.keys()) wechat.unreadable.add(one);
    const { run, next } = await reconcile();
    expect(run).toMatchObject({ state: 'running', listOffset: 0, error: 'broken' });
    expect(next).toEqual({ delayMs: expect.any(Number) });
  });

  it('reads a list without a total up to its empty page', async () => {
    many(1_203);
    wechat.silent = true;
    const { run } = await reconcile();
    expect(run).toMatchObject({ state: 'completed', seen: 1_203, added: 1_203, total: null });
  });

  it('touches only its own component', async () => {
    many(2);
    await authorizers.grants.save('wxd', appid(0), { refreshToken: 'his', scopes: [], authorizedAt: new Date(1) });
    await authorizers.grants.save('wxd', 'wx-his', { refreshToken: 'his', scopes: [], authorizedAt: new Date(1) });
    const { run } = await reconcile();
    expect(run).toMatchObject({ added: 2, changed: 0, revoked: 0 });
    for (const one of [appid(0), 'wx-his']) {
      expect(await authorizers.grants.find('wxd', one)).toMatchObject({
        refreshToken: 'his',
        version: 1,
        state: 'active',
      });
    }
  });

  it('never writes a list’s token over a consent that arrived meanwhile', async () => {
    many(2);
    await reconcile();
    await settle();
    wechat.accounts.set(appid(0), 'listed');
    let asked = 0;
    // The merchant consents while WeChat answers the second time, with the former answer.
    wechat.beforePage = async () => {
      if (++asked < 2) return;
      await authorizers.grants.save(COMPONENT, appid(0), {
        refreshToken: 'consented',
        scopes: [1],
        authorizedAt: new Date(),
      });
    };
    const { run } = await reconcile();
    expect(run.changed).toBe(0);
    expect(await authorizers.grants.find(COMPONENT, appid(0))).toMatchObject({ refreshToken: 'consented' });
  });

  it('revokes no account that only moved in the list while it was paged', async () => {
    many(1_001);
    await reconcile();
    await settle();
    // The first one is removed after the first page: all others move up by one, and number 500 is never listed.
    wechat.beforePage = (offset) => {
      if (offset === 500) wechat.accounts.delete(appid(0));
    };
    const { run } = await reconcile();
    expect(run).toMatchObject({ state: 'completed', revoked: 0 });
    expect(await authorizers.grants.find(COMPONENT, appid(500))).toMatchObject({ state: 'active' });
    expect(wechat.infos).toBe(1);
  });

  it('resumes from its checkpoint after an abort, and counts nothing twice', async () => {
    many(1_600);
    const shutdown = new AbortController();
    wechat.beforePage = (offset) => {
      if (offset === 500) shutdown.abort();
    };
    const cut = await reconcile(shutdown.signal);
    expect(cut.next).toEqual({ requeue: true });
    expect(cut.run).toMatchObject({ state: 'running', listOffset: 1_000, seen: 1_000 });
    wechat.beforePage = () => {};
    const whole = await reconcile();
    expect(whole.run.id).toBe(cut.run.id);
    expect(wechat.offsets).toEqual([0, 500, 1_000, 1_500]);
    expect(whole.run).toMatchObject({ state: 'completed', seen: 1_600, added: 1_600 });
  });

  it('may run twice at once: each page counts once', async () => {
    many(900);
    const { run } = await runs.begin(COMPONENT, 'requested');
    await Promise.all([reconciler.work(run.id, never), reconciler.work(run.id, never)].map((p) => p.catch(() => {})));
    await reconciler.work(run.id, never);
    expect(await runs.find(run.id)).toMatchObject({ state: 'completed', seen: 900, added: 900 });
  });

  it('waits for a component that is not ready, and reports the reason', async () => {
    many(1);
    wechat.beforePage = () => {
      throw new Failure('no_ticket', 'retry', 'No live ticket.', { retryAfterMs: 5_000 });
    };
    const waiting = await reconcile();
    expect(waiting.next).toEqual({ delayMs: expect.any(Number) });
    expect(waiting.run).toMatchObject({ state: 'running', error: 'No live ticket.' });
    wechat.beforePage = () => {};
    expect((await reconcile()).run).toMatchObject({ state: 'completed', error: null, added: 1 });
  });

  it('exists once for each component, even if many are requested at once', async () => {
    const started = await Promise.all(Array.from({ length: 10 }, () => runs.begin(COMPONENT, 'requested')));
    expect(started.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(new Set(started.map(({ run }) => run.id)).size).toBe(1);
    expect((await runs.begin('wxd', 'requested')).isNew).toBe(true);
    await runs.finish(started[0]!.run.id, 'completed');
    expect((await runs.begin(COMPONENT, 'requested')).isNew).toBe(true);
    expect(await runs.silentFor('wxd', 60_000)).toBeUndefined();
    await database.sql.updateTable('reconciliations').set({ updated_at: 1 }).execute();
    expect(await runs.silentFor('wxd', 60_000)).toBeDefined();
  });

  it('is listed with the others of certain components, the newest first, page by page', async () => {
    await database.sql.deleteFrom('reconciliations').execute();
    const ids: string[] = [];
    for (const [i, component] of ['wxc', 'wxd', 'wxc', 'wxe'].entries()) {
      const { run } = await runs.begin(component, 'requested');
      await runs.finish(run.id, i === 2 ? 'failed' : 'completed');
      // All in one millisecond: then their ids order them.
      await database.sql.updateTable('reconciliations').set({ created_at: 1_000 }).where('id', '=', run.id).execute();
      ids.push(run.id);
    }
    const [first, second, third, fourth] = ids;
    const components = ['wxc', 'wxd'];
    const listed = async (filter: { state?: 'completed' | 'failed' } = {}) => {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const { items, next } = await runs.list({ components, ...filter, limit: 1, cursor });
        found.push(...items.map(({ id }) => id));
        cursor = next ?? undefined;
      } while (cursor !== undefined);
      return found;
    };
    expect(await listed()).toEqual([first, second, third].sort().reverse());
    expect(await listed({ state: 'failed' })).toEqual([third]);
    await expect(runs.list({ components, limit: 1, cursor: 'bogus' })).rejects.toMatchObject({
      code: 'invalid_request',
    });
    expect((await runs.latest('wxc'))?.id).toBe([first, third].sort().at(-1));
    expect((await runs.latest('wxe'))?.id).toBe(fourth);
    expect(await runs.latest('wxf')).toBeUndefined();
  });
});
