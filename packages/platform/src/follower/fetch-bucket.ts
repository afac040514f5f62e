import { readAnswer } from '@wxthirdparty/wechat';
import type { Fields } from './ask-followers.ts';
import type { KeyRange } from './diff-range.ts';
import { type FetchedDetails, fetchBatch, fetchDetails } from './fetch-details.ts';
import { pushDetails } from './follower-row.ts';
import type { SyncRun } from './follower-sync-store.ts';
import type { Details } from './follower-writer.ts';
import { openidBefore, readBucket } from './listed-openids.ts';
import { type Slice, type SliceEnd, takenOver } from './slice.ts';

/** Details that are written together. */
const CHUNK = 1_000;

/** Phase `details`: fetches and writes the details of one bucket. The next chunk is fetched while the last one is written. */
export async function fetchBucket(slice: Slice): Promise<SliceEnd | undefined> {
  const { sync, deps } = slice;
  const { bucket } = sync;
  const { openids } = await readBucket(deps.sql, sync.id, bucket);
  let at = firstAfter(openids, sync.afterOpenid);
  let after = sync.afterOpenid || openidBefore(sync.splits, bucket);
  let writing: Promise<SliceEnd | undefined> = Promise.resolve(undefined);
  // The key range of an empty bucket has to be compared with the table, too.
  do {
    const chunk = openids.slice(at, at + CHUNK);
    const fetched = await fetchDetails(sync, chunk, slice.ask);
    const end = await writing;
    if (end) return end;
    if (fetched.kind !== 'fetched') return slice.endWithout(fetched);
    at += CHUNK;
    const isLast = at >= openids.length;
    const upTo = isLast ? sync.splits[bucket] : chunk.at(-1)!;
    sync.detailed += chunk.length;
    sync.verified += chunk.length;
    if (isLast) goToNextBucket(sync);
    else sync.afterOpenid = chunk.at(-1)!;
    writing = saveDetails(slice, bucket, fetched, { after, upTo, listedAt: sync.listingFrom ?? 0 });
    // It is awaited after the next fetch; a failure before that must not count as unhandled.
    writing.catch(() => {});
    after = upTo ?? '';
  } while (at < openids.length && !slice.due());
  return await writing;
}

/** The writer's thread reads plain answers only; an answer that it refuses is parsed again here, by WeChat's own rules. */
async function saveDetails(
  slice: Slice,
  bucket: number,
  fetched: FetchedDetails,
  range: KeyRange,
): Promise<SliceEnd | undefined> {
  const { sync, deps } = slice;
  // If WeChat gave no details at all, no time is known.
  const askedAt = Number.isFinite(fetched.askedAt) ? fetched.askedAt : (sync.listingFrom ?? 0);
  sync.withoutDetails += fetched.withoutDetails;
  const { values, answers } = fetched;
  const ifUnlisted = deps.syncs.noteUnlisted(sync, bucket);
  const details: Details = { account: sync, range, values, answers, askedAt, ifUnlisted };
  let written = await deps.writer.writeDetails(slice.checkpoint(), details);
  if (written.result === 'unreadable') {
    const all = [...values];
    for (const { openids: lines, body, askedAt } of answers) {
      const openids = lines.split('\n');
      const answer = readAnswer({ status: 200, headers: {}, body: Buffer.from(body) });
      const list = answer.kind === 'json' ? (answer.value as Fields).user_info_list : undefined;
      if (Array.isArray(list)) {
        pushDetails(all, sync, openids, list, askedAt);
        continue;
      }
      const again = await fetchBatch(sync, openids, slice.ask);
      if (again.kind !== 'fetched') return slice.endWithout(again);
      all.push(...again.values);
      sync.withoutDetails += again.withoutDetails;
    }
    written = await deps.writer.writeDetails(slice.checkpoint(), { ...details, values: all, answers: [] });
  }
  if (written.unlisted && !sync.bucketsWithUnlisted.includes(bucket)) sync.bucketsWithUnlisted.push(bucket);
  return written.result === 'done' ? undefined : takenOver;
}

function goToNextBucket(sync: SyncRun): void {
  sync.afterOpenid = '';
  if (sync.bucket < sync.splits.length) sync.bucket++;
  else {
    sync.bucket = 0;
    sync.phase = 'finishing';
  }
}

function firstAfter(sorted: readonly string[], openid: string): number {
  if (openid === '') return 0;
  const at = sorted.findIndex((one) => one > openid);
  return at === -1 ? sorted.length : at;
}
