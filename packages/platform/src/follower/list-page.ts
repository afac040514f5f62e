import { ERRCODE, Failure } from '@wxthirdparty/wechat';
import type { BulkStep } from '../database/bulk.ts';
import { askFollowers, type Fields, type NoAnswer, toSyncError } from './ask-followers.ts';
import type { FollowerSyncError } from './follower-sync.ts';
import type { SyncRun } from './follower-sync-store.ts';
import { chooseSplits, forgetListed, keepListed } from './listed-openids.ts';
import type { Slice, SliceEnd } from './slice.ts';

/** WeChat refuses to continue after an openid that it no longer knows; then an earlier one is tried. */
const MAX_PLACES = 10;
/** A list that ends this far before WeChat's own total is incomplete, so that no follower counts as unsubscribed by it. */
const MIN_LISTED_SHARE = 0.9;
const OPENID = /^[\x21-\x7e]{1,64}$/;

/** Phase `listing`: asks for the next page of openids, and stores it. */
export async function listPage(slice: Slice): Promise<SliceEnd | undefined> {
  const { sync } = slice;
  const after = sync.nextOpenids.at(-1);
  const query = after === undefined ? {} : { next_openid: after };
  const question = { doing: 'listing followers', method: 'GET', path: '/cgi-bin/user/get', query } as const;
  const asked = await askFollowers(sync, question, slice.signal, slice.deps);
  if (asked.kind === 'refused' && asked.failure.errcode === ERRCODE.openidInvalid && sync.nextOpenids.length > 1) {
    sync.nextOpenids.pop();
    return slice.save([]);
  }
  if (asked.kind !== 'answered') return slice.endWithout(asked);
  const page = readPage(asked.value);
  if (!page) return slice.endWithout(brokenPage);
  const { openids, next, total } = page;
  const steps: BulkStep[] = [];
  sync.total = total ?? sync.total;
  sync.listingFrom ??= asked.askedAt;
  if (openids.length > 0) {
    if (sync.pages === 0) {
      sync.splits = chooseSplits(openids, sync.total ?? 0);
      // A former listing of this sync may have stored pages before it was interrupted.
      steps.push(forgetListed(sync.id));
    }
    steps.push(...keepListed(sync.id, sync.pages, sync.splits, openids, asked.askedAt));
    sync.pages++;
    sync.listed += openids.length;
    sync.nextOpenids = openids.slice(-MAX_PLACES);
    if (next !== undefined && next !== sync.nextOpenids.at(-1)) sync.nextOpenids.push(next);
  }
  // The last page with openids usually names a next one, which is empty (protocol §4.1).
  if (openids.length === 0 || next === undefined || next === after) {
    if (sync.listed < (sync.total ?? 0) * MIN_LISTED_SHARE) return slice.fail(listIncomplete(sync));
    sync.phase = sync.details ? 'details' : 'finishing';
  }
  return slice.save(steps);
}

const brokenPage: NoAnswer = {
  kind: 'unreadable',
  error: {
    code: 'wechat_broken_answer',
    remedy: 'retry',
    message: "WeChat's answer with a page of followers is broken.",
  },
};

/**
 * Undefined if the page names no follower, and does not say that it is empty (protocol §4.1: `count` 0, no `data`): the end
 * of the list is the one answer by which followers count as unsubscribed.
 */
function readPage(
  value: Fields,
): { openids: string[]; next: string | undefined; total: number | undefined } | undefined {
  const data = value.data as { openid?: unknown } | null | undefined;
  const { next_openid: next } = value;
  const [total, count] = [wholeNumber(value.total), wholeNumber(value.count)];
  if (!Array.isArray(data?.openid) && (count ?? total) !== 0) return undefined;
  const openids = Array.isArray(data?.openid) ? (data.openid as unknown[]) : [];
  return {
    openids: openids.filter((openid): openid is string => typeof openid === 'string' && OPENID.test(openid)),
    next: typeof next === 'string' && OPENID.test(next) ? next : undefined,
    total,
  };
}

/** WeChat sometimes writes a number as a string (protocol §9). */
function wholeNumber(value: unknown): number | undefined {
  const number = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  return typeof number === 'number' && Number.isSafeInteger(number) ? number : undefined;
}

function listIncomplete({ listed, total }: SyncRun): FollowerSyncError {
  return toSyncError(
    new Failure(
      'list_incomplete',
      'retry',
      `WeChat's list ended after ${listed} of ${total} followers, so no follower was marked as unsubscribed. Start the sync again.`,
    ),
  );
}
