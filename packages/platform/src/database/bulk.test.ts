import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import type { ReportingWriter } from './bulk.ts';
import { BulkThread } from './bulk-thread.ts';
import type { InsertNew } from './insert-new.ts';
import type { RowChanges } from './row-changes.ts';
import { isConnectionLoss } from './sql-error.ts';
import type { SqlValue } from './statement.ts';

const COMPONENT = 'wxc';
const id = (i: number) => `1lglnp7${String(i).padStart(19, '0')}`;

/** Rows of `pushes`; `sealed` of each is its text. */
function pushes(ids: readonly string[], sealed: (i: number) => Uint8Array = () => Buffer.from('sealed')): InsertNew {
  return {
    into: 'pushes',
    columns: ['component', 'id', 'type', 'create_time', 'received_at', 'seq', 'sealed'],
    key: ['component', 'id'],
    values: ids.flatMap((one, i): SqlValue[] => [COMPONENT, one, 'message.text', 1, 2, 3, sealed(i)]),
  };
}

function reply(ids: readonly string[], how: string): RowChanges {
  return {
    each: 'update pushes set replied = ? where component = ? and id = ? and replied is null',
    width: 3,
    key: [1, 2],
    values: ids.flatMap((one): SqlValue[] => [how, COMPONENT, one]),
  };
}

