import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { createConnection } from 'mysql2/promise';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { databases, emptyDatabase, startDatabase, type TestDatabase } from '../../../test/database.ts';
import { startRedis, type TestRedis } from '../../../test/redis-server.ts';
import { AuthorizerStore } from '../../authorizer/authorizer-store.ts';
import { Tickets } from '../../component/ticket.ts';
import { Seals } from '../../sealing/seals.ts';
import { import2015 } from './import-2015.ts';

/** As its README described them, with the server's engine and the collation of its time. */
const TABLES = [
  `create table component_secrets (id int not null auto_increment primary key, ticket varchar(255), access_token varchar(255),
    preauthcode varchar(255), ticket_updated_at bigint, access_token_updated_at bigint, preauthcode_updated_at bigint,
    access_token_expires_in int, preauthcode_expires_in int) engine=MyISAM default charset=utf8`,
  `create table wx_users_info (id int not null auto_increment primary key, appid varchar(255), access_token varchar(255),
    access_token_updated_at datetime, access_token_expires_in datetime, refresh_token varchar(255), nick_name varchar(255),
    head_img varchar(255), service_type_id int, verify_type_info varchar(255), user_name varchar(255), alias varchar(255),
    wx_token varchar(255)) engine=MyISAM default charset=utf8`,
  `create table wx_followers (id int not null auto_increment primary key, openid varchar(255),
    updated_at timestamp not null default current_timestamp on update current_timestamp, wx_token varchar(255))
    engine=MyISAM default charset=utf8`,
  `create table wx_followers_info (id int not null auto_increment primary key, subscribe int, openid varchar(255),
    nickname varchar(255), sex int, language varchar(255), city varchar(255), province varchar(255), country varchar(255),
    headimgurl varchar(255), subscribe_time date, unionid varchar(255), remark varchar(255), groupid int,
    updated_at timestamp not null default current_timestamp on update current_timestamp, created_at datetime not null)
    engine=MyISAM default charset=utf8`,
];
const HOUR_MS = 60 * 60_000;
/** Local time in China, as the library wrote it. */
const face = (ms: number) => new Date(ms + 8 * HOUR_MS).toISOString().slice(0, 19).replace('T', ' ');

