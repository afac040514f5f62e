import type { Kysely } from 'kysely';
import { insertUnlessThere } from '../../database/insert-unless-there.ts';
import type { Sql } from '../../database/open.ts';
import type { Remarks } from './remarks.ts';
import type { SourceDatabase, SourceRow } from './source-database.ts';
import { numberOf, textOf, timeOf } from './source-values.ts';

const OPENID = /^[\x21-\x7e]{1,64}$/;
const CHUNK = 500;
/** Byte by byte: openids that differ in case only are different users, which the source's collation ignores. */
const IN_ORDER = 'cast(openid as binary)';
/** Stored unchanged, as WeChat reported it. */
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
 * Imports followers that are unknown here, with their details. Both tables are read in the order of their openids, in
 * parallel, so that memory use stays constant and duplicate rows are adjacent.
 */
export async function takeFollowers(
  component: string,
  appidOf: ReadonlyMap<string, string>,
  options: {
    readonly source: SourceDatabase;
    readonly database: Sql;
    readonly remarks: Remarks;
    readonly dryRun: boolean;
    readonly signal?: AbortSignal | undefined;
    readonly progress?: ((rows: number) => void) | undefined;
  },
): Promise<FollowersTaken> {
  const { source, remarks } = options;
  const taken: FollowersTaken = { rows: 0, added: 0, kept: 0 };
  const details = await Details.open(source, remarks);
  let chunk: NewFollower[] = [];
  const save = async () => {
    options.signal?.throwIfAborted();
    await saveNew(chunk, taken, options);
    chunk = [];
    options.progress?.(taken.rows);
  };
  try {
    for await (const { openid, rows } of byOpenid(source, 'wx_followers')) {
      taken.rows += rows.length;
      if (!OPENID.test(openid)) {
        remarks.note(
          `a follower ${openid === '' ? 'without an' : 'with an impossible'} openid; skipped`,
          nameOf(openid),
        );
        continue;
      }
      const detail = await details.of(openid);
      const appids = new Set<string>();
      for (const row of rows) {
        const wxToken = textOf(row, 'wx_token');
        const appid = wxToken === undefined ? undefined : appidOf.get(wxToken);
        if (appid === undefined) remarks.note('a follower whose wx_token belongs to no account; skipped', openid);
        else if (appids.has(appid)) remarks.note('a follower with several rows', openid);
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

/** wx_followers_info, read in parallel with wx_followers: the openids asked for only increase. */
class Details {
  readonly #groups: AsyncIterator<{ openid: string; rows: SourceRow[] }> | undefined;
  readonly #remarks: Remarks;
  #current: { openid: string; rows: SourceRow[] } | undefined;

  private constructor(groups: AsyncIterator<{ openid: string; rows: SourceRow[] }> | undefined, remarks: Remarks) {
    this.#groups = groups;
    this.#remarks = remarks;
  }

  static async open(source: SourceDatabase, remarks: Remarks): Promise<Details> {
    const isPresent = await source.has('wx_followers_info');
    if (!isPresent) remarks.note('a missing table', 'wx_followers_info');
    const details = new Details(
      isPresent ? byOpenid(source, 'wx_followers_info')[Symbol.asyncIterator]() : undefined,
      remarks,
    );
    await details.#next();
    return details;
  }

  async of(openid: string): Promise<SourceRow | undefined> {
    while (this.#current && compare(this.#current.openid, openid) < 0) {
      this.#orphan(this.#current.openid);
      await this.#next();
    }
    if (this.#current?.openid !== openid) return undefined;
    const { rows } = this.#current;
    await this.#next();
    if (rows.length > 1) this.#remarks.note('details of one follower in several rows; the newest are used', openid);
    const changedAt = (row: SourceRow) => textOf(row, 'updated_at') ?? '';
    return rows.reduce((newest, row) => (changedAt(row) >= changedAt(newest) ? row : newest));
  }

  async finish(): Promise<void> {
    for (; this.#current; await this.#next()) this.#orphan(this.#current.openid);
  }

  async close(): Promise<void> {
    await this.#groups?.return?.();
  }

  #orphan(openid: string): void {
    this.#remarks.note('details of a user who follows no account; skipped', nameOf(openid));
  }

  async #next(): Promise<void> {
    const next = await this.#groups?.next();
    this.#current = next && !next.done ? next.value : undefined;
  }
}

/** Rows with the same openid together. A column that is empty counts as the empty openid. */
async function* byOpenid(source: SourceDatabase, table: string): AsyncGenerator<{ openid: string; rows: SourceRow[] }> {
  let group: { openid: string; rows: SourceRow[] } | undefined;
  for await (const row of source.rows(table, IN_ORDER)) {
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

function follower(component: string, appid: string, openid: string, detail: SourceRow | undefined): NewFollower {
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
    // A listed user followed then; the next sync finds out who still does.
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
