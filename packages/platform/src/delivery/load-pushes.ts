import { Failure } from '@wxthirdparty/wechat';
import { sql as raw } from 'kysely';
import { shownHandle } from '../authorizer/authorizer-filter.ts';
import type { Sql } from '../database/open.ts';
import type { OpenedPush } from '../journal/opened-push.ts';
import { pushPlace } from '../journal/stream-entry.ts';
import type { Seals } from '../sealing/seals.ts';

/** Payloads in memory at once. */
const MAX_BYTES = 4 * 1024 * 1024;

/** What names a push, and what its rows repeat of it. */
export interface PushReference {
  readonly push: string;
  readonly component: string;
  readonly appid: string | null;
}

/** `push` null: no listed key opens it, or it is no longer in the journal. */
export interface LoadedPush<Reference> {
  readonly reference: Reference;
  readonly push: OpenedPush | null;
}

/** Opens the pushes of these references: the first ones, up to 4 MB, but at least one. */
export async function loadPushes<Reference extends PushReference>(
  sql: Sql,
  seals: Seals,
  references: readonly Reference[],
): Promise<LoadedPush<Reference>[]> {
  const sizes = await sizesOf(sql, references);
  let bytes = 0;
  const first = references.filter((reference, i) => {
    bytes += sizes.get(keyOf(reference)) ?? 0;
    return i === 0 || bytes <= MAX_BYTES;
  });
  const [rows, handles] = await Promise.all([rowsOf(sql, first), handlesOf(sql, first)]);
  return first.map((reference) => {
    const row = rows.get(keyOf(reference));
    const handle = handles.get(accountOf(reference)) ?? null;
    return { reference, push: row ? open(seals, row, handle) : null };
  });
}

interface Row {
  readonly component: string;
  readonly id: string;
  readonly appid: string | null;
  readonly type: string;
  readonly seq: number;
  readonly create_time: number;
  readonly received_at: number;
  readonly sealed: Uint8Array;
}

function open(seals: Seals, row: Row, handle: string | null): OpenedPush | null {
  const { component, id, appid, type } = row;
  const sealed = Buffer.from(row.sealed.buffer, row.sealed.byteOffset, row.sealed.byteLength);
  try {
    return {
      id,
      seq: Number(row.seq),
      component,
      appid,
      handle,
      type,
      createTime: new Date(Number(row.create_time)),
      receivedAt: new Date(Number(row.received_at)),
      payload: seals.openBytes(sealed, pushPlace(component, id)),
    };
  } catch (error) {
    if (error instanceof Failure && error.code === 'unsealable') return null;
    throw error;
  }
}

async function sizesOf(sql: Sql, references: readonly PushReference[]): Promise<Map<string, number>> {
  const rows = await ofEachComponent(references, (component, ids) =>
    sql
      .selectFrom('pushes')
      .select(['component', 'id', raw<number | bigint>`length(sealed)`.as('bytes')])
      .where('component', '=', component)
      .where('id', 'in', ids)
      .execute(),
  );
  return new Map(rows.map(({ component, id, bytes }) => [`${component}/${id}`, Number(bytes)]));
}

async function rowsOf(sql: Sql, references: readonly PushReference[]): Promise<Map<string, Row>> {
  const rows = await ofEachComponent(references, (component, ids) =>
    sql
      .selectFrom('pushes')
      .select(['component', 'id', 'appid', 'type', 'seq', 'create_time', 'received_at', 'sealed'])
      .where('component', '=', component)
      .where('id', 'in', ids)
      .execute(),
  );
  return new Map(rows.map((row) => [`${row.component}/${row.id}`, row]));
}

async function handlesOf(sql: Sql, references: readonly PushReference[]): Promise<Map<string, string>> {
  const rows = await ofEachComponent(references, (component, _, appids) =>
    appids.length === 0
      ? Promise.resolve([])
      : sql
          .selectFrom('authorizers')
          .select((eb) => ['component', 'appid', shownHandle(eb).as('handle')])
          .where('component', '=', component)
          .where('appid', 'in', appids)
          .execute(),
  );
  return new Map(rows.map(({ component, appid, handle }) => [`${component}/${appid}`, handle]));
}

async function ofEachComponent<Found>(
  references: readonly PushReference[],
  read: (component: string, ids: readonly string[], appids: readonly string[]) => Promise<readonly Found[]>,
): Promise<Found[]> {
  const found = await Promise.all(
    [...Map.groupBy(references, ({ component }) => component)].map(([component, own]) => {
      const appids = new Set(own.flatMap(({ appid }) => (appid === null ? [] : [appid])));
      return read(
        component,
        own.map(({ push }) => push),
        [...appids],
      );
    }),
  );
  return found.flat();
}

function keyOf({ component, push }: PushReference): string {
  return `${component}/${push}`;
}

function accountOf({ component, appid }: PushReference): string {
  return `${component}/${appid}`;
}
