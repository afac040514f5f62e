import { inDatabase } from './database.ts';
import type { Deployment } from './deployment.ts';
import { until } from './until.ts';

export interface SyncBody {
  readonly id: string;
  readonly state: string;
  readonly phase: string;
  readonly listed: number;
  readonly detailed: number;
  readonly withoutDetails: number;
  readonly total: number | null;
  readonly ratePerSecond: number | null;
  readonly waitingUntil: string | null;
  readonly finishedAt: string | null;
  readonly error: { readonly code: string; readonly errcode?: number } | null;
}

export interface FollowerBody {
  readonly openid: string;
  readonly subscribed: boolean;
  readonly subscribedAt: string | null;
  readonly unsubscribedAt: string | null;
  readonly remark: string | null;
  readonly tagIds: number[] | null;
  readonly scene: string | null;
  readonly extra: Record<string, unknown>;
}

export async function startSync(
  deployment: Deployment,
  appid: string,
  body: object = { details: true },
): Promise<SyncBody> {
  const started = await deployment.api<SyncBody>('POST', `/v1/authorizers/${appid}/follower-syncs`, body);
  if (started.status !== 202) throw new Error(`no sync was started: ${started.status} ${JSON.stringify(started.body)}`);
  return started.body;
}

export async function readSync(deployment: Deployment, id: string): Promise<SyncBody> {
  return (await deployment.api<SyncBody>('GET', `/v1/follower-syncs/${id}`)).body;
}

export function syncReaches(
  deployment: Deployment,
  id: string,
  what: string,
  condition: (sync: SyncBody) => boolean,
): Promise<SyncBody> {
  return until(`sync ${what}`, async () => {
    const sync = await readSync(deployment, id);
    if (condition(sync)) return sync;
    throw new Error(JSON.stringify(sync));
  });
}

export function completed(deployment: Deployment, id: string): Promise<SyncBody> {
  return syncReaches(deployment, id, 'completed', (sync) => sync.state === 'completed');
}

/** All lines of the export. */
export async function exported(deployment: Deployment, appid: string, query = ''): Promise<FollowerBody[]> {
  const response = await fetch(`${deployment.gatewayUrl()}/v1/authorizers/${appid}/followers.ndjson${query}`, {
    headers: { authorization: `Bearer ${deployment.apiKey}` },
  });
  const text = await response.text();
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as FollowerBody);
}

/** One follower, as the export shows it. */
export async function follower(
  deployment: Deployment,
  appid: string,
  openid: string,
): Promise<FollowerBody | undefined> {
  return (await exported(deployment, appid)).find((one) => one.openid === openid);
}

/** The openids of the account's followers at WeChat, in the order of the table. */
export async function followersAtWeChat(deployment: Deployment, appid: string): Promise<string[]> {
  const { openids } = await deployment.wechat.control<{ openids: string[] }>(
    'GET',
    `/followers?appid=${appid}&offset=0&limit=10000000`,
  );
  return openids.sort();
}

/** The batches that an interrupted slice loses: a thousand followers being fetched, and a thousand being written. */
export const BATCHES_IN_FLIGHT = 20;

/**
 * The number of interrupted slices of a completed sync: those whose worker was killed, and those that were taken over,
 * since a busy machine may keep a worker from renewing its lock. Counted as all slices without a regular end, because an
 * interrupted one may still log its end later.
 */
export async function interruptedSlices(deployment: Deployment, id: string): Promise<number> {
  const { run } = await inDatabase(deployment, (sql) =>
    sql.selectFrom('follower_syncs').select('run').where('id', '=', id).executeTakeFirstOrThrow(),
  );
  const lines = deployment.workers.flatMap((worker) => worker.lines());
  const continued = lines.filter((line) => line.sync === id && line.outcome === 'goes_on').length;
  return Number(run) - continued - 1;
}

export const LIST = 'GET /cgi-bin/user/get';
export const BATCH = 'POST /cgi-bin/user/info/batchget';
