import type { FollowerRow } from '../database/schema.ts';
import type { SqlValue } from '../database/statement.ts';
import type { Upsert } from '../database/upsert-rows.ts';
import type { Follower, FollowerAccount } from './follower.ts';

/** Pushes tell the moment; a page that was asked for shortly after a push may still show what was before. */
const PUSH_WINS_MS = 60_000;

const COLUMNS = [
  ...['component', 'appid', 'openid', 'subscribed', 'status_at', 'subscribed_at', 'unsubscribed_at'],
  ...['unionid', 'remark', 'tag_ids', 'scene', 'extra'],
];

/** Of what a page says; only the rest differs from follower to follower. */
const ALIKE = ['component', 'appid', 'status_at'];

/** How many values make a row, and where in it the openid stands. */
export const ROW = { width: COLUMNS.length, openid: COLUMNS.indexOf('openid') } as const;

/** MySQL changes one after the other, so `subscribed` and what depends on `status_at` keep their order. */
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

/** What a page said that WeChat was asked for at `askedAt` (ms). Of several pages, the earliest moment is the safe one. */
export function followerUpsert(values: readonly SqlValue[], askedAt: number): Upsert {
  return {
    table: 'followers',
    columns: COLUMNS,
    key: ['component', 'appid', 'openid'],
    change: CHANGE,
    shared: { before: askedAt - PUSH_WINS_MS },
    alike: ALIKE,
    values,
  };
}

/** Whether a page that was asked for at `askedAt` would change the row: what CHANGE says, so that it need not be asked. */
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

function isNew(there: string | null, told: SqlValue | undefined): boolean {
  return told !== null && told !== there;
}

function isSame(there: number | null, told: SqlValue | undefined): boolean {
  return there !== null && Number(there) === told;
}

/** Pushes up to this moment (ms) give way to a page that was asked for at `askedAt`. */
export function pushesBefore(askedAt: number): number {
  return askedAt - PUSH_WINS_MS;
}

/** WeChat listed the openid, and said no more. */
export function pushListed(values: SqlValue[], { component, appid }: FollowerAccount, openid: string): void {
  values.push(component, appid, openid, 1, 0, null, null, null, null, null, null, null);
}

/** One answer of `user/info` (protocol §4.1); of who does not follow, only openid and unionid come. */
export function pushDetail(
  values: SqlValue[],
  { component, appid }: FollowerAccount,
  detail: Readonly<Record<string, unknown>>,
  askedAt: number,
): void {
  const { openid, subscribe, subscribe_time, unionid, remark, tagid_list, subscribe_scene, ...rest } = detail;
  const extra = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null && value !== undefined));
  // A number comes as a string at times (protocol §9).
  const follows = String(subscribe) !== '0';
  const keep = (name: string, value: unknown, longest: number): string | null => {
    if (typeof value === 'string' && value.length <= longest && !(name === 'unionid' && value === '')) return value;
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
    // Where WeChat says no more, as about a user who has unsubscribed, what was known is kept.
    Object.keys(extra).length > 0 ? JSON.stringify(extra) : null,
  );
}

/** A whole answer of `user/info/batchget`: who is missing in it was listed, and is kept as listed. */
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
