import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { BulkThread } from '../database/bulk-thread.ts';
import type { DeliveryRow } from '../database/schema.ts';
import { Seals } from '../sealing/seals.ts';
import { newSecrets } from '../subscription/secrets.ts';
import { SubscriptionStore } from '../subscription/subscription-store.ts';
import { removeDeleted } from './remove-deleted.ts';

const HOUR_MS = 60 * 60_000;
const by = { id: 'API_KEY', address: null, requestId: null };

function row(subscription: string, i: number): DeliveryRow {
  return {
    ...{
      subscription,
      push: String(i).padStart(26, '0'),
      component: 'wxc',
      appid: 'wxa',
      type: 'message.text',
      seq: i,
    },
    ...{ pending_at: i, opened_at: i, attempts: 0, state: 'pending', status: null, code: null, ms: null },
    ...{ failures_sealed: null, replay: null, reply_state: null, reply_reason: null, call_id: null, settled_at: null },
  };
}

describe.each(databases)('rows of a deleted subscription on %s', (kind) => {
  let database: TestDatabase;
  let store: SubscriptionStore;
  beforeAll(async () => {
    database = await startDatabase(kind);
    store = new SubscriptionStore(database.sql, new Seals([randomBytes(32)]));
  });
  afterAll(() => database.stop());

  async function create(deliveries: number): Promise<string> {
    const { id } = await store.create(
      {
        ...{ name: 'n', url: 'https://a.example/', messageUrl: null, format: 'json', mode: null, component: null },
        ...{ filter: {}, reply: null, maxInFlight: 10, timeoutMs: 15_000, giveUpAfterMs: null },
        secrets: newSecrets('json', { token: null, encodingAesKey: null }),
      },
      by,
    );
    const rows = Array.from({ length: deliveries }, (_, i) => row(id, i));
    for (let i = 0; i < rows.length; i += 500) {
      await database.sql
        .insertInto('deliveries')
        .values(rows.slice(i, i + 500))
        .execute();
    }
    const replay = { run: 0, after_seq: 0, after_id: '', matched: 0, created_at: 1, finished_at: null, error: null };
    await database.sql
      .insertInto('replays')
      .values({
        id: `r_${id.slice(4)}`,
        subscription: id,
        since: 1,
        until: 2,
        only: 'all',
        state: 'running',
        ...replay,
      })
      .execute();
    return id;
  }
  const remaining = async (id: string) => {
    const [deliveries, replays] = await Promise.all(
      (['deliveries', 'replays'] as const).map((table) =>
        database.sql.selectFrom(table).select('subscription').where('subscription', '=', id).execute(),
      ),
    );
    return { deliveries: deliveries!.length, replays: replays!.length, row: (await store.allIds()).includes(id) };
  };

  it('are removed an hour later, in windows, and none of other subscriptions', async () => {
    const [deleted, empty, kept] = [await create(1_201), await create(0), await create(3)];
    await store.delete(deleted, by);
    await store.delete(empty, by);
    const writer = new BulkThread(database.url);
    try {
      const parts = { sql: database.sql, writer, subscriptions: store };
      expect(await removeDeleted(parts, Date.now() + HOUR_MS - 60_000)).toBe(0);
      expect(await remaining(deleted)).toEqual({ deliveries: 1_201, replays: 1, row: true });
      expect(await removeDeleted(parts, Date.now() + HOUR_MS + 60_000)).toBe(2);
      for (const id of [deleted, empty]) expect(await remaining(id)).toEqual({ deliveries: 0, replays: 0, row: false });
      expect(await remaining(kept)).toEqual({ deliveries: 3, replays: 1, row: true });
      expect(await removeDeleted(parts, Date.now() + HOUR_MS + 60_000)).toBe(0);
    } finally {
      await writer.close();
    }
  });
});
