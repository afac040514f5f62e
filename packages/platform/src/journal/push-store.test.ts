import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { BulkThread } from '../database/bulk-thread.ts';
import { Seals } from '../sealing/seals.ts';
import type { NewPush } from './journaled-push.ts';
import { Persons } from './person.ts';
import { pushIdOf } from './push-id.ts';
import { insertPushes } from './push-row.ts';
import { type PushFilter, PushStore } from './push-store.ts';
import { pushPlace } from './stream-entry.ts';

const [key, older] = [randomBytes(32), randomBytes(32)];
const component = 'wxc';
const START = Date.parse('2026-11-28T14:00:00Z');
const hash = (i: number) => String(i).padStart(19, '0');

describe.each(databases)('the journal on %s', (kind) => {
  let database: TestDatabase;
  let writer: BulkThread;
  let store: PushStore;
  const seals = new Seals([key]);
  const persons = new Persons([key]);
  beforeAll(async () => {
    database = await startDatabase(kind);
    writer = new BulkThread(database.url);
    store = new PushStore({ sql: database.sql, writer, seals });
  });
  afterAll(async () => {
    await writer.close();
    await database.stop();
  });
  beforeEach(() => database.sql.deleteFrom('pushes').execute());

  /** One a second, from `START`. */
  function push(i: number, changes: Partial<NewPush> & { readonly content?: string } = {}): NewPush {
    const { content = `content ${i}`, ...more } = changes;
    const id = pushIdOf(START / 1_000 + i, hash(i));
    return {
      component,
      id,
      appid: 'wxa',
      type: 'message.text',
      note: null,
      openid: 'oPerson',
      createTime: new Date(START + i * 1_000),
      receivedAt: new Date(START + i * 1_000 + 5),
      seq: (START + i * 1_000 + 5) * 1_000,
      sealed: seals.sealBytes(Buffer.from(content), pushPlace(more.component ?? component, more.id ?? id)),
      ...more,
    };
  }
  const insert = (pushes: readonly NewPush[]) => writer.apply([insertPushes(pushes, persons)]);
  const range = (count: number) => Array.from({ length: count }, (_, i) => i);

  async function pages(filter: PushFilter, limit: number): Promise<string[][]> {
    const found: string[][] = [];
    let cursor: string | undefined;
    do {
      const { items, next } = await store.list(filter, { limit, cursor });
      found.push(items.map(({ id }) => id));
      cursor = next ?? undefined;
    } while (cursor !== undefined);
    return found;
  }
  const ids = async (filter: PushFilter) => (await pages(filter, 100)).flat();

  it('has a push as it was accepted, with its content sealed', async () => {
    const one = push(1, { type: 'event.scan', note: 'wrong_account', content: '<xml>oPerson</xml>' });
    await insert([one]);
    const found = await store.findIn(['other', component], one.id);
    const { openid: _, ...expected } = one;
    expect(found).toEqual({ ...expected, replied: null });
    expect(String(store.open(found!))).toBe('<xml>oPerson</xml>');
    const row = await database.sql.selectFrom('pushes').selectAll().executeTakeFirstOrThrow();
    expect(row.person).toBe(persons.hash(component, 'wxa', 'oPerson'));
    expect(Buffer.concat(Object.values(row).map((value) => Buffer.from(String(value)))).includes('oPerson')).toBe(
      false,
    );
    expect(await store.find('other', one.id)).toBeUndefined();
    expect((await store.findMany(component, [one.id, push(2).id])).map(({ id }) => id)).toEqual([one.id]);
  });

  it('has no content where no listed key opens it', async () => {
    await insert([push(1)]);
    const stranger = new PushStore({ sql: database.sql, writer, seals: new Seals([older]) });
    expect(stranger.open((await stranger.find(component, push(1).id))!)).toBeUndefined();
  });

  it('keeps the first of two pushes with one id, and reports the second as not new', async () => {
    expect((await insert([push(1)])).changes).toEqual([[true]]);
    expect((await insert([push(2), push(1, { content: 'again' })])).changes).toEqual([[true, false]]);
    expect(String(store.open((await store.find(component, push(1).id))!))).toBe('content 1');
  });

  it('lists the newest first, in pages that neither repeat nor skip pushes with the same seq', async () => {
    const all = range(23).map((i) => push(i, { seq: (START + Math.floor(i / 5)) * 1_000 }));
    await insert(all);
    const newestFirst = [...all].reverse().map(({ id }) => id);
    expect(await pages({}, 4)).toEqual(range(6).map((i) => newestFirst.slice(i * 4, i * 4 + 4)));
    expect(await pages({}, 23)).toEqual([newestFirst]);
    const before = await store.list({}, { limit: 10 });
    await insert([push(100)]);
    const second = await store.list({}, { limit: 10, cursor: before.next! });
    expect(second.items.map(({ id }) => id)).toEqual(newestFirst.slice(10, 20));
  });

  it('lists by account, type, time and person', async () => {
    await insert([
      push(1),
      push(2, { appid: 'wxb' }),
      push(3, { type: 'event.subscribe' }),
      push(4, { type: 'message.image', openid: 'oOther' }),
      push(5, { component: 'wxd' }),
      push(6, { appid: null, openid: null, type: 'component.notify_3rd_wxa_auth' }),
    ]);
    const of = (...numbers: readonly number[]) => numbers.map((i) => push(i).id);
    const a = { component, appid: 'wxa' };
    expect(await ids({})).toEqual(of(6, 5, 4, 3, 2, 1));
    expect(await ids({ accounts: [a] })).toEqual(of(4, 3, 1));
    expect(await ids({ accounts: [a, { component: 'wxd', appid: 'wxa' }] })).toEqual(of(5, 4, 3, 1));
    const many = range(30).map((i) => ({ component, appid: `wx${i}` }));
    expect(await ids({ accounts: [...many, a] })).toEqual(of(4, 3, 1));
    expect(await ids({ accounts: [] })).toEqual([]);
    expect(await ids({ type: 'message.text' })).toEqual(of(5, 2, 1));
    expect(await ids({ type: 'message.*' })).toEqual(of(5, 4, 2, 1));
    const [since, until] = [new Date(START + 2_005), new Date(START + 4_005)];
    expect(await ids({ since, until })).toEqual(of(3, 2));
    expect(await ids({ accounts: [a], persons: persons.hashes(component, 'wxa', 'oPerson') })).toEqual(of(3, 1));
  });

  it('finds a person also under a key that is no longer the first', async () => {
    await insert([push(1)]);
    const rotated = new Persons([older, key]);
    expect(await ids({ persons: rotated.hashes(component, 'wxa', 'oPerson') })).toEqual([push(1).id]);
    expect(await ids({ persons: new Persons([older]).hashes(component, 'wxa', 'oPerson') })).toEqual([]);
  });

  it('counts what needs a key that is no longer the first', async () => {
    await insert(range(2_100).map((i) => push(i)));
    expect(await store.countUnderOlderKeys()).toBe(0);
    const rotated = new PushStore({ sql: database.sql, writer, seals: new Seals([older, key]) });
    expect(await rotated.countUnderOlderKeys()).toBe(2_100);
  });

  it('reads a bounded number of rows for a page, and continues after them', async () => {
    await insert([push(0, { type: 'event.scan' }), ...range(5_600).map((i) => push(i + 1))]);
    const first = await store.list({ type: 'event.scan' }, { limit: 10 });
    expect(first.items).toEqual([]);
    const second = await store.list({ type: 'event.scan' }, { limit: 10, cursor: first.next! });
    expect(second).toMatchObject({ items: [{ id: push(0).id }], next: null });
  });

  it('refuses a cursor that is not its own', async () => {
    const refused = expect.objectContaining({ code: 'invalid_request' });
    await expect(store.list({}, { limit: 1, cursor: 'x' })).rejects.toThrow(refused);
  });

  it('notes one reply for each push', async () => {
    await insert([push(1)]);
    const both = await Promise.all(
      (['passive', 'customer_message'] as const).map((how) => store.markReplied(component, push(1).id, how)),
    );
    expect(both.toSorted()).toEqual(['already_replied', 'marked']);
    expect(await store.markReplied(component, push(2).id, 'passive')).toBe('unknown');
    const marked = both[0] === 'marked' ? 'passive' : 'customer_message';
    expect((await store.find(component, push(1).id))?.replied).toBe(marked);
  });
});
