import { QUOTA, type QuotaNewsReply } from '../quota/quota-lua.ts';
import type { RedisClient } from '../redis/connect.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { defineScript, REDIS_CLOCK, type SharedLua } from '../redis/script.ts';
import type { CallId } from './call-id.ts';
import { HELD_MS } from './call-record.ts';
import { type AttemptResult, CALL_EVENT, endedText, type ParkReason, type Retry } from './recorded-events.ts';

export type Departure =
  | {
      readonly go: 'yes';
      readonly departedAt: number;
      readonly probe: boolean;
      readonly attempts: number;
      /** Of its quota, for the ledger. */
      readonly news: QuotaNewsReply;
    }
  | Denial
  | { readonly go: 'closed'; readonly closedUntil: Date; readonly inMs: number };

/** What of the call itself does not permit it. */
export type Denial =
  | { readonly go: 'settled' | 'gone' | 'deadline' }
  /** Another run may have sent it, and it must not be sent twice. `heldMs`: for how long it still belongs to that run. */
  | { readonly go: 'claimed'; readonly heldMs: number };

/** Why a run releases its claim. */
export type ReleaseReason = 'not-sent' | 'token-refused' | 'quota-refused';

/** What came of a departure whose call is sent again. */
export interface Retried {
  readonly result: AttemptResult;
  readonly retry: Retry;
}

/** The documented limits of the call's path (0: none). */
export interface DepartureQuota {
  readonly path: string;
  readonly dailyLimit: number;
  readonly minuteLimit: number;
}

export type DeniedReply = [go: 'gone' | 'settled' | 'deadline'] | [go: 'claimed', heldMs: number];
export type DepartReply =
  | DeniedReply
  | [go: 'closed', closedUntil: number, now: number]
  | [go: 'yes', now: number, probe: number, attempts: number, news: QuotaNewsReply];

/**
 * `call_denied` says why a run must not send the call. `call_claim` claims it: without a claim nothing is sent that is not safe to
 * repeat.
 */
export const CALL_CLAIM: SharedLua = {
  uses: [REDIS_CLOCK],
  lua: `
local function call_denied(record, run, safe_to_repeat)
  local state, sent_by, held_until, sent_at, deadline =
    unpack(redis.call('HMGET', record, 'state', 'sentBy', 'heldUntil', 'sentAt', 'deadlineAt'))
  if not state then return { 'gone' } end
  if state == 'settled' then return { 'settled' } end
  if safe_to_repeat == '0' and sent_by and sent_by ~= run then
    return { 'claimed', (tonumber(held_until) or tonumber(sent_at) + ${HELD_MS}) - now }
  end
  if tonumber(deadline) <= now then return { 'deadline' } end
end
local function call_claim(record, run)
  redis.call('HSET', record, 'state', 'sent', 'sentBy', run, 'sentAt', ms(now), 'heldUntil', ms(now + ${HELD_MS}))
end
`,
};

/** `call_depart` is one departure: deadline, quota, claim. `token_ms`: for how long the call waited for its token. */
export const CALL_DEPART: SharedLua = {
  uses: [QUOTA, CALL_CLAIM, CALL_EVENT],
  lua: `
local function call_depart(record, quota, paths, run, safe_to_repeat, path, daily_limit, minute_limit, token_ms)
  local denied = call_denied(record, run, safe_to_repeat)
  if denied then return denied end
  local closed_until, news, probe, look = quota_take(quota, paths, path, daily_limit, minute_limit)
  if closed_until then return { 'closed', closed_until, now } end
  call_claim(record, run)
  redis.call('HDEL', record, 'delayedUntil')
  local attempts, used, limit = redis.call('HINCRBY', record, 'attempts', 1), quota_used(look, daily_limit)
  call_event(record, 's ' .. attempts .. ' ' .. token_ms .. ' ' .. ms(used) .. ' ' .. (limit > 0 and ms(limit) or '-'))
  return { 'yes', now, probe, attempts, news or false }
end
`,
};

export function toDeparture(reply: DepartReply): Departure {
  switch (reply[0]) {
    case 'yes': {
      const [go, departedAt, probe, attempts, news] = reply;
      return { go, departedAt, probe: probe === 1, attempts, news };
    }
    case 'closed': {
      const [go, closedUntil, now] = reply;
      return { go, closedUntil: toLocalDate(closedUntil, now), inMs: closedUntil - now };
    }
    default:
      return toDenial(reply);
  }
}

export function toDenial(reply: DeniedReply): Denial {
  return reply[0] === 'claimed' ? { go: 'claimed', heldMs: reply[1] } : { go: reply[0] };
}

