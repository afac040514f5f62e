import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import type { DeliveryRow } from '../database/schema.ts';
import { Backlogs } from './backlog.ts';

function row(subscription: string, i: number, pendingAt: number | null): DeliveryRow {
  return {
    ...{
      subscription,
      push: String(i).padStart(26, '0'),
      component: 'wxc',
      appid: 'wxa',
      type: 'message.text',
      seq: i,
    },
    ...{ pending_at: pendingAt, opened_at: i, attempts: 0, state: pendingAt === null ? 'delivered' : 'pending' },
    ...{ status: null, code: null, ms: null, failures_sealed: null, replay: null, reply_state: null },
    ...{ reply_reason: null, call_id: null, settled_at: null },
  };
}

describe.each(databases)('the backlog of a subscription on %s', (kind) => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await startDatabase(kind);
  });
  afterAll(() => database.stop());

  async function insert(rows: readonly DeliveryRow[]): Promise<void> {
    for (let i = 0; i < rows.length; i += 500) {
      await database.sql
        .insertInto('deliveries')
        .values(rows.slice(i, i + 500))
        .execute();
    }
  }

  it('counts what is pending, and names when the first of it became so', async () => {
    await insert([row('sub_a', 1, null), row('sub_a', 2, 50), row('sub_a', 3, 40), row('sub_b', 4, 1)]);
    const backlogs = new Backlogs(database.sql);
    expect(await backlogs.of('sub_a')).toEqual({ pending: 2, atLeast: false, oldestAt: new Date(3) });
    expect(await backlogs.of('sub_none')).toEqual({ pending: 0, atLeast: false, oldestAt: null });
  });

  it('is counted up to ten thousand', async () => {
    await insert(Array.from({ length: 10_000 }, (_, i) => row('sub_c', i + 1, i + 1)));
    const backlogs = new Backlogs(database.sql);
    expect(await backlogs.of('sub_c')).toEqual({ pending: 10_000, atLeast: false, oldestAt: new Date(1) });
    await insert([row('sub_c', 10_001, 10_001)]);
    expect(await backlogs.of('sub_c')).toEqual({ pending: 10_000, atLeast: true, oldestAt: new Date(1) });
  });
});