describe.each(databases)('the tables of the 2015 library are imported into %s', (kind) => {
  let database: TestDatabase;
  let server: TestRedis;
  let from: string;
  let source: Awaited<ReturnType<typeof createConnection>>;
  const key = randomBytes(32);
  let authorizers: AuthorizerStore;
  let tickets: Tickets;
  beforeEach(async () => {
    database = await startDatabase(kind);
    server = await startRedis();
    authorizers = new AuthorizerStore(database.sql, new Seals([key]));
    tickets = new Tickets(server.redis, database.sql, new Seals([key]));
    from = (await emptyDatabase('MariaDB')).url;
    source = await createConnection({ uri: from, charset: 'utf8mb4' });
    await source.query("set session sql_mode = ''");
    for (const table of TABLES) await source.query(table);
  });
  afterEach(async () => {
    await source?.end();
    await server?.stop();
    await database?.stop();
  });

  const run = (dryRun = false) =>
    import2015(
      { redisUrl: server.url, redisPrefix: 'wx', databaseUrl: database.url, secretsKeys: [key] },
      { from, component: 'wxcomponent', dryRun },
    );
  const insert = (table: string, ...rows: Record<string, unknown>[]) =>
    rows.reduce<Promise<unknown>>(
      (before, row) => before.then(() => source.query({ sql: `insert into ${table} set ?`, values: [row] })),
      Promise.resolve(),
    );
  const account = (appid: string | null, more: object = {}) => ({
    ...{ appid, access_token: 'at', access_token_updated_at: face(Date.now() - HOUR_MS), wx_token: `cookie-${appid}` },
    ...{
      access_token_expires_in: face(Date.now() + HOUR_MS),
      refresh_token: `refreshtoken@@@${appid}`,
      nick_name: '演示',
    },
    ...{
      head_img: 'http://wx.qlogo.cn/x',
      service_type_id: 2,
      verify_type_info: '0',
      user_name: `gh_${appid}`,
      ...more,
    },
  });
  const detail = (openid: string, more: object = {}) => ({
    ...{ subscribe: 1, openid, nickname: 'n', sex: 1, language: 'zh_CN', city: '', province: null, country: '中国' },
    ...{
      headimgurl: 'http://h',
      subscribe_time: '2015-06-01',
      unionid: null,
      remark: '',
      groupid: 0,
      created_at: '2015-06-02 00:00:00',
    },
    ...more,
  });
  const followers = async () => {
    const { rows } = await sql<Record<string, unknown>>`select * from followers order by openid, appid`.execute(
      database.sql,
    );
    return rows;
  };
  const dump = async () =>
    JSON.stringify([
      await database.sql.selectFrom('authorizers').selectAll().orderBy('appid').execute(),
      await database.sql.selectFrom('components').selectAll().execute(),
      await followers(),
      (await server.redis.keys('*')).toSorted(),
    ]);
  const remark = (report: Awaited<ReturnType<typeof run>>, words: RegExp) =>
    report.remarks.find(({ what }) => words.test(what));

  it('takes over ticket, grants, handles and followers; again it changes nothing', async () => {
    const at = Date.now() - 2 * HOUR_MS;
    await insert('component_secrets', {
      ticket: 'ticket@@@1',
      ticket_updated_at: at,
      access_token: 'x',
      access_token_expires_in: 7200,
    });
    await insert('wx_users_info', account('wxa'), account('wxb', { service_type_id: 0 }));
    await insert(
      'wx_followers',
      ...[
        { openid: 'oAAA', wx_token: 'cookie-wxa' },
        { openid: 'oBBB', wx_token: 'cookie-wxa' },
      ],
      { openid: 'oAAA', wx_token: 'cookie-wxb' },
    );
    await insert(
      'wx_followers_info',
      detail('oAAA', { nickname: '张三', unionid: 'u1', remark: '老客户' }),
      detail('oBBB', { subscribe: 0 }),
    );

    const before = await dump();
    const dry = await run(true);
    expect(await dump()).toBe(before);
    const report = await run();
    expect(report).toEqual(dry);
    expect(report).toEqual({
      ticket: 'taken',
      accounts: { rows: 2, added: 2, renewed: 0, kept: 0, handles: 2 },
      followers: { rows: 3, added: 3, kept: 0 },
      remarks: [],
    });

    expect(await tickets.current('wxcomponent')).toBe('ticket@@@1');
    expect(await authorizers.grants.find('wxcomponent', 'wxa')).toMatchObject({
      ...{ refreshToken: 'refreshtoken@@@wxa', state: 'active', version: 1 },
    });
    expect(await authorizers.findByCookieValue('cookie-wxa')).toMatchObject({
      ...{ appid: 'wxa', kind: 'official-account', nickName: '演示', userName: 'gh_wxa' },
    });
    expect(await followers()).toMatchObject([
      {
        openid: 'oAAA',
        appid: 'wxa',
        component: 'wxcomponent',
        subscribed: 1,
        unionid: 'u1',
        remark: '老客户',
        subscribed_at: Date.parse('2015-06-01T00:00:00+08:00'),
      },
      { openid: 'oAAA', appid: 'wxb', subscribed: 1 },
      { openid: 'oBBB', appid: 'wxa', subscribed: 0 },
    ]);
    expect(JSON.parse(String((await followers())[0]!.extra))).toEqual({
      ...{ nickname: '张三', language: 'zh_CN', country: '中国', headimgurl: 'http://h', sex: 1, groupid: 0 },
    });
    expect(await dump()).not.toContain('refreshtoken@@@');

    const after = await dump();
    expect(await run()).toMatchObject({
      ...{ ticket: 'kept', accounts: { added: 0, renewed: 0, kept: 2, handles: 0 }, followers: { added: 0, kept: 3 } },
    });
    expect(await dump()).toBe(after);
  });

  it('reports duplicates and half-filled rows, and imports what it can', async () => {
    const old = face(Date.now() - 30 * HOUR_MS);
    await insert(
      'component_secrets',
      { ticket: null, ticket_updated_at: Date.now() },
      { ticket: 'without a time', ticket_updated_at: null, access_token_expires_in: -1 },
      { ticket: 'at zero', ticket_updated_at: 0, access_token_expires_in: 0 },
      { ticket: 'in seconds', ticket_updated_at: Math.floor(Date.now() / 1_000) },
      { ticket: 'from tomorrow', ticket_updated_at: Date.now() + 24 * HOUR_MS },
      { ticket: 'older', ticket_updated_at: Date.now() - 3 * HOUR_MS },
      { ticket: 'the one', ticket_updated_at: Date.now() - HOUR_MS },
    );
    await insert(
      'wx_users_info',
      account(null),
      account(''),
      account('wx evil"; drop table', { wx_token: 'cookie-evil' }),
      // The same account twice, in both orders; the newer refresh token wins, and a row without one never does.
      account('wxtwice', { refresh_token: 'newer', wx_token: 'cookie-newer' }),
      account('wxtwice', { refresh_token: 'older', wx_token: 'cookie-older', access_token_updated_at: old }),
      account('wxtwice', { refresh_token: null, wx_token: 'cookie-none', access_token_updated_at: face(Date.now()) }),
      // Different only by case: another account.
      account('wxTWICE', {
        access_token_updated_at: '0000-00-00 00:00:00',
        access_token_expires_in: '0000-00-00 00:00:00',
      }),
      account('wxhalf', { refresh_token: null, nick_name: null, service_type_id: null, access_token_updated_at: null }),
      account('wxnocookie', { wx_token: null }),
      account('wxlong', { wx_token: 'x'.repeat(200) }),
      account('wxshared', { wx_token: 'cookie-wxhalf' }),
    );
    await insert(
      'wx_followers',
      // The same openid twice but for its case: two people. And each of them twice.
      ...['oCase', 'ocase', 'oCase', 'ocase'].map((openid) => ({ openid, wx_token: 'cookie-newer' })),
      { openid: 'oOld', wx_token: 'cookie-older' },
      { openid: null, wx_token: 'cookie-newer' },
      { openid: '', wx_token: 'cookie-newer' },
      { openid: '微信', wx_token: 'cookie-newer' },
      { openid: 'oNobody', wx_token: null },
      { openid: 'oStranger', wx_token: 'cookie-gone' },
    );
    await insert(
      'wx_followers_info',
      detail('oCase', { nickname: 'first', updated_at: '2015-01-01 00:00:00' }),
      detail('oCase', { nickname: 'last', updated_at: '2016-01-01 00:00:00' }),
      detail('ocase', { nickname: 'small', subscribe: null, subscribe_time: '0000-00-00' }),
      // Seconds taken for milliseconds, as the library did.
      detail('oOld', { nickname: null, subscribe_time: '1970-01-17', unionid: 'x'.repeat(80) }),
      detail('oOrphan'),
      detail('zzz'),
      { ...detail('x'), openid: null },
    );

    const report = await run();
    expect(report.ticket).toBe('taken');
    expect(await tickets.current('wxcomponent')).toBe('the one');
    expect(report.accounts).toEqual({ rows: 11, added: 6, renewed: 0, kept: 0, handles: 3 });
    expect(await authorizers.grants.find('wxcomponent', 'wxtwice')).toMatchObject({ refreshToken: 'newer' });
    expect(await authorizers.findByCookieValue('cookie-newer')).toMatchObject({ appid: 'wxtwice' });
    expect(await authorizers.findByCookieValue('cookie-wxTWICE')).toMatchObject({ appid: 'wxTWICE' });
    expect(await authorizers.grants.find('wxcomponent', 'wxhalf')).toMatchObject({
      refreshToken: null,
      state: 'active',
    });
    expect(await authorizers.find('wxcomponent', 'wxhalf')).toMatchObject({ kind: null, nickName: null });
    expect((await authorizers.find('wxcomponent', 'wxnocookie'))?.handle).toMatch(/^.{24}$/);
    expect((await authorizers.find('wxcomponent', 'wxshared'))?.handle).toMatch(/^.{24}$/);

    expect(await followers()).toMatchObject([
      { openid: 'oCase', appid: 'wxtwice', extra: expect.stringContaining('"last"') },
      // A second cookie of the account leads to the account, too.
      { openid: 'oOld', appid: 'wxtwice', subscribed_at: null, unionid: null },
      {
        openid: 'ocase',
        appid: 'wxtwice',
        subscribed: 1,
        subscribed_at: null,
        extra: expect.stringContaining('"small"'),
      },
    ]);
    expect(report.followers).toEqual({ rows: 10, added: 3, kept: 0 });

    for (const [words, count] of [
      [/ticket without a plausible time/, 4],
      [/several rows/, 1],
      [/without an appid/, 2],
      [/impossible appid/, 1],
      [/with several rows; its best/, 2],
      [/without a refresh token/, 2],
      [/without a plausible time; any grant/, 2],
      [/cannot be a handle/, 1],
      [/two accounts share/, 1],
      [/without a wx_token of its own/, 3],
      [/second wx_token/, 2],
      [/without an openid/, 1],
      [/impossible openid/, 1],
      [/follower whose wx_token belongs to no account/, 2],
      [/follower with several rows/, 2],
      [/details of one follower/, 1],
      [/details of a user who follows no account/, 3],
    ] as const) {
      expect([words, remark(report, words)?.count]).toEqual([words, count]);
    }
    expect(JSON.stringify(report)).not.toMatch(/refreshtoken@@@|cookie-/);
    const after = await dump();
    expect(await run()).toMatchObject({ accounts: { added: 0, renewed: 0, handles: 0 }, followers: { added: 0 } });
    expect(await dump()).toBe(after);
  });

  it('touches nothing that is newer here', async () => {
    await tickets.keep('wxcomponent', 'newer', Math.floor(Date.now() / 1_000), new Date());
    await server.redis.flushall();
    await insert('component_secrets', { ticket: 'old', ticket_updated_at: Date.now() - HOUR_MS });
    await insert(
      'wx_users_info',
      account('wxa'),
      account('wxrevoked'),
      account('wxempty'),
      account('wxlater', { wx_token: null }),
    );
    const grant = (refreshToken: string | undefined) => ({ refreshToken, scopes: [1], authorizedAt: new Date() });
    await authorizers.grants.save('wxcomponent', 'wxa', grant('mine'));
    await authorizers.grants.save('wxother', 'wxa', grant('of another component'));
    await authorizers.grants.save('wxcomponent', 'wxrevoked', grant('mine'));
    await authorizers.grants.change('wxcomponent', 'wxrevoked', 1, { state: 'revoked' });
    await authorizers.grants.save('wxcomponent', 'wxempty', grant(undefined));
    await authorizers.grants.save('wxcomponent', 'wxlater', grant('long ago'));
    await authorizers.grants.change('wxcomponent', 'wxlater', 1, { state: 'needs-reauthorization' });
    await database.sql.updateTable('authorizers').set({ updated_at: 5 }).where('appid', '=', 'wxlater').execute();

    const report = await run();
    expect(report).toMatchObject({ ticket: 'kept', accounts: { added: 0, renewed: 2, kept: 2, handles: 3 } });
    expect(await tickets.current('wxcomponent')).toBeUndefined();
    expect(await tickets.restore('wxcomponent')).toBe(true);
    expect(await tickets.current('wxcomponent')).toBe('newer');
    expect(await authorizers.grants.find('wxcomponent', 'wxa')).toMatchObject({ refreshToken: 'mine', version: 1 });
    expect(await authorizers.grants.find('wxother', 'wxa')).toMatchObject({ refreshToken: 'of another component' });
    expect(await authorizers.grants.find('wxcomponent', 'wxrevoked')).toMatchObject({
      refreshToken: 'mine',
      state: 'revoked',
    });
    expect(await authorizers.grants.find('wxcomponent', 'wxempty')).toMatchObject({
      refreshToken: 'refreshtoken@@@wxempty',
      version: 2,
    });
    expect(await authorizers.grants.find('wxcomponent', 'wxlater')).toMatchObject({
      refreshToken: 'refreshtoken@@@wxlater',
      state: 'active',
    });
    // Users' cookies contain it, even if the account was known here first.
    expect(await authorizers.findByCookieValue('cookie-wxa')).toMatchObject({ appid: 'wxa', component: 'wxcomponent' });
    expect(await run()).toMatchObject({ ticket: 'kept', accounts: { added: 0, renewed: 0, kept: 4, handles: 0 } });
  });

  it('reports missing tables and a refused connection', async () => {
    await source.query('drop table wx_followers_info, component_secrets');
    await insert('wx_users_info', account('wxa'));
    await insert('wx_followers', { openid: 'o1', wx_token: 'cookie-wxa' });
    const report = await run();
    expect(report).toMatchObject({ ticket: 'none', accounts: { added: 1 }, followers: { added: 1 } });
    expect(remark(report, /missing table/)?.examples).toEqual(['component_secrets', 'wx_followers_info']);
    from = from.replace('wx:wx@', 'wx:hunter2@');
    await expect(run()).rejects.toThrow(/^(?!.*hunter2).*refuses the connection \(ER_ACCESS_DENIED_ERROR\)/);
    from = 'postgres://hunter2@x/y';
    await expect(run()).rejects.toThrow(/^(?!.*hunter2).*must look like mysql:/);
  });
});
