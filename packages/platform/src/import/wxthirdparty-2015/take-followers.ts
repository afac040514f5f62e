import type { Kysely } from 'kysely';
import { insertUnlessThere } from '../../database/insert-unless-there.ts';
import type { Sql } from '../../database/open.ts';
import type { Remarks } from './remarks.ts';
import type { AncestorDatabase, AncestorRow } from './source-database.ts';
import { numberOf, textOf, timeOf } from './source-values.ts';

const OPENID = /^[\x21-\x7e]{1,64}$/;
const CHUNK = 500;
/** Byte by byte: openids that differ in case only are different people, which the ancestor's collation overlooks. */
const IN_ORDER = 'cast(openid as binary)';
/** What the ancestor knew and we keep as WeChat tells it. */
const MORE_TEXT = ['nickname', 'language', 'city', 'province', 'country', 'headimgurl'];
const MORE_NUMBERS = ['sex', 'groupid'];

export interface FollowersTaken {
  rows: number;
  added: number;
  /** Here already; what we know is newer. */
  kept: number;
}

interface NewFollower {
  readonly component: string;
  readonly appid: string;
  readonly openid: string;
  readonly subscribed: number;
  readonly status_at: number;
  readonly subscribed_at: number | null;
  readonly unionid: string | null;
  readonly remark: string | null;
  readonly extra: string | null;
}

/**
 * Followers that are unknown here, with what the ancestor knew about them. Both of its tables are read in the order of
 * their openids, side by side, so that memory stays flat and what is there twice lies side by side, too.
 */
export async function takeFollowers(
  component: string,
  appidOf: ReadonlyMap<string, string>,
  options: {
    readonly ancestor: AncestorDatabase;
    readonly database: Sql;
    readonly remarks: Remarks;
    readonly dryRun: boolean;
    readonly signal?: AbortSignal | undefined;
    readonly progress?: ((rows: number) => void) | undefined;
  },
): Promise<FollowersTaken> {
  const { ancestor, remarks } = options;
  const taken: FollowersTaken = { rows: 0, added: 0, kept: 0 };
  const details = await Details.open(ancestor, remarks);
  let chunk: NewFollower[] = [];
  const save = async () => {
    options.signal?.throwIfAborted();
    await saveNew(chunk, taken, options);
    chunk = [];
    options.progress?.(taken.rows);
  };
  try {
    for await (const { openid, rows } of byOpenid(ancestor, 'wx_followers')) {
      taken.rows += rows.length;
      if (!OPENID.test(openid)) {
        remarks.note(
          `a follower ${openid === '' ? 'without an' : 'with an impossible'} openid; left out`,
          nameOf(openid),
        );
        continue;
      }
      const detail = await details.of(openid);
      const appids = new Set<string>();
      for (const row of rows) {
        const wxToken = textOf(row, 'wx_token');
        const appid = wxToken === undefined ? undefined : appidOf.get(wxToken);
        if (appid === undefined)
          remarks.note('a follower of nobody (its wx_token belongs to no account); left out', openid);
        else if (appids.has(appid)) remarks.note('a follower who is there several times', openid);
        else appids.add(appid);
      }
      for (const appid of appids) chunk.push(follower(component, appid, openid, detail));
      if (chunk.length >= CHUNK) await save();
    }
    await save();
    await details.finish();
  } finally {
    await details.close();
  }
  return taken;
}

/** wx_followers_info beside wx_followers: who asks goes forward only. */
class Details {
  readonly #groups: AsyncIterator<{ openid: string; rows: AncestorRow[] }> | undefined;
  readonly #remarks: Remarks;
  #current: { openid: string; rows: AncestorRow[] } | undefined;

  private constructor(groups: AsyncIterator<{ openid: string; rows: AncestorRow[] }> | undefined, remarks: Remarks) {
    this.#groups = groups;
    this.#remarks = remarks;
  }

  static async open(ancestor: AncestorDatabase, remarks: Remarks): Promise<Details> {
    const there = await ancestor.has('wx_followers_info');
    if (!there) remarks.note('a table that is not there', 'wx_followers_info');
    const details = new Details(
      there ? byOpenid(ancestor, 'wx_followers_info')[Symbol.asyncIterator]() : undefined,
      remarks,
    );
    await details.#next();
    return details;
  }

