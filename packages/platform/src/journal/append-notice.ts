import type { RedisClient } from '../redis/connect.ts';
import type { Seals } from '../sealing/seals.ts';
import { noticeIdOf } from './push-id.ts';
import type { NoticeType } from './push-type.ts';
import { entryFields, pushPlace } from './stream-entry.ts';

/** An event of our own, for the journal and the subscriptions. */
export interface Notice {
  readonly component: string;
  /** Undefined: it concerns no account. */
  readonly appid?: string | undefined;
  readonly type: NoticeType;
  /** When it happened. With `unique` it makes the notice's id, so both are the same whenever the work is repeated. */
  readonly at: Date;
  /** What distinguishes it from other notices of its type and account: a grant's version, or the id of what it reports. */
  readonly unique: string;
  /** In the id instead of the type, where a repetition may know another type. */
  readonly idType?: NoticeType | undefined;
  /** JSON, as subscriptions receive it (`data`). Nothing that WeChat keeps secret, unless a field is for one format only. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** Appends a notice to the stream, from which the journaler takes it. A repeated append is recognized in the journal. */
export async function appendNotice(redis: RedisClient, seals: Seals, notice: Notice): Promise<void> {
  const { component, appid, type, at, unique, data } = notice;
  const id = noticeIdOf({ component, appid, type: notice.idType ?? type }, at, unique);
  const sealed = seals.sealBytes(Buffer.from(JSON.stringify(data)), pushPlace(component, id));
  const entry = { kind: 'notice', id, component, appid, type, at, receivedAt: new Date(), sealed } as const;
  await redis.xadd(redis.keyspace.pushStream, '*', ...entryFields(entry));
}
