import type { BulkStep } from '../database/bulk.ts';
import type { SqlValue } from '../database/statement.ts';
import { followerUpsert, pushesBefore, pushListed } from './follower-row.ts';
import type { SyncRun } from './follower-sync-store.ts';
import { type Bucket, openidBefore, readBucket } from './listed-openids.ts';
import type { Slice, SliceEnd } from './slice.ts';

const ROWS_PER_STATEMENT = 500;

/**
 * Phase `finishing`: compares one bucket with the table. Listed users follow; users who were not listed, and about whom no
 * push has come since, have unsubscribed.
 */
export async function finishBucket(slice: Slice): Promise<SliceEnd | undefined> {
  const { sync } = slice;
  const bucket = bucketToFinish(sync, sync.bucket);
  if (bucket === undefined) return slice.complete();
  sync.bucket = bucket;
  const listed = await readBucket(slice.deps.sql, sync.id, bucket);
  const { missing, unsubscribed } = await compare(slice, listed);
  const steps: BulkStep[] = [];
  if (missing.length > 0) {
    const values: SqlValue[] = [];
    for (const openid of missing) pushListed(values, sync, openid);
    steps.push(followerUpsert(values, listed.askedAt));
  }
  for (let at = 0; at < unsubscribed.length; at += ROWS_PER_STATEMENT) {
    steps.push(markUnsubscribed(sync, unsubscribed.slice(at, at + ROWS_PER_STATEMENT)));
  }
  const next = bucketToFinish(sync, bucket + 1);
  sync.bucket = next ?? bucket;
  const end = await slice.save(steps);
  return end || next !== undefined ? end : slice.complete();
}

/** The first bucket from this one on that has to be compared: every one, unless the phase `details` compared all. */
function bucketToFinish(sync: SyncRun, from: number): number | undefined {
  const { details, detailed, verified, bucketsWithUnlisted, splits } = sync;
  if (!details || verified !== detailed) return from <= splits.length ? from : undefined;
  return bucketsWithUnlisted.filter((bucket) => bucket >= from).sort((a, b) => a - b)[0];
}

/** Bucket and table have the same order, so one pass over both is enough. `missing`: listed, but not followers in the table. */
async function compare(
  { sync, deps }: Slice,
  { openids }: Bucket,
): Promise<{ readonly missing: string[]; readonly unsubscribed: string[] }> {
  const missing: string[] = [];
  const unsubscribed: string[] = [];
  const before = pushesBefore(sync.listingFrom ?? 0);
  const from = openidBefore(sync.splits, sync.bucket);
  let at = 0;
  for await (const rows of deps.followers.statuses(sync, from, sync.splits[sync.bucket])) {
    for (const { openid, subscribed, status_at } of rows) {
      while (at < openids.length && openids[at]! < openid) missing.push(openids[at++]!);
      const follows = Number(subscribed) === 1;
      if (openids[at] !== openid) {
        if (follows && Number(status_at) < before) unsubscribed.push(openid);
        continue;
      }
      at++;
      // The details were fetched after the list, so what they report of an unsubscribed user is newer.
      if (!follows && !sync.details) missing.push(openid);
    }
  }
  while (at < openids.length) missing.push(openids[at++]!);
  return { missing, unsubscribed };
}

function markUnsubscribed({ component, appid, listingFrom }: SyncRun, openids: readonly string[]): BulkStep {
  return {
    text: `update followers set subscribed = 0, unsubscribed_at = ? where component = ? and appid = ? and subscribed = 1 and status_at < ? and openid in (${openids.map(() => '?').join(', ')})`,
    parameters: [Date.now(), component, appid, pushesBefore(listingFrom ?? 0), ...openids],
  };
}
