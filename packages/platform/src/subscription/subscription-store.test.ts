import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { type Actor, Audit } from '../key/audit.ts';
import { Seals } from '../sealing/seals.ts';
import { newSecrets, rotated } from './secrets.ts';
import type { Subscription } from './subscription.ts';
import { sealedColumns } from './subscription-row.ts';
import { MAX_SUBSCRIPTIONS, type NewSubscription, SubscriptionStore } from './subscription-store.ts';

const key = randomBytes(32);
const by: Actor = { id: 'API_KEY', address: '::1', requestId: 'r-1' };

function input(change: Partial<NewSubscription> = {}): NewSubscription {
  return {
    name: '订单 🛒',
    url: 'https://app.example.com/wx?secret=hunter2',
    messageUrl: null,
    format: 'json',
    mode: null,
    component: null,
    filter: { types: ['message.*'], openids: ['oPersonOfTheFilter'], where: { Content: { prefix: '订单' } } },
    reply: { waitMs: 4_000, late: 'customer_message', fallback: { type: 'text', content: '稍候' }, maxInFlight: 100 },
    maxInFlight: 10,
    timeoutMs: 15_000,
    giveUpAfterMs: null,
    secrets: newSecrets('json', { token: null, encodingAesKey: null }),
    ...change,
  };
}

