import { randomBytes } from 'node:crypto';
import { readEncodingAesKey, sealEnvelope } from '@wxthirdparty/wechat';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { startRedis, type TestRedis } from '../../test/redis-server.ts';
import { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import { Components } from '../component/components.ts';
import type { BulkStep, ReportingWriter } from '../database/bulk.ts';
import { openBulk } from '../database/open-bulk.ts';
import { type EventPayloads, Events } from '../events.ts';
import { FollowerStore } from '../follower/follower-store.ts';
import { appendNotice } from '../journal/append-notice.ts';
import { Persons } from '../journal/person.ts';
import { PushStore } from '../journal/push-store.ts';
import { entryFields, type PushEntry } from '../journal/stream-entry.ts';
import { openLeases } from '../redis/lease.ts';
import { Seals } from '../sealing/seals.ts';
import type { MatchablePush } from '../subscription/filter.ts';
import type { Subscription } from '../subscription/subscription.ts';
import { JournalBatch } from './journal-batch.ts';
import { Journaler, type JournalerParts } from './journaler.ts';
import { KnownAccounts } from './known-accounts.ts';
import { StreamReader } from './stream-reader.ts';

const settings = { appid: 'wxc', appsecret: 's', token: 'aToken', encodingAesKey: 'a'.repeat(43) };
const components = new Components([settings]);
const envelopeKeys = {
  appid: 'wxc',
  keys: [{ token: settings.token, aesKey: readEncodingAesKey(settings.encodingAesKey) }],
};
const secretsKeys = [randomBytes(32)];
const seals = new Seals(secretsKeys);

let server: TestRedis;
let redis: TestRedis['redis'];
beforeAll(async () => {
  server = await startRedis();
  redis = server.redis;
});
afterAll(() => server.stop());

let written = 0;
function text(content: string, { to = 'gh_1', from = 'oPerson', more = '' } = {}): string {
  const names = `<ToUserName>${to}</ToUserName><FromUserName>${from}</FromUserName><CreateTime>1700000000</CreateTime>`;
  return `<xml>${names}<MsgType>text</MsgType><Content>${content}</Content><MsgId>${++written}</MsgId>${more}</xml>`;
}

function event(name: string, at: number, from = 'oPerson'): string {
  const names = `<ToUserName>gh_1</ToUserName><FromUserName>${from}</FromUserName><CreateTime>${at}</CreateTime>`;
  return `<xml>${names}<MsgType>event</MsgType><Event>${name}</Event></xml>`;
}

function entry(id: string, xml: string, over: Partial<PushEntry> = {}): PushEntry {
  const signed = { timestamp: '1700000000', nonce: String(++written) };
  const { encrypt, msgSignature } = sealEnvelope(envelopeKeys, xml, signed);
  return {
    kind: 'push',
    id: id.padEnd(26, '0'),
    component: 'wxc',
    url: 'messages',
    appid: 'wxa',
    receivedAt: new Date(),
    envelope: { ...signed, encrypt, msgSignature },
    asked: undefined,
    ...over,
  };
}

async function append(...entries: readonly PushEntry[]): Promise<void> {
  for (const one of entries) await redis.xadd(redis.keyspace.pushStream, '*', ...entryFields(one));
}

const length = () => redis.xlen(redis.keyspace.pushStream);
const emptied = () => expect.poll(length).toBe(0);

describe.each(databases)('the journaler, on %s', (kind) => {
  let database: TestDatabase;
  let bulk: Awaited<ReturnType<typeof openBulk>>;
  let journalers: Journaler[] = [];
  let reported: EventPayloads['journal'][] = [];
  let pushed: EventPayloads['push'][] = [];
  let woken: string[] = [];
  let receivers: { readonly id: string; readonly receives: (push: MatchablePush) => boolean }[] = [];
  let isOurs = true;
  let hasSuccessor = false;
  let isOlderLive = false;
  let isAppended: boolean | undefined = false;
  let store: PushStore;
  let followers: FollowerStore;

  beforeAll(async () => {
    database = await startDatabase(kind);
    bulk = await openBulk(database.url, { durable: true });
    const authorizers = new AuthorizerStore(database.sql, seals);
    const authorizedAt = new Date();
    await authorizers.grants.save('wxc', 'wxa', { refreshToken: 'r', scopes: [1], authorizedAt });
    await database.sql.updateTable('authorizers').set({ user_name: 'gh_1' }).execute();
    followers = new FollowerStore(database.sql, bulk);
  });
  beforeEach(async () => {
    await redis.flushall();
    for (const table of ['pushes', 'deliveries', 'followers'] as const) await database.sql.deleteFrom(table).execute();
    [reported, pushed, woken, receivers] = [[], [], [], []];
    [isOurs, hasSuccessor, isOlderLive, isAppended] = [true, false, false, false];
    store = new PushStore({ sql: database.sql, writer: bulk, seals });
  });
  afterEach(async () => {
    hasSuccessor = true;
    await Promise.all(journalers.map((journaler) => journaler.close(1_000)));
    journalers = [];
  });
  afterAll(async () => {
    await bulk.close();
    await database.stop();
  });

  function start({ writer = bulk, over = {} }: { writer?: ReportingWriter; over?: Partial<JournalerParts> } = {}) {
    const events = new Events();
    events.subscribe('journal', (one) => reported.push(one));
    events.subscribe('push', (one) => pushed.push(one));
    const batch = new JournalBatch({
      components,
      seals,
      persons: new Persons(secretsKeys),
      accounts: new KnownAccounts(new AuthorizerStore(database.sql, seals)),
      snapshot: {
        refresh: async () => {},
        find: () => undefined,
        matching: (push) =>
          receivers
            .filter(({ receives }) => receives(push))
            .map(({ id }) => ({ id, timeoutMs: 15_000 }) as Subscription),
      },
      writer,
      due: {
        mark: async () => {},
        wake: async (subscriptions) => void woken.push(...subscriptions),
      },
      outcomes: { steps: () => ({ steps: [], committed: async () => {} }) },
      recordSteps: async () => {},
      followers,
      events,
    });
    const journaler = new Journaler({
      redis,
      leases: openLeases(redis),
      connect: () => server.connect(),
      stream: new StreamReader(redis),
      batch,
      abortWrite: () => {},
      isOurs: () => isOurs,
      hasSuccessor: async () => hasSuccessor,
      isOlderLive: async () => isOlderLive,
      isAppended: async () => isAppended,
      retentionMs: 7 * 24 * 60 * 60_000,
      maxBackoffMs: 50,
      retryMs: 100,
      events,
      ...over,
    });
    journalers.push(journaler);
    return journaler;
  }

  const rows = () => database.sql.selectFrom('pushes').selectAll().orderBy('seq').orderBy('id').execute();
  const deliveries = () =>
    database.sql.selectFrom('deliveries').selectAll().orderBy('subscription').orderBy('push').execute();

  it('stores what is in the stream and what comes later, sealed, and removes it from there', async () => {
    const first = entry('1', text('你好'));
    await append(first);
    start();
    await emptied();
    await append(entry('2', 'no XML'), entry('3', text('other account', { to: 'gh_2' })));
    await emptied();
    const stored = await rows();
    expect(stored.map(({ type, note, appid }) => [type, note, appid])).toEqual([
      ['message.text', null, 'wxa'],
      ['unreadable', 'unreadable', 'wxa'],
      ['message.text', 'wrong_account', 'wxa'],
    ]);
    expect(Number(stored[0]!.create_time)).toBe(1_700_000_000_000);
    expect(stored[0]!.person).toMatch(/^[\w-]{43}$/);
    expect(stored[1]!.person).toBeNull();
    const found = await store.find('wxc', first.id);
    expect(store.open(found!)!.toString()).toContain('<Content>你好</Content>');
    expect(pushed).toMatchObject([
      { push: 'text', outcome: 'journaled', id: first.id, appid: 'wxa' },
      { push: 'unreadable', outcome: 'broken_xml' },
      { push: 'text', outcome: 'wrong_account' },
    ]);
    expect(await redis.exists(redis.keyspace.badPushes)).toBe(0);
  });

  it('creates a delivery for each subscription that a new push matches, and wakes those subscriptions', async () => {
    receivers = [
      { id: 'sub_all', receives: () => true },
      { id: 'sub_orders', receives: ({ fields }) => String(fields?.Content).startsWith('订单') },
    ];
    await append(entry('1', text('订单 7'), { asked: 'sub_orders' }), entry('2', text('other')));
    await append(entry('3', text('订单 8', { to: 'gh_2' })));
    start();
    await emptied();
    const created = await deliveries();
    expect(created.map(({ subscription, push, reply_state }) => [subscription, push[0], reply_state])).toEqual([
      ['sub_all', '1', null],
      ['sub_all', '2', null],
      ['sub_orders', '1', 'asked'],
    ]);
    expect(new Set(woken)).toEqual(new Set(['sub_all', 'sub_orders']));
  });

  it('stores a push once, and creates no delivery for one that it has stored before', async () => {
    await append(entry('1', text('same')));
    start();
    await emptied();
    receivers = [{ id: 'sub_new', receives: () => true }];
    const again = text('same');
    await append(entry('1', again), entry('2', again), entry('2', again));
    await emptied();
    expect((await rows()).map(({ id }) => id[0])).toEqual(['1', '2']);
    expect((await deliveries()).map(({ push }) => push[0])).toEqual(['2']);
    expect(pushed).toHaveLength(2);
  });

  it('records who follows, in the order of the pushes', async () => {
    await append(
      entry('1', event('subscribe', 1_700_000_000)),
      entry('2', event('unsubscribe', 1_700_000_005)),
      entry('3', event('subscribe', 1_700_000_005, 'oOther')),
      entry('4', event('subscribe', 1_700_000_005), { appid: 'wxunknown' }),
    );
    start();
    await emptied();
    const found = await followers.list({ component: 'wxc', appid: 'wxa' }, {}, '', 10);
    expect(found.map(({ openid, subscribed }) => [openid, subscribed])).toEqual([
      ['oOther', true],
      ['oPerson', false],
    ]);
    expect(pushed.map(({ outcome }) => outcome)).toEqual(['follows', 'unsubscribed', 'follows', 'unknown_account']);
  });

  it('stores notices', async () => {
    receivers = [{ id: 'sub_1', receives: ({ type, appid }) => type === 'authorizer.authorized' && appid === 'wxa' }];
    const at = new Date(1_700_000_000_000);
    const notice = { component: 'wxc', appid: 'wxa', type: 'authorizer.authorized', at, unique: '1' } as const;
    await appendNotice(redis, seals, { ...notice, data: { state: 'active', scopes: [1], linkId: null } });
    start();
    await emptied();
    const [row] = await rows();
    expect(row).toMatchObject({ type: 'authorizer.authorized', appid: 'wxa', person: null, note: null });
    expect(JSON.parse(store.open((await store.find('wxc', row!.id))!)!.toString())).toMatchObject({ state: 'active' });
    expect(await deliveries()).toHaveLength(1);
  });

  it('leaves everything in the stream while the database fails, and stores it afterwards', async () => {
    let isDown = true;
    const writer: ReportingWriter = {
      ...bulk,
      apply: (steps) =>
        isDown ? Promise.reject(Object.assign(new Error('gone'), { code: 'ECONNREFUSED' })) : bulk.apply(steps),
    };
    start({ writer });
    await append(...['1', '2', '3'].map((id) => entry(id, text(id))));
    await expect.poll(() => reported.filter(({ what }) => what === 'failed').length).toBeGreaterThan(1);
    expect(await length()).toBe(3);
    isDown = false;
    await emptied();
    expect(await rows()).toHaveLength(3);
  });

  it('puts an entry aside that fails alone five times, and stores all others meanwhile', async () => {
    const poisoned = '1'.padEnd(26, '0');
    const isPoisoned = (steps: readonly BulkStep[]) =>
      steps.some((step) => 'into' in step && step.into === 'pushes' && step.values.includes(poisoned));
    /** How many others were stored whenever it was tried. */
    const stored: number[] = [];
    const writer: ReportingWriter = {
      ...bulk,
      async apply(steps) {
        if (!isPoisoned(steps)) return bulk.apply(steps);
        stored.push((await rows()).length);
        throw new Error('too long');
      },
    };
    const foreign = entry('4', text('other key'));
    await append(entry('1', text('1')), entry('2', text('2')), entry('3', text('3')));
    await append({ ...foreign, envelope: { ...foreign.envelope, msgSignature: '0'.repeat(40) } });
    start({ writer });
    await expect.poll(rows).toHaveLength(2);
    await append(entry('5', text('5')));
    await expect.poll(rows).toHaveLength(3);
    await emptied();
    expect(stored.at(-1)).toBeGreaterThanOrEqual(2);
    expect(reported.filter(({ what }) => what === 'failed')).toEqual([]);
    const bad = await redis.xrange(redis.keyspace.badPushes, '-', '+');
    expect(bad.map(([, fields]) => fields[fields.indexOf('id') + 1]![0]).toSorted()).toEqual(['1', '4']);
    expect(await redis.pttl(redis.keyspace.badPushes)).toBeGreaterThan(0);
  });

  it('puts nothing aside while no entry can be stored', async () => {
    let isFull = true;
    const full = () => Promise.reject(new Error('database or disk is full'));
    start({ writer: { ...bulk, apply: (steps) => (isFull ? full() : bulk.apply(steps)) } });
    await append(...['1', '2', '3'].map((id) => entry(id, text(id))));
    await expect.poll(() => reported.filter(({ what }) => what === 'failed').length).toBeGreaterThan(6);
    expect(await length()).toBe(3);
    isFull = false;
    await emptied();
    expect(await rows()).toHaveLength(3);
  });

  it('one of several journals; when it stops, another one takes over', async () => {
    const [first] = [start(), start(), start()];
    const ids = Array.from({ length: 60 }, (_, n) => n.toString(32).padStart(2, '0'));
    hasSuccessor = true;
    for (const [n, id] of ids.entries()) {
      await append(entry(id, text(id)));
      if (n === 20) await first.close(1_000);
    }
    await emptied();
    expect(await rows()).toHaveLength(60);
  });

  it('gives up its lease when a batch hangs, so that another one journals', async () => {
    const over = Promise.withResolvers<never>();
    const aborted = Promise.withResolvers<void>();
    start({
      writer: { ...bulk, apply: () => over.promise },
      over: {
        batchTimeoutMs: 200,
        abortWrite() {
          aborted.resolve();
          over.reject(Object.assign(new Error('ended'), { code: 'database_unreachable' }));
        },
      },
    });
    await append(entry('1', text('1')));
    await aborted.promise;
    start();
    await emptied();
    expect(await rows()).toHaveLength(1);
    expect(reported).toContainEqual({ what: 'timed-out', timeoutMs: 200 });
  });

  it('gives up its lease at an entry of a newer version, behind what it can store', async () => {
    await append(entry('1', text('1')));
    await redis.xadd(redis.keyspace.pushStream, '*', 'format', '2', 'kind', 'push');
    await append(entry('2', text('2')));
    start();
    await expect.poll(rows).toHaveLength(1);
    await expect.poll(() => redis.exists(redis.keyspace.journaler)).toBe(0);
    expect(await length()).toBe(2);
    expect(reported).toContainEqual(expect.objectContaining({ what: 'unknown' }));
  });

  it('the last one empties the stream before it closes; one with a successor does not wait for that', async () => {
    let blocked = true;
    const gate = async (steps: readonly BulkStep[]) => {
      if (blocked) throw Object.assign(new Error('gone'), { code: 'ECONNREFUSED' });
      return bulk.apply(steps);
    };
    const last = start({ writer: { ...bulk, apply: gate } });
    await append(...['1', '2', '3'].map((id) => entry(id, text(id))));
    await expect.poll(() => reported.length).toBeGreaterThan(0);
    hasSuccessor = true;
    await last.close(10_000);
    expect(await length()).toBe(3);

    const next = start({ writer: { ...bulk, apply: gate } });
    hasSuccessor = false;
    const closed = next.close(10_000);
    blocked = false;
    await closed;
    expect(await length()).toBe(0);
    expect(await rows()).toHaveLength(3);
  });

  it('the last one beside an older process waits until gateways no longer append', async () => {
    [isOlderLive, isAppended] = [true, true];
    const closed = start().close(60_000);
    await append(entry('1', text('1')));
    await emptied();
    isAppended = undefined;
    await append(entry('2', text('2')));
    await emptied();
    isAppended = false;
    // What was being sent when the last gateway stopped.
    await append(entry('3', text('3')));
    await closed;
    expect(await length()).toBe(0);
    expect(await rows()).toHaveLength(3);
  });

  it('journals nothing while Redis is another deployment’s', async () => {
    isOurs = false;
    await append(entry('1', text('1')));
    start();
    await new Promise((resolve) => setImmediate(resolve));
    expect(await redis.exists(redis.keyspace.journaler)).toBe(0);
    isOurs = true;
    await emptied();
  });
});