describe.each(databases)('a bulk writer on %s', (kind) => {
  let database: TestDatabase;
  let writer: BulkThread;
  beforeAll(async () => {
    database = await startDatabase(kind);
    writer = new BulkThread(database.url);
  });
  afterAll(async () => {
    await writer.close();
    await database.stop();
  });
  beforeEach(() => database.sql.deleteFrom('pushes').execute());

  const stored = () => database.sql.selectFrom('pushes').selectAll().orderBy('id').execute();

  it('keeps bytes as they are, in statements of few and of many rows', async () => {
    const bytes = (i: number) => Buffer.from([0, 39, 92, 255, i & 255, i >> 8]);
    const ids = Array.from({ length: 230 }, (_, i) => id(i));
    const { result, changes } = await writer.apply([pushes(ids, bytes)]);
    expect(result).toBe('done');
    expect(changes).toEqual([ids.map(() => true)]);
    const rows = await stored();
    expect(rows.map((row) => Buffer.from(row.sealed))).toEqual(ids.map((_, i) => bytes(i)));
  });

  it('divides large rows into several statements', async () => {
    const ids = Array.from({ length: 120 }, (_, i) => id(i));
    await writer.apply([pushes(ids, (i) => Buffer.alloc(i % 10 === 0 ? 900_000 : 50, i))]);
    const rows = await stored();
    expect(rows.map((row) => [row.sealed.length, row.sealed.at(-1)])).toEqual(
      ids.map((_, i) => [i % 10 === 0 ? 900_000 : 50, i]),
    );
  });

  it('reports which rows are new, and keeps the others as they were', async () => {
    await writer.apply([pushes([id(1), id(3)], () => Buffer.from('first'))]);
    const again = [id(5), id(3), id(2), id(5), id(1)];
    const { changes } = await writer.apply([pushes(again, (i) => Buffer.from(`second ${i}`))]);
    expect(changes).toEqual([[true, false, true, false, false]]);
    const rows = await stored();
    expect(rows.map((row) => [row.id, Buffer.from(row.sealed).toString()])).toEqual([
      [id(1), 'first'],
      [id(2), 'second 2'],
      [id(3), 'first'],
      [id(5), 'second 0'],
    ]);
  });

  it('inserts what belongs to a new row, and nothing for a row that existed', async () => {
    await writer.apply([pushes([id(1)])]);
    const deliveries: InsertNew = {
      into: 'deliveries',
      columns: ['subscription', 'push', 'component', 'type', 'seq', 'pending_at', 'opened_at', 'attempts', 'state'],
      key: ['subscription', 'push'],
      values: [
        ['sub_b', id(2)],
        ['sub_a', id(1)],
        ['sub_a', id(2)],
      ].flatMap((key): SqlValue[] => [...key, COMPONENT, 'message.text', 3, 1, 1, 0, 'pending']),
      onlyWith: { step: 0, rows: [1, 0, 1] },
    };
    const { changes } = await writer.apply([pushes([id(1), id(2)]), deliveries]);
    expect(changes).toEqual([
      [false, true],
      [true, false, true],
    ]);
    const rows = await database.sql.selectFrom('deliveries').select(['subscription', 'push']).execute();
    expect(rows).toEqual([
      { subscription: 'sub_a', push: id(2) },
      { subscription: 'sub_b', push: id(2) },
    ]);
    await database.sql.deleteFrom('deliveries').execute();
  });

  it('changes rows only where the condition holds, and reports which', async () => {
    const ids = Array.from({ length: 450 }, (_, i) => id(i));
    await writer.apply([pushes(ids)]);
    const first = [id(9), id(449), id(1_000)];
    expect((await writer.apply([reply(first, 'passive')])).changes).toEqual([[true, true, false]]);
    const { changes } = await writer.apply([reply([...ids].reverse(), 'customer_message')]);
    expect(changes[0]).toEqual([...ids].reverse().map((one) => one !== id(9) && one !== id(449)));
    const rows = await stored();
    expect(rows.filter((row) => row.replied === 'passive').map((row) => row.id)).toEqual([id(9), id(449)]);
    expect((await writer.apply([reply([id(3)], 'passive')])).changes).toEqual([[false]]);
  });

  it('gives each row its own values', async () => {
    const ids = Array.from({ length: 30 }, (_, i) => id(i));
    await writer.apply([pushes(ids)]);
    const changes: RowChanges = {
      each: 'update pushes set appid = ?, seq = seq + ?, note = ? where component = ? and id = ? and seq = ?',
      width: 6,
      key: [3, 4],
      values: ids.flatMap((one, i): SqlValue[] => [i % 3 ? `wx'${i}` : null, i, 'unreadable', COMPONENT, one, 3]),
    };
    expect((await writer.apply([changes])).changes).toEqual([ids.map(() => true)]);
    const rows = await stored();
    expect(rows.map(({ appid, seq, note }) => [appid, Number(seq), note])).toEqual(
      ids.map((_, i) => [i % 3 ? `wx'${i}` : null, 3 + i, 'unreadable']),
    );
    const removed: RowChanges = {
      each: 'delete from pushes where component = ? and id = ?',
      width: 2,
      key: [0, 1],
      values: ids.slice(0, 29).flatMap((one): SqlValue[] => [COMPONENT, one]),
    };
    await writer.apply([removed]);
    expect((await stored()).map((row) => row.id)).toEqual([id(29)]);
  });

  it('changes a row that is named twice, twice', async () => {
    await writer.apply([pushes([id(1), id(2)])]);
    const add: RowChanges = {
      each: 'update pushes set seq = seq + ? where component = ? and id = ?',
      width: 3,
      key: [1, 2],
      values: [1, COMPONENT, id(1), 10, COMPONENT, id(2), 100, COMPONENT, id(1)],
    };
    expect((await writer.apply([add])).changes).toEqual([[true, true, true]]);
    expect((await stored()).map(({ seq }) => Number(seq))).toEqual([104, 13]);
  });

  it('quotes every value of a changed row', async () => {
    await writer.apply([pushes([id(1), id(2)])]);
    const evil = `a?b'; delete from pushes; --\\`;
    const change: RowChanges = {
      each: 'update pushes set appid = ? where component = ? and id = ?',
      width: 3,
      key: [1, 2],
      values: [evil, COMPONENT, id(1), null, COMPONENT, id(2)],
    };
    expect((await writer.apply([change])).changes).toEqual([[true, true]]);
    expect((await stored()).map((row) => row.appid)).toEqual([evil, null]);
  });

  it('writes nothing if one of its statements must change a row and finds none', async () => {
    const none = { text: 'delete from pushes where id = ?', parameters: ['none'], orUndo: true };
    expect(await writer.apply([pushes([id(1)]), none])).toEqual({ result: 'undone', changes: [] });
    expect(await writer.write([pushes([id(1)]), none])).toBe('undone');
    expect(await stored()).toEqual([]);
  });

  it('reports each row as new to exactly one of several writers that insert it at the same time', async () => {
    const others: ReportingWriter[] = [writer, new BulkThread(database.url), new BulkThread(database.url)];
    const ids = Array.from({ length: 300 }, (_, i) => id(i));
    const reports = await Promise.all(others.map((other) => other.apply([pushes(ids)])));
    await Promise.all(others.slice(1).map((other) => other.close()));
    const times = ids.map((_, row) => reports.filter(({ changes }) => changes[0]?.[row]).length);
    expect(times).toEqual(ids.map(() => 1));
  });

  it('fails like a lost connection when it is aborted, and opens another one for the next write', async () => {
    const aborted = new BulkThread(database.url);
    const pending = expect(aborted.apply([pushes([id(1)])])).rejects.toSatisfy(isConnectionLoss);
    aborted.abort();
    await pending;
    expect((await aborted.apply([pushes([id(2)])])).changes).toEqual([[true]]);
    await aborted.close();
  });

  it('passes on the database’s own error', async () => {
    const broken = { text: 'update nowhere set a = 1', parameters: [] };
    await expect(writer.write([broken])).rejects.toThrow(/nowhere/);
  });
});