describe.each(databases)('subscriptions on %s', (kind) => {
  let database: TestDatabase;
  let store: SubscriptionStore;
  beforeAll(async () => {
    database = await startDatabase(kind);
    store = new SubscriptionStore(database.sql, new Seals([key]));
  });
  afterAll(() => database.stop());
  beforeEach(async () => {
    await database.sql.deleteFrom('subscriptions').execute();
    await database.sql.deleteFrom('api_key_audit').execute();
  });

  const audited = async () => {
    const { items } = await new Audit(database.sql).list({ limit: 1_000 });
    return items.map(({ action, target, actor }) => [action, target, actor.id]).toReversed();
  };

  it('are found as they were created, and are active', async () => {
    const created = await store.create(input(), by);
    expect(created).toMatchObject({
      ...input({ secrets: created.secrets }),
      ...{ state: 'active', reason: null, failures: 0, createdBy: 'API_KEY', ticketAt: null, lastFailure: null },
    });
    expect(created.id).toMatch(/^sub_[0-9a-f]{20}$/);
    expect(created.updatedAt).toEqual(created.createdAt);
    expect(await store.find(created.id)).toEqual(created);
    expect(await store.find('sub_00000000000000000000')).toBeUndefined();
    expect(await audited()).toEqual([['subscription created', created.id, 'API_KEY']]);
  });

  it('of all formats keep what is special to them; a program for third-party platforms gets a ticket at once', async () => {
    const secrets = newSecrets('wechat', { token: 'shop', encodingAesKey: null });
    const wechat = await store.create(input({ format: 'wechat', mode: 'plain', reply: null, secrets }), by);
    expect(await store.find(wechat.id)).toMatchObject({ mode: 'plain', reply: null, secrets, ticketAt: null });
    const messageUrl = 'https://old.example.com/$APPID$/message';
    const program = await store.create(
      input({ format: 'wechat-component', component: 'wxc', messageUrl, giveUpAfterMs: 60_000, secrets }),
      by,
    );
    const found = await store.find(program.id);
    expect(found).toMatchObject({ component: 'wxc', messageUrl, giveUpAfterMs: 60_000 });
    expect(found?.ticketAt).toEqual(program.createdAt);
  });

  it('hide URLs, filters and secrets in the database', async () => {
    const secrets = newSecrets('wechat', { token: 'tokenofshop', encodingAesKey: null });
    const { id } = await store.create(input({ messageUrl: 'https://hidden.example.com/$APPID$', secrets }), by);
    const row = JSON.stringify(await database.sql.selectFrom('subscriptions').selectAll().executeTakeFirst());
    for (const hidden of ['hunter2', 'oPersonOfTheFilter', 'tokenofshop', 'hidden.example.com', 'app.example.com']) {
      expect(row).not.toContain(hidden);
    }
    expect(row).toContain(id);
  });

  it('hold the largest filter', async () => {
    const filter = {
      accounts: Array.from({ length: 1_000 }, (_, i) => `wx${String(i).padStart(62, '0')}`),
      handles: Array.from({ length: 1_000 }, (_, i) => `h${String(i).padStart(127, '0')}`),
    };
    const { id } = await store.create(input({ filter }), by);
    expect((await store.find(id))?.filter).toEqual(filter);
  });

  it('change only in what is given', async () => {
    const created = await store.create(input(), by);
    const changed = await store.change(created.id, { name: 'other', reply: null, maxInFlight: 3 }, by);
    expect(changed).toEqual({
      ...created,
      ...{ name: 'other', reply: null, maxInFlight: 3, updatedAt: changed!.updatedAt },
    });
    expect(changed!.updatedAt.getTime()).toBeGreaterThan(created.updatedAt.getTime());
    const filter = { handles: ['shop-17'] };
    const rest = { url: 'https://new.example.com/', filter, timeoutMs: 1_000, giveUpAfterMs: 60_000 };
    expect(await store.change(created.id, rest, by)).toMatchObject({ ...rest, name: 'other' });
    expect(await store.change(created.id, { giveUpAfterMs: null }, by)).toMatchObject({ giveUpAfterMs: null });
    expect(await store.change('sub_00000000000000000000', { name: 'x' }, by)).toBeUndefined();
    expect((await audited()).slice(1)).toEqual(Array(3).fill(['subscription changed', created.id, 'API_KEY']));
  });

  it('get another version with every change, however fast they follow', async () => {
    const { id } = await store.create(input(), by);
    const seen = new Set<number>();
    for (let i = 0; i < 5; i++) {
      await store.change(id, { maxInFlight: i + 1 }, by);
      seen.add((await store.versions())[0]!.changedAt);
    }
    expect(seen.size).toBe(5);
  });

  it('lose no rotation of their secrets to another one', async () => {
    const { id, secrets } = await store.create(input(), by);
    const rotate = () => store.changeSecrets(id, (present) => rotated(present, 60_000, Date.now()), by);
    const outcomes = await Promise.all([rotate(), rotate(), rotate()]);
    const stored = (await store.find(id))!.secrets;
    // The last one and the one before it.
    expect(outcomes).toContainEqual(stored);
    const newest = outcomes.map((one) => one!.signing[0]!.secret.toString('hex'));
    expect(new Set(newest).size).toBe(3);
    expect(newest).toContain(stored.signing[1]!.secret.toString('hex'));
    expect(stored.signing.some(({ secret }) => secret.equals(secrets.signing[0]!.secret))).toBe(false);
    expect(await store.changeSecrets('sub_00000000000000000000', (present) => present, by)).toBeUndefined();
  });

  it('are listed page by page from the newest, by state', async () => {
    const made: Subscription[] = [];
    for (let i = 0; i < 5; i++) made.push(await store.create(input({ name: `s${i}` }), by));
    await database.sql.updateTable('subscriptions').set({ created_at: 5 }).execute();
    await database.sql.updateTable('subscriptions').set({ state: 'paused' }).where('id', '=', made[0]!.id).execute();
    const listed: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.list({ limit: 2, cursor });
      listed.push(...page.items.map(({ id }) => id));
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    expect(listed).toEqual(
      made
        .map(({ id }) => id)
        .toSorted()
        .toReversed(),
    );
    expect((await store.list({ limit: 10, state: 'paused' })).items.map(({ id }) => id)).toEqual([made[0]!.id]);
    expect((await store.list({ limit: 10, state: 'failing' })).items).toEqual([]);
    await expect(store.list({ limit: 2, cursor: 'bogus' })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('are gone once deleted; their rows are removable an hour later', async () => {
    const before = Date.now();
    const { id } = await store.create(input(), by);
    expect(await store.delete(id, by)).toBe('deleted');
    expect(await store.delete(id, by)).toBe('unknown');
    expect(await store.find(id)).toBeUndefined();
    expect(await store.change(id, { name: 'x' }, by)).toBeUndefined();
    expect((await store.list({ limit: 10 })).items).toEqual([]);
    expect(await store.versions()).toEqual([]);
    expect(await store.read([id])).toEqual([]);
    expect(await audited()).toEqual([
      ['subscription created', id, 'API_KEY'],
      ['subscription deleted', id, 'API_KEY'],
    ]);
    expect(await store.removable(before)).toEqual([]);
    expect(await store.removable(Date.now() + 1_000)).toEqual([id]);
    await store.remove(id);
    expect(await store.allIds()).toEqual([]);
  });

  it('are not removed unless they were deleted', async () => {
    const { id } = await store.create(input(), by);
    await store.remove(id);
    expect(await store.find(id)).toBeDefined();
  });

  it(`are at most ${MAX_SUBSCRIPTIONS}, also if the last ones are created at the same time`, async () => {
    for (let i = 0; i < MAX_SUBSCRIPTIONS - 2; i++) await store.create(input({ filter: {} }), by);
    const last = await Promise.allSettled(Array.from({ length: 4 }, () => store.create(input(), by)));
    expect(last.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    for (const one of last) {
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'too_many_subscriptions' });
    }
    const { id } = (await store.list({ limit: 1 })).items[0]!;
    await store.delete(id, by);
    await store.create(input(), by);
    await expect(store.create(input(), by)).rejects.toMatchObject({ code: 'too_many_subscriptions' });
  });

  it('are sealed under a new key without a change of anything else', async () => {
    const created = await store.create(input({ messageUrl: 'https://app.example.com/$APPID$' }), by);
    const newKey = randomBytes(32);
    const both = new SubscriptionStore(database.sql, new Seals([newKey, key]));
    for (const column of sealedColumns) expect(await both.reseal(created.id, column)).toBe('resealed');
    for (const column of sealedColumns) expect(await both.reseal(created.id, column)).toBe('current');
    const withNew = new SubscriptionStore(database.sql, new Seals([newKey]));
    expect(await withNew.find(created.id)).toEqual(created);
    await expect(store.find(created.id)).rejects.toMatchObject({ code: 'unsealable' });
    const [read] = await store.read([created.id]);
    expect(read).toMatchObject({ id: created.id, failure: { code: 'unsealable' } });
    const plain = await store.create(input(), by);
    expect(await both.reseal(plain.id, 'message_url_sealed')).toBe('none');
  });
});