  async of(openid: string): Promise<AncestorRow | undefined> {
    while (this.#current && compare(this.#current.openid, openid) < 0) {
      this.#orphan(this.#current.openid);
      await this.#next();
    }
    if (this.#current?.openid !== openid) return undefined;
    const { rows } = this.#current;
    await this.#next();
    if (rows.length > 1)
      this.#remarks.note('details of one follower that are there several times; the newest count', openid);
    const changedAt = (row: AncestorRow) => textOf(row, 'updated_at') ?? '';
    return rows.reduce((newest, row) => (changedAt(row) >= changedAt(newest) ? row : newest));
  }

  async finish(): Promise<void> {
    for (; this.#current; await this.#next()) this.#orphan(this.#current.openid);
  }

  async close(): Promise<void> {
    await this.#groups?.return?.();
  }

  #orphan(openid: string): void {
    this.#remarks.note('details of somebody who follows no account; left out', nameOf(openid));
  }

  async #next(): Promise<void> {
    const next = await this.#groups?.next();
    this.#current = next && !next.done ? next.value : undefined;
  }
}

/** Rows with the same openid together. A column that is empty counts as the empty openid. */
async function* byOpenid(
  ancestor: AncestorDatabase,
  table: string,
): AsyncGenerator<{ openid: string; rows: AncestorRow[] }> {
  let group: { openid: string; rows: AncestorRow[] } | undefined;
  for await (const row of ancestor.rows(table, IN_ORDER)) {
    const openid = typeof row.openid === 'string' ? row.openid : '';
    if (group?.openid !== openid) {
      if (group) yield group;
      group = { openid, rows: [] };
    }
    group.rows.push(row);
  }
  if (group) yield group;
}

function nameOf(openid: string): string {
  return openid === '' ? 'no openid' : openid;
}

/** As the server orders bytes. */
function compare(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}

function follower(component: string, appid: string, openid: string, detail: AncestorRow | undefined): NewFollower {
  const now = Date.now();
  const row = detail ?? {};
  const extra: Record<string, unknown> = {};
  for (const column of MORE_TEXT) {
    const text = textOf(row, column);
    if (text !== undefined) extra[column] = text;
  }
  for (const column of MORE_NUMBERS) {
    const number = numberOf(row, column);
    if (number !== undefined) extra[column] = number;
  }
  const unionid = textOf(row, 'unionid');
  return {
    component,
    appid,
    openid,
    // Whoever was listed followed then; the next sync tells who still does.
    subscribed: numberOf(row, 'subscribe') === 0 ? 0 : 1,
    status_at: 0,
    subscribed_at: timeOf(row, 'subscribe_time', now) ?? null,
    unionid: unionid !== undefined && OPENID.test(unionid) ? unionid : null,
    remark: textOf(row, 'remark') ?? null,
    extra: Object.keys(extra).length > 0 ? JSON.stringify(extra) : null,
  };
}

async function saveNew(
  chunk: readonly NewFollower[],
  taken: FollowersTaken,
  { database, dryRun }: { readonly database: Sql; readonly dryRun: boolean },
): Promise<void> {
  if (chunk.length === 0) return;
  const db = database as unknown as Kysely<{ followers: NewFollower }>;
  const name = ({ appid, openid }: { appid: string; openid: string }) => `${appid}/${openid}`;
  const there = await db
    .selectFrom('followers')
    .select(['appid', 'openid'])
    .where('component', '=', chunk[0]!.component)
    .where('appid', 'in', [...new Set(chunk.map(({ appid }) => appid))])
    .where('openid', 'in', [...new Set(chunk.map(({ openid }) => openid))])
    .execute();
  const known = new Set(there.map(name));
  const fresh = chunk.filter((one) => !known.has(name(one)));
  taken.kept += chunk.length - fresh.length;
  taken.added += fresh.length;
  if (dryRun || fresh.length === 0) return;
  if (await insertUnlessThere(db.insertInto('followers').values(fresh))) return;
  // A push or a sync was faster with one of them.
  for (const one of fresh) await insertUnlessThere(db.insertInto('followers').values(one));
}
