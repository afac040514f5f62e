import type { BulkDatabase } from '../database/bulk.ts';
import type { FollowerRow } from '../database/schema.ts';
import type { SqlValue } from '../database/statement.ts';
import type { FollowerAccount } from './follower.ts';
import { pushesBefore, ROW, wouldChange } from './follower-row.ts';

const WINDOW = 2_000;
const COLUMNS = 'openid, subscribed, status_at, subscribed_at, unsubscribed_at, unionid, remark, tag_ids, scene, extra';

/** The part of an account's followers to which a chunk of details belongs. */
export interface KeyRange {
  /** The openid after which it starts. */
  readonly after: string;
  /** Its last openid; undefined: to the end. */
  readonly upTo: string | undefined;
  /** When the list that names all its openids was requested (ms). */
  readonly listedAt: number;
}

export interface Compared {
  /** The rows that would change the table; in most syncs after the first, few do. */
  readonly news: readonly SqlValue[];
  /** The table has a follower in the range who was not listed. */
  readonly unlisted: boolean;
}

/**
 * Compares fetched rows with the table, since reading a row costs a fraction of writing it. Pushes that are written between
 * this read and the following write have the same effect as pushes after both.
 */
export async function diffRange(
  database: Pick<BulkDatabase, 'read'>,
  { component, appid }: FollowerAccount,
  values: readonly SqlValue[],
  askedAt: number,
  { after, upTo, listedAt }: KeyRange,
): Promise<Compared> {
  const places = new Map<SqlValue, number>();
  for (let at = 0; at < values.length; at += ROW.width) places.set(values[at + ROW.openid]!, at);
  const known = new Set<number>();
  let unlisted = false;
  const end = upTo === undefined ? '' : ' and openid <= ?';
  const text = `select ${COLUMNS} from followers where component = ? and appid = ? and openid > ?${end} order by openid limit ${WINDOW}`;
  for (let from = after; ; ) {
    const parameters = [component, appid, from, ...(upTo === undefined ? [] : [upTo])];
    const rows = (await database.read(text, parameters)) as unknown as FollowerRow[];
    for (const row of rows) {
      const at = places.get(row.openid);
      if (at !== undefined) {
        if (!wouldChange(row, values, at, askedAt)) known.add(at);
      } else if (Number(row.subscribed) === 1 && Number(row.status_at) < pushesBefore(listedAt)) unlisted = true;
    }
    if (rows.length < WINDOW) break;
    from = rows.at(-1)!.openid;
  }
  if (known.size === 0) return { news: values, unlisted };
  const news: SqlValue[] = [];
  for (const at of places.values()) if (!known.has(at)) news.push(...values.slice(at, at + ROW.width));
  return { news, unlisted };
}
