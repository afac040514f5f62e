import type { SqlValue } from '../database/statement.ts';
import type { Asked, FollowerQuestion, NoAnswer } from './ask-followers.ts';
import type { FollowerAccount } from './follower.ts';
import { pushDetail, pushListed } from './follower-row.ts';

const BATCH = 100;
/** Requests of one sync on their way at the same time: interactive calls share the sockets and WeChat's patience. */
const IN_FLIGHT = 5;
const FOREIGN_OPENID = 40003;

export interface FetchedDetails {
  readonly kind: 'fetched';
  /** Row after row, as `followerUpsert` wants them. */
  readonly values: readonly SqlValue[];
  /** When the earliest batch was asked for (ms). */
  readonly askedAt: number;
}

export type Ask = (question: FollowerQuestion) => Promise<Asked>;

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
  });
  if (asked.kind === 'answered') return read(account, openids, asked.value.user_info_list, asked.askedAt);
  if (asked.kind !== 'refused' || asked.failure.errcode !== FOREIGN_OPENID) return asked;
  if (openids.length === 1) {
    // WeChat listed it and does not know it: kept as listed.
    const values: SqlValue[] = [];
    pushListed(values, account, openids[0]!);
    return { kind: 'fetched', values, askedAt: Number.POSITIVE_INFINITY };
  }
  const half = openids.length >> 1;
  const left = await fetchBatch(account, openids.slice(0, half), ask);
  if (left.kind !== 'fetched') return left;
  const right = await fetchBatch(account, openids.slice(half), ask);
  if (right.kind !== 'fetched') return right;
  return joined([left, right]);
}

function read(account: FollowerAccount, openids: readonly string[], list: unknown, askedAt: number): FetchedDetails {
  const values: SqlValue[] = [];
  const missing = new Set(openids);
  for (const detail of Array.isArray(list) ? (list as Record<string, unknown>[]) : []) {
    const openid = detail?.openid;
    if (typeof openid === 'string' && missing.delete(openid)) pushDetail(values, account, detail, askedAt);
  }
  for (const openid of missing) pushListed(values, account, openid);
  return { kind: 'fetched', values, askedAt };
}

function joined(parts: readonly FetchedDetails[]): FetchedDetails {
  return {
    kind: 'fetched',
    values: parts.flatMap((part) => part.values),
    askedAt: Math.min(...parts.map((part) => part.askedAt)),
  };
}
