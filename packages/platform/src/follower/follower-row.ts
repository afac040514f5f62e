import type { FollowerRow } from '../database/schema.ts';
import type { SqlValue } from '../database/statement.ts';
import type { Upsert } from '../database/upsert-rows.ts';
import type { Follower, FollowerAccount } from './follower.ts';

/** A push is exact; a page that was requested shortly after it may still show the state before it. */
const PUSH_WINS_MS = 60_000;

const COLUMNS = [
  ...['component', 'appid', 'openid', 'subscribed', 'status_at', 'subscribed_at', 'unsubscribed_at'],
  ...['unionid', 'remark', 'tag_ids', 'scene', 'extra'],
];

/** Columns that have one value for all followers of a page. */
const EQUAL_COLUMNS = ['component', 'appid', 'status_at'];

/** The number of values of a row, and the position of the openid in it. */
export const ROW = { width: COLUMNS.length, openid: COLUMNS.indexOf('openid') } as const;

/** MySQL assigns the columns one after the other, and each sees the new values of those before it; so the order matters. */
const CHANGE = {
  subscribed_at: 'case when status_at < :before then coalesce(new.subscribed_at, subscribed_at) else subscribed_at end',
  unsubscribed_at:
    'case when status_at >= :before then unsubscribed_at when new.subscribed = 1 then null ' +
    'else coalesce(unsubscribed_at, new.unsubscribed_at) end',
  subscribed: 'case when status_at < :before then new.subscribed else subscribed end',
  unionid: 'coalesce(new.unionid, unionid)',
  remark: 'coalesce(new.remark, remark)',
  tag_ids: 'coalesce(new.tag_ids, tag_ids)',
  scene: 'coalesce(new.scene, scene)',
  extra: 'coalesce(new.extra, extra)',
};

/** Stores a page that was requested at `askedAt` (ms). If the rows are from several pages, the earliest time is safe. */
export function followerUpsert(values: readonly SqlValue[], askedAt: number): Upsert {
  return {
    table: 'followers',
    columns: COLUMNS,
    key: ['component', 'appid', 'openid'],
    change: CHANGE,
    shared: { before: askedAt - PUSH_WINS_MS },
    alike: EQUAL_COLUMNS,
    values,
  };
}

/** Whether a page that was requested at `askedAt` would change the row by the rules of CHANGE. */
export function wouldChange(row: FollowerRow, values: readonly SqlValue[], at: number, askedAt: number): boolean {
  const subscribed = values[at + 3];
  const [subscribedAt, unsubscribedAt] = [values[at + 5], values[at + 6]];
  if (Number(row.status_at) < askedAt - PUSH_WINS_MS) {
    if (Number(row.subscribed) !== subscribed) return true;
    if (subscribedAt !== null && !isSame(row.subscribed_at, subscribedAt)) return true;
    if (subscribed === 1 ? row.unsubscribed_at !== null : row.unsubscribed_at === null && unsubscribedAt !== null)
      return true;
  }
  return (
    isNew(row.unionid, values[at + 7]) ||
    isNew(row.remark, values[at + 8]) ||
    isNew(row.tag_ids, values[at + 9]) ||
    isNew(row.scene, values[at + 10]) ||
    isNew(row.extra, values[at + 11])
  );
}

function isNew(stored: string | null, received: SqlValue | undefined): boolean {
  return received !== null && received !== stored;
}

function isSame(stored: number | null, received: SqlValue | undefined): boolean {
  return stored !== null && Number(stored) === received;
}

/** A page that was requested at `askedAt` overrides pushes before this time (ms). */
export function pushesBefore(askedAt: number): number {
  return askedAt - PUSH_WINS_MS;
}

/** A row of a user of whom only the listed openid is known. */
export function pushListed(values: SqlValue[], { component, appid }: FollowerAccount, openid: string): void {
  values.push(component, appid, openid, 1, 0, null, null, null, null, null, null, null);
}

/** One answer of `user/info` (protocol §4.1); for a user who does not follow, it has only openid and unionid. */
export function pushDetail(
  values: SqlValue[],
  { component, appid }: FollowerAccount,
  detail: Readonly<Record<string, unknown>>,
  askedAt: number,
): void {
  const { openid, subscribe, subscribe_time, unionid, remark, tagid_list, subscribe_scene, ...rest } = detail;
  const extra = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null && value !== undefined));
  // WeChat sometimes writes a number as a string (protocol §9).
  const follows = String(subscribe) !== '0';
  const keep = (name: string, value: unknown, maxLength: number): string | null => {
    if (typeof value === 'string' && value.length <= maxLength && !(name === 'unionid' && value === '')) return value;
    if (value !== undefined && value !== null && value !== '') extra[name] = value;
    return null;
  };
  const tags = Array.isArray(tagid_list) ? `,${tagid_list.map((id) => `${id},`).join('')}` : null;
  values.push(
    ...[component, appid, openid as string, follows ? 1 : 0, 0],
    typeof subscribe_time === 'number' && subscribe_time > 0 ? subscribe_time * 1_000 : null,
    follows ? null : askedAt,
    keep('unionid', unionid, 64),
    keep('remark', remark, 10_000),
    tags,
    keep('subscribe_scene', subscribe_scene, 64),
    // Null keeps what is stored, for example of a user who has unsubscribed.
    Object.keys(extra).length > 0 ? JSON.stringify(extra) : null,
  );
}

/** A whole answer of `user/info/batchget`; a user who is missing in it is stored as listed, without details. */
export function pushDetails(
  values: SqlValue[],
  account: FollowerAccount,
  openids: readonly string[],
  list: readonly unknown[],
  askedAt: number,
): void {
  const missing = new Set(openids);
  for (const detail of list as (Record<string, unknown> | null)[]) {
    const openid = detail?.openid;
    if (detail && typeof openid === 'string' && missing.delete(openid)) pushDetail(values, account, detail, askedAt);
  }
  for (const openid of missing) pushListed(values, account, openid);
}

export function toFollower(row: FollowerRow): Follower {
  return {
    openid: row.openid,
    subscribed: Number(row.subscribed) === 1,
    subscribedAt: toDate(row.subscribed_at),
    unsubscribedAt: toDate(row.unsubscribed_at),
    unionid: row.unionid,
    remark: row.remark,
    tagIds: row.tag_ids === null ? null : row.tag_ids.split(',').filter(Boolean).map(Number),
    scene: row.scene,
    extra: row.extra === null ? {} : (JSON.parse(row.extra) as Record<string, unknown>),
  };
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(Number(ms));
}
