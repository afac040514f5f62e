import type { QuotaArgs } from '../../quota/ledger.ts';
import { QUOTA, type QuotaNewsReply } from '../../quota/quota-lua.ts';
import type { QuotaLook } from '../../quota/usage.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { toLocalDate } from '../../redis/redis-time.ts';
import { defineScript } from '../../redis/script.ts';
import type { CallId } from '../call-id.ts';

/** Times are on Redis' clock (ms). */
export type Permission =
  | {
      readonly go: 'yes';
      readonly now: number;
      /** Of the same moment, the microseconds beyond `now`. */
      readonly micros: number;
      readonly probe: boolean;
      readonly news: QuotaNewsReply;
      /** The quota after this departure. */
      readonly quota: QuotaLook;
    }
  | { readonly go: 'deadline'; readonly now: number; readonly micros: number }
  | {
      readonly go: 'closed';
      readonly now: number;
      readonly micros: number;
      readonly closedUntil: Date;
      readonly inMs: number;
    };

type Reply =
  | [go: 'deadline', now: number, micros: number]
  | [go: 'closed', now: number, micros: number, closedUntil: number]
  | [go: 'yes', now: number, micros: number, probe: number, news: QuotaNewsReply, quota: QuotaLook];

/** One departure of a call without a record. `deadlineAt`: 0 if the call is younger than its time to depart. */
const permit = defineScript({
  uses: [QUOTA],
  keys: ['quota', 'paths'],
  args: ['path', 'dailyLimit', 'minuteLimit', 'deadlineAt'],
  lua: `
local deadline, micros = tonumber(deadlineAt), t[2] % 1000
if deadline > 0 and deadline <= now then return { 'deadline', now, micros } end
local closedUntil, news, probe, look = quota_take(quota, paths, path, dailyLimit, minuteLimit)
if closedUntil then return { 'closed', now, micros, closedUntil } end
return { 'yes', now, micros, probe, news or false, look }`,
  decode: (reply: Reply): Permission => {
    switch (reply[0]) {
      case 'yes': {
        const [go, now, micros, probe, news, quota] = reply;
        return { go, now, micros, probe: probe === 1, news, quota };
      }
      case 'closed': {
        const [go, now, micros, closedUntil] = reply;
        return { go, now, micros, closedUntil: toLocalDate(closedUntil, now), inMs: closedUntil - now };
      }
      case 'deadline':
        return { go: 'deadline', now: reply[1], micros: reply[2] };
      default:
        return reply satisfies never;
    }
  },
});

/** Takes quota for one departure; it is not given back. */
export function takePermission(
  redis: RedisClient,
  { component, appid }: CallId,
  { path, dailyLimit, minuteLimit }: Omit<QuotaArgs, 'evenIfClosed'>,
  deadlineAt: number,
): Promise<Permission> {
  const { keyspace } = redis;
  return permit.run(
    redis,
    { quota: keyspace.quota(component, appid, path), paths: keyspace.quotaPaths(component, appid) },
    { path, dailyLimit, minuteLimit, deadlineAt },
  );
}
