import { ERRCODE } from '@wxthirdparty/wechat';
import type { SqlValue } from '../database/statement.ts';
import type { Asked, NoAnswer, Unread, UnreadQuestion } from './ask-followers.ts';
import type { FollowerAccount } from './follower.ts';
import { pushDetails, pushListed } from './follower-row.ts';
import type { UnreadDetails } from './follower-writer.ts';

const BATCH = 100;
/** Requests of one sync on their way at the same time: interactive calls share the sockets and WeChat's patience. */
const IN_FLIGHT = 5;

export interface FetchedDetails {
  readonly kind: 'fetched';
  /** Row after row, as `followerUpsert` wants them. */
  readonly values: readonly SqlValue[];
  /** Answers that are still to be read. */
  readonly answers: readonly UnreadDetails[];
  /** When the earliest batch was asked for (ms). */
  readonly askedAt: number;
}

export type Ask = (question: UnreadQuestion) => Promise<Asked | Unread>;

/** Who these openids are, in batches; all of them, or why not. */
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
      const mine = next++;
      const answer = await fetchBatch(account, batches[mine]!, ask);
      if (answer.kind === 'fetched') fetched[mine] = answer;
      else stopped ??= answer;
    }
  };
  await Promise.all(Array.from({ length: Math.min(IN_FLIGHT, batches.length) }, work));
  return stopped ?? joined(fetched);
}

/** One foreign openid makes WeChat refuse the whole batch (dossier §4.1): the halves are asked for, down to that one. */
async function fetchBatch(
  account: FollowerAccount,
  openids: readonly string[],
  ask: Ask,
): Promise<FetchedDetails | NoAnswer> {
  const asked = await ask({
    doing: 'fetching details of followers',
    method: 'POST',
    path: '/cgi-bin/user/info/batchget',
    body: { user_list: openids.map((openid) => ({ openid, lang: 'zh_CN' })) },
    unreadIf: '{"user_info_list":',
  });
  const { askedAt } = { askedAt: 0, ...asked };
  if (asked.kind === 'unread') {
    return {
      kind: 'fetched',
      values: [],
      answers: [{ openids: openids.join('\n'), body: asked.body, askedAt }],
      askedAt,
    };
  }
  if (asked.kind === 'answered') {
    const values: SqlValue[] = [];
    pushDetails(values, account, openids, asked.value.user_info_list, askedAt);
    return { kind: 'fetched', values, answers: [], askedAt };
  }
  if (asked.kind !== 'refused' || asked.failure.errcode !== ERRCODE.openidInvalid) return asked;
  if (openids.length === 1) {
    // WeChat listed it and does not know it: kept as listed.
    const values: SqlValue[] = [];
    pushListed(values, account, openids[0]!);
    return { kind: 'fetched', values, answers: [], askedAt: Number.POSITIVE_INFINITY };
  }
  const half = openids.length >> 1;
  const left = await fetchBatch(account, openids.slice(0, half), ask);
  if (left.kind !== 'fetched') return left;
  const right = await fetchBatch(account, openids.slice(half), ask);
  if (right.kind !== 'fetched') return right;
  return joined([left, right]);
}

function joined(parts: readonly FetchedDetails[]): FetchedDetails {
  return {
    kind: 'fetched',
    values: parts.flatMap((part) => part.values),
    answers: parts.flatMap((part) => part.answers),
    askedAt: Math.min(...parts.map((part) => part.askedAt)),
  };
}
