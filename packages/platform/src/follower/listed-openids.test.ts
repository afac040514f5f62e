import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { databases, startDatabase, type TestDatabase } from '../../test/database.ts';
import { FollowerWriter } from './follower-writer.ts';
import { bucketOf, chooseSplits, forgetListed, keepListed, readBucket } from './listed-openids.ts';

const openids = Array.from({ length: 10_000 }, (_, i) => `oAbC${((i * 2_654_435_761) >>> 0).toString(36)}`);

it('cuts into buckets of about the same size, in the order of the openids', () => {
  const splits = chooseSplits(openids, 60_000);
  expect(splits).toEqual([...splits].sort());
  const sizes = new Map<number, number>();
  for (const openid of openids) sizes.set(bucketOf(splits, openid), (sizes.get(bucketOf(splits, openid)) ?? 0) + 1);
  expect(sizes.size).toBe(splits.length + 1);
  expect(Math.max(...sizes.values())).toBeLessThan(2 * (openids.length / sizes.size));
  for (const [i, split] of splits.entries()) {
    expect(bucketOf(splits, split)).toBe(i);
    expect(bucketOf(splits, `${split}-`)).toBe(i + 1);
  }
});

it('takes few, equal or no openids, too', () => {
  expect(chooseSplits([], 0)).toEqual([]);
  expect(chooseSplits(['oA'], 1)).toEqual([]);
  expect(bucketOf([], 'oA')).toBe(0);
  expect(
    chooseSplits(
      Array.from({ length: 9 }, () => 'oA'),
      1_000_000,
    ),
  ).toEqual(['oA']);
  expect(chooseSplits(openids, 1e9).length).toBeLessThan(1_000);
});

describe.each(databases)('on %s', (kind) => {
  let database: TestDatabase;
  let writer: FollowerWriter;
  beforeAll(async () => {
    database = await startDatabase(kind);
    writer = new FollowerWriter(database.url);
  });
  afterAll(async () => {
    await writer.close();
    await database.stop();
  });

  it('gives each listed openid back once and in order, however often a shifting list named it', async () => {
    const splits = ['oM'];
    await writer.write(keepListed('s', 0, splits, ['oZ', 'oA', 'oM', 'oa'], 200));
    await writer.write(keepListed('s', 1, splits, ['oA', 'oB'], 100));
    await writer.write(keepListed('other', 0, splits, ['oX'], 100));
    expect(await readBucket(database.sql, 's', 0)).toEqual({ openids: ['oA', 'oB', 'oM'], askedAt: 100 });
    expect(await readBucket(database.sql, 's', 1)).toEqual({ openids: ['oZ', 'oa'], askedAt: 200 });
    expect((await readBucket(database.sql, 's', 2)).openids).toEqual([]);
    await writer.write([forgetListed('s')]);
    expect((await readBucket(database.sql, 's', 0)).openids).toEqual([]);
    expect((await readBucket(database.sql, 'other', 1)).openids).toEqual(['oX']);
  });
});
