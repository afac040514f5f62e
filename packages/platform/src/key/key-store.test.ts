import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import type { KeyInput } from './api-key.ts';
import { type Actor, Audit } from './audit.ts';
import { KeyStore } from './key-store.ts';
import { readKeyText } from './key-text.ts';

const input: KeyInput = {
  name: '商店 🛒',
  scopes: ['calls', 'followers:read'],
  accounts: ['wxA', 'wxa'],
  paths: ['/cgi-bin/user/*'],
  expiresAt: new Date('2999-01-02T03:04:05.678Z'),
  ratePerSecond: 7,
};
const by: Actor = { id: 'API_KEY', address: '::1', requestId: 'r-1' };

describe.each(databases)('API keys on %s', (kind) => {
  let database: TestDatabase;
  let store: KeyStore;
  let audit: Audit;
  beforeAll(async () => {
    database = await startDatabase(kind);
    store = new KeyStore(database.sql);
    audit = new Audit(database.sql);
  });
  afterAll(() => database.stop());
  beforeEach(async () => {
    await database.sql.deleteFrom('api_keys').execute();
    await database.sql.deleteFrom('api_key_audit').execute();
  });

  /** All pages of a list. */
  async function everyPage<T>(
    list: (cursor: string | undefined) => Promise<{ readonly items: readonly T[]; readonly next: string | null }>,
  ): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const page = await list(cursor);
      items.push(...page.items);
      cursor = page.next ?? undefined;
    } while (cursor !== undefined);
    return items;
  }

  it('are stored as requested, and only the hash of their text is stored', async () => {
    const { key, text } = await store.create(input, by);
    const read = readKeyText(text)!;
    const stored = await store.find(read.id);
    expect(stored?.key).toEqual(key);
    expect(stored?.hash.equals(read.hash)).toBe(true);
    expect(key).toMatchObject({ ...input, id: read.id, createdBy: 'API_KEY', revokedAt: null, lastUsedAt: null });
    const rows = JSON.stringify(await database.sql.selectFrom('api_keys').selectAll().execute());
    expect(rows).not.toContain(text.slice(21));
    expect(await store.find('0123456789abcdef')).toBeUndefined();
    const { key: plain } = await store.create({ ...input, expiresAt: null, ratePerSecond: null }, by);
    expect((await store.find(plain.id))?.key).toMatchObject({ expiresAt: null, ratePerSecond: null });
  });

  it('are not created from an invalid input', async () => {
    await expect(store.create({ ...input, scopes: [] }, by)).rejects.toMatchObject({ code: 'invalid_request' });
    expect((await store.list({ limit: 10 })).items).toEqual([]);
    expect((await audit.list({ limit: 10 })).items).toEqual([]);
  });

  it('are revoked once and permanently', async () => {
    const { key } = await store.create(input, by);
    expect(await store.revoke(key.id, by)).toBe('revoked');
    const revokedAt = (await store.find(key.id))?.key.revokedAt;
    expect(revokedAt).toBeInstanceOf(Date);
    expect(await store.revoke(key.id, by)).toBe('revoked');
    expect((await store.find(key.id))?.key.revokedAt).toEqual(revokedAt);
    expect(await store.revoke('0123456789abcdef', by)).toBe('unknown');
    // The audit still names it.
    expect(await store.names([key.id, 'owner', '0123456789abcdef'])).toEqual(new Map([[key.id, input.name]]));
    expect(await store.names([])).toEqual(new Map());
    const entries = (await audit.list({ limit: 10 })).items.map(({ action, target }) => [action, target]);
    expect(entries.toSorted()).toEqual([
      ['key created', key.id],
      ['key revoked', key.id],
    ]);
  });

  it('are listed page by page from the newest, none twice', async () => {
    const made: string[] = [];
    for (let i = 0; i < 7; i++) made.push((await store.create({ ...input, name: `k${i}` }, by)).key.id);
    // Several in one millisecond are ordered by id.
    await database.sql.updateTable('api_keys').set({ created_at: 5 }).where('id', 'in', made.slice(0, 4)).execute();
    const listed = await everyPage((cursor) => store.list({ limit: 2, cursor }));
    expect(listed.map(({ id }) => id).toSorted()).toEqual(made.toSorted());
    expect(listed.slice(-4).map(({ id }) => id)).toEqual(made.slice(0, 4).toSorted().toReversed());
    await expect(store.list({ limit: 2, cursor: 'bogus' })).rejects.toMatchObject({ code: 'invalid_request' });
  });

  it('have their last use, which one of many nodes writes', async () => {
    const { key } = await store.create(input, by);
    const lastUse = async () => (await store.find(key.id))?.key.lastUsedAt?.getTime();
    await store.markUsed(key.id, 100_000, 40_000);
    expect(await lastUse()).toBe(100_000);
    await store.markUsed(key.id, 110_000, 50_000);
    expect(await lastUse()).toBe(100_000);
    await store.markUsed(key.id, 160_001, 100_001);
    expect(await lastUse()).toBe(160_001);
  });

  it('have audit entries, listed page by page from the newest', async () => {
    const { key } = await store.create(input, by);
    await audit.note({ id: key.id, address: null, requestId: null }, 'GET /v1/keys');
    for (let i = 0; i < 5; i++) await audit.note(by, 'GET /v1/audit');
    const all = await everyPage((cursor) => audit.list({ limit: 2, cursor }));
    expect(all).toHaveLength(7);
    expect(all.map(({ at }) => at.getTime())).toEqual(all.map(({ at }) => at.getTime()).toSorted((a, b) => b - a));
    expect(all.find(({ target }) => target !== null)).toMatchObject({
      actor: by,
      action: 'key created',
      target: key.id,
    });
    expect(all.find(({ action }) => action === 'GET /v1/keys')).toMatchObject({
      actor: { id: key.id, address: null, requestId: null },
      target: null,
    });
  });
});
