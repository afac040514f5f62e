import type { BulkStep } from '../database/bulk.ts';
import type { Sql } from '../database/open.ts';

/** Followers of a bucket: so few that they are garbage before V8 moves them to the old generation. */
const BUCKET_SIZE = 5_000;
const MAX_BUCKETS = 1_000;

/**
 * The last openid of each bucket but the last. WeChat lists openids in its own order; written in that order, each of a
 * million would touch a random page of the table, twice. So WeChat's pages are stored as text, divided into buckets by key
 * ranges of openids; then one bucket after the other is processed in the order of the table.
 */
export function chooseSplits(openids: readonly string[], total: number): string[] {
  const buckets = Math.min(MAX_BUCKETS, Math.ceil(Math.max(total, openids.length) / BUCKET_SIZE));
  const sorted = [...openids].sort();
  const splits: string[] = [];
  for (let i = 1; i < buckets; i++) {
    const split = sorted[Math.floor((i * sorted.length) / buckets)]!;
    if (split !== splits.at(-1)) splits.push(split);
  }
  return splits;
}

/** The bucket of this openid; the last bucket is open-ended. */
export function bucketOf(splits: readonly string[], openid: string): number {
  let [low, high] = [0, splits.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (splits[middle]! < openid) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The openid after which a bucket's key range starts; `''`: the start of the table. Its last openid is `splits[bucket]`. */
export function openidBefore(splits: readonly string[], bucket: number): string {
  return bucket === 0 ? '' : splits[bucket - 1]!;
}

export function keepListed(
  syncId: string,
  page: number,
  splits: readonly string[],
  openids: readonly string[],
  askedAt: number,
): BulkStep[] {
  const buckets = Map.groupBy(openids, (openid) => bucketOf(splits, openid));
  if (buckets.size === 0) return [];
  return [
    {
      table: 'follower_sync_lists',
      columns: ['sync_id', 'bucket', 'page', 'asked_at', 'openids'],
      key: ['sync_id', 'bucket', 'page'],
      change: { asked_at: 'new.asked_at', openids: 'new.openids' },
      shared: {},
      values: [...buckets].flatMap(([bucket, members]) => [syncId, bucket, page, askedAt, members.join('\n')]),
    },
  ];
}

export function forgetListed(syncId: string): BulkStep {
  return { text: 'delete from follower_sync_lists where sync_id = ?', parameters: [syncId] };
}

export interface Bucket {
  /** In the order of the table, each once: WeChat's list may move while it is paged, and name an openid twice. */
  readonly openids: readonly string[];
  /** When the earliest of its pages was requested (ms). */
  readonly askedAt: number;
}

export async function readBucket(sql: Sql, syncId: string, bucket: number): Promise<Bucket> {
  const rows = await sql
    .selectFrom('follower_sync_lists')
    .select(['openids', 'asked_at'])
    .where('sync_id', '=', syncId)
    .where('bucket', '=', bucket)
    .orderBy('page')
    .execute();
  const all = rows.flatMap((row) => row.openids.split('\n')).sort();
  const openids = all.filter((openid, i) => openid !== all[i - 1]);
  return { openids, askedAt: Math.min(...rows.map((row) => Number(row.asked_at))) };
}