const depart = defineScript({
  uses: [CALL_DEPART],
  keys: ['record', 'quota', 'paths'],
  args: ['run', 'safeToRepeat', 'path', 'dailyLimit', 'minuteLimit', 'tokenMs'],
  lua: 'return call_depart(record, quota, paths, run, safeToRepeat, path, dailyLimit, minuteLimit, tokenMs)',
  decode: toDeparture,
});

const hold = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['record'],
  args: ['run'],
  lua: `
if redis.call('HGET', record, 'state') ~= 'sent' or redis.call('HGET', record, 'sentBy') ~= run then return end
redis.call('HSET', record, 'heldUntil', ms(now + ${HELD_MS}))`,
});

/** A run whose first reply was lost repeats this, and receives the same answer. */
const release = defineScript({
  uses: [CALL_EVENT],
  keys: ['record'],
  args: ['run', 'isTokenRefused', 'event'],
  lua: `
local state, sent_by, released_by = unpack(redis.call('HMGET', record, 'state', 'sentBy', 'releasedBy'))
if state == 'queued' and released_by == run then return 1 end
if state ~= 'sent' or sent_by ~= run then return 0 end
redis.call('HSET', record, 'state', 'queued', 'releasedBy', run)
redis.call('HDEL', record, 'sentBy')
if isTokenRefused == '1' then redis.call('HINCRBY', record, 'refusals', 1) end
if event ~= '' then call_event(record, event) end
return 1`,
  decode: (released: number) => released === 1,
});

const delay = defineScript({
  uses: [CALL_EVENT],
  keys: ['record'],
  args: ['forMs', 'parkedFor'],
  lua: `
if redis.call('HGET', record, 'state') ~= 'queued' then return end
redis.call('HSET', record, 'delayedUntil', ms(now + tonumber(forMs)))
if parkedFor ~= '' then call_parked(record, parkedFor, now + tonumber(forMs)) end`,
});

const countFault = defineScript({
  keys: ['record'],
  lua: `
local state = redis.call('HGET', record, 'state')
if not state or state == 'settled' then return 0 end
return redis.call('HINCRBY', record, 'faults', 1)`,
  decode: (faults: number) => faults,
});

export function departCall(
  redis: RedisClient,
  call: CallId,
  runId: string,
  safeToRepeat: boolean,
  { path, dailyLimit, minuteLimit }: DepartureQuota,
  tokenMs: number,
): Promise<Departure> {
  const { component, appid } = call;
  const { keyspace } = redis;
  return depart.run(
    redis,
    {
      record: recordOf(redis, call),
      quota: keyspace.quota(component, appid, path),
      paths: keyspace.quotaPaths(component, appid),
    },
    { run: runId, safeToRepeat, path, dailyLimit, minuteLimit, tokenMs: Math.round(tokenMs) },
  );
}

/**
 * Prolongs, in one command batch, the hold of each of these calls that its run has sent and not settled. Until a hold ends,
 * other runs of its call wait.
 */
export async function renewHolds(
  redis: RedisClient,
  inFlight: Iterable<{ readonly call: CallId; readonly runId: string }>,
): Promise<void> {
  const runs = [...inFlight].map(({ call, runId }) => [{ record: recordOf(redis, call) }, { run: runId }] as const);
  await hold.batch(redis, runs);
}

/** Nothing of this run was carried out. False if the call is no longer this run's. `retried`: it had departed. */
export function releaseCall(
  redis: RedisClient,
  call: CallId,
  runId: string,
  because: ReleaseReason,
  retried: Retried | undefined,
): Promise<boolean> {
  const isTokenRefused = because === 'token-refused';
  const event = retried === undefined ? '' : endedText(retried.result, retried.retry);
  return release.run(redis, { record: recordOf(redis, call) }, { run: runId, isTokenRefused, event });
}

/** `parkedFor`: undefined if the call is sent again for another reason, which its release has stated. */
export async function delayCall(
  redis: RedisClient,
  call: CallId,
  forMs: number,
  parkedFor: ParkReason | undefined,
): Promise<void> {
  const args = { forMs: Math.ceil(forMs), parkedFor: parkedFor ?? '' };
  await delay.run(redis, { record: recordOf(redis, call) }, args);
}

/** How often a run of this call has failed because of an internal error, this time included; 0 if the call has settled. */
export function countFaultOf(redis: RedisClient, call: CallId): Promise<number> {
  return countFault.run(redis, { record: recordOf(redis, call) });
}

function recordOf({ keyspace }: RedisClient, { component, appid, id }: CallId): string {
  return keyspace.call(component, appid, id);
}
