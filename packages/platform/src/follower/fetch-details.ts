import { ERRCODE } from '@wxthirdparty/wechat';
import type { SqlValue } from '../database/statement.ts';
import type { Asked, FollowerQuestion, NoAnswer, Unread } from './ask-followers.ts';
import type { FollowerAccount } from './follower.ts';
import { pushDetails, pushListed } from './follower-row.ts';
import type { UnreadDetails } from './follower-writer.ts';

const BATCH = 100;
/** Requests of one sync in flight: interactive calls need sockets and WeChat's capacity, too. */
const MAX_IN_FLIGHT = 5;

export interface FetchedDetails {
  readonly kind: 'fetched';
  /** Rows, one after the other, as `followerUpsert` takes them. */
  readonly values: readonly SqlValue[];
  /** Answers that are not parsed yet. */
  readonly answers: readonly UnreadDetails[];
  /** Followers who are stored as listed, since WeChat refused their details or its answer cannot be read. */
  readonly withoutDetails: number;
  /** When the earliest batch was requested (ms). */
  readonly askedAt: number;
}

/** With `unreadIf`, an answer that starts with this text may be returned unparsed. */
export type Ask = (question: FollowerQuestion & { readonly unreadIf?: string }) => Promise<Asked | Unread>;

/** The details of these openids, requested in batches: of all of them, or the reason why not. */
export async function fetchDetails(
  account: FollowerAccount,
  openids: readonly string[],
  ask: Ask,
): Promise<FetchedDetails | NoAnswer> {
  const batches: (readonly string[])[] = [];
  for (let at = 0; at < openids.length; at += BATCH) batches.push(openids.slice(at, at + BATCH));
  const fetched: FetchedDetails[] = [];
  let stopped: NoAnswer | undefined;
  let next = 0;
  const work = async () => {
    while (next < batches.length && !stopped) {
      const index = next++;
      const answer = await fetchBatch(account, batches[index]!, ask, 'later');
      if (answer.kind === 'fetched') fetched[index] = answer;
      else stopped ??= answer;
    }
  };
  await Promise.all(Array.from({ length: Math.min(MAX_IN_FLIGHT, batches.length) }, work));
  return stopped ?? joined(fetched);
}

/**
 * A batch, parsed now or `later`. One foreign openid makes WeChat refuse the whole batch (protocol §4.1), and one follower's
 * details may break the JSON of the whole answer: then each half is requested by itself, down to that follower.
 */
export async function fetchBatch(
  account: FollowerAccount,
  openids: readonly string[],
  ask: Ask,
  read: 'now' | 'later' = 'now',
): Promise<FetchedDetails | NoAnswer> {
  const asked = await ask({
    doing: 'fetching details of followers',
    method: 'POST',
    path: '/cgi-bin/user/info/batchget',
    body: { user_list: openids.map((openid) => ({ openid, lang: 'zh_CN' })) },
    ...(read === 'later' ? { unreadIf: '{"user_info_list":' } : {}),
  });
  const values: SqlValue[] = [];
  switch (asked.kind) {
    case 'unread': {
      const { body, askedAt } = asked;
      const answers = [{ openids: openids.join('\n'), body, askedAt }];
      return { kind: 'fetched', values, answers, withoutDetails: 0, askedAt };
    }
    case 'answered': {
      const { askedAt } = asked;
      const list = asked.value.user_info_list;
      // A smaller batch may be answered with a list.
      if (!Array.isArray(list)) return byHalves(account, openids, ask);
      pushDetails(values, account, openids, list, askedAt);
      return { kind: 'fetched', values, answers: [], withoutDetails: 0, askedAt };
    }
    case 'refused':
      return asked.failure.errcode === ERRCODE.openidInvalid ? byHalves(account, openids, ask) : asked;
    case 'unreadable':
      return byHalves(account, openids, ask);
    case 'postponed':
    case 'aborted':
      return asked;
    default:
      return asked satisfies never;
  }
}

/** WeChat has listed all of them, so a user without details is stored as listed. */
async function byHalves(
  account: FollowerAccount,
  openids: readonly string[],
  ask: Ask,
): Promise<FetchedDetails | NoAnswer> {
  if (openids.length === 1) {
    const values: SqlValue[] = [];
    pushListed(values, account, openids[0]!);
    return { kind: 'fetched', values, answers: [], withoutDetails: 1, askedAt: Number.POSITIVE_INFINITY };
  }
  const half = openids.length >> 1;
  const first = await fetchBatch(account, openids.slice(0, half), ask);
  if (first.kind !== 'fetched') return first;
  const second = await fetchBatch(account, openids.slice(half), ask);
  if (second.kind !== 'fetched') return second;
  return joined([first, second]);
}

function joined(parts: readonly FetchedDetails[]): FetchedDetails {
  return {
    kind: 'fetched',
    values: parts.flatMap((part) => part.values),
    answers: parts.flatMap((part) => part.answers),
    withoutDetails: parts.reduce((sum, part) => sum + part.withoutDetails, 0),
    askedAt: Math.min(...parts.map((part) => part.askedAt)),
  };
}
