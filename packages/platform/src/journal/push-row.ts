import type { InsertNew } from '../database/insert-new.ts';
import type { RowChanges } from '../database/row-changes.ts';
import type { PushRow } from '../database/schema.ts';
import type { SqlValue } from '../database/statement.ts';
import type { JournaledPush, NewPush, PushNote, Replied, SealedPush } from './journaled-push.ts';
import type { Persons } from './person.ts';

/** All but the content and the person. */
export const PUSH_COLUMNS = [
  'component',
  'id',
  'appid',
  'type',
  'note',
  'create_time',
  'received_at',
  'seq',
  'replied',
] as const satisfies readonly (keyof PushRow)[];

const INSERTED = [
  'component',
  'id',
  'appid',
  'type',
  'note',
  'person',
  'create_time',
  'received_at',
  'seq',
  'sealed',
] as const satisfies readonly (keyof PushRow)[];

/** Inserts pushes; its changes report which of them are new. */
export function insertPushes(pushes: readonly NewPush[], persons: Persons): InsertNew {
  return {
    into: 'pushes',
    columns: INSERTED,
    key: ['component', 'id'],
    values: pushes.flatMap((push): SqlValue[] => [
      push.component,
      push.id,
      push.appid,
      push.type,
      push.note,
      push.appid !== null && push.openid !== null ? persons.hash(push.component, push.appid, push.openid) : null,
      push.createTime.getTime(),
      push.receivedAt.getTime(),
      push.seq,
      push.sealed,
    ]),
  };
}

export interface AnsweredPush {
  readonly component: string;
  readonly id: string;
  readonly replied: Replied;
}

/** Notes how users were answered; its changes report which of the pushes had no reply before. */
export function markReplied(answered: readonly AnsweredPush[]): RowChanges {
  return {
    each: 'update pushes set replied = ? where component = ? and id = ? and replied is null',
    width: 3,
    key: [1, 2],
    values: answered.flatMap(({ component, id, replied }): SqlValue[] => [replied, component, id]),
  };
}

export function toJournaledPush(row: Omit<PushRow, 'sealed' | 'person'>): JournaledPush {
  return {
    component: row.component,
    id: row.id,
    appid: row.appid,
    type: row.type,
    note: row.note as PushNote | null,
    createTime: new Date(Number(row.create_time)),
    receivedAt: new Date(Number(row.received_at)),
    seq: Number(row.seq),
    replied: row.replied as Replied | null,
  };
}

export function toSealedPush(row: Omit<PushRow, 'person'>): SealedPush {
  const { buffer, byteOffset, byteLength } = row.sealed;
  // SQLite returns a plain Uint8Array.
  return { ...toJournaledPush(row), sealed: Buffer.from(buffer, byteOffset, byteLength) };
}
