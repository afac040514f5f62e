import { QuotaClosedFailure } from '../quota/quota-closed-failure.ts';
import { QUOTA, type QuotaNewsReply } from '../quota/quota-lua.ts';
import type { RedisClient } from '../redis/connect.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { defineScript } from '../redis/script.ts';
import type { Seals } from '../sealing/seals.ts';
import { issuesUserTokens } from '../user-token/issued-user-token.ts';
import type { CallRequest } from './call.ts';
import type { CallId } from './call-id.ts';
import { INDEX } from './call-index.ts';
import { HELD_MS, keysOf, lastPartOf, type StoredCall, sealCallbackUrl, sealRequest } from './call-record.ts';
import type { Departure, DepartureQuota } from './depart.ts';
import { type Claim, fingerprintOf, hashOfKey } from './idempotency.ts';
import { LANE } from './lane/lane-lua.ts';
import { sweepBodies, WAITING_BODIES } from './waiting-bodies.ts';

/** How long an outcome can be read once it is stored. A callback may be retried for most of a day. */
const INTERACTIVE_TTL_MS = 15 * 60_000;
const BACKGROUND_TTL_MS = 24 * 60 * 60_000;
/** Per account; more would take weeks to send. */
const MAX_LANE_LENGTH = 200_000;

/** A run that sends the call as soon as its record is created. */
export interface InlineDeparture {
  readonly runId: string;
  readonly quota: DepartureQuota;
}

/** A call that departed when its record was created. */
export interface DepartedAtOnce {
  readonly stored: StoredCall;
  readonly departure: Departure & { readonly go: 'yes' };
  /** Before Redis was asked, on the monotonic clock. */
  readonly claimedAt: number;
}

export type Created =
  /** `full`: its lane has no capacity for another call, or for its body. */
  | 'made'
  | 'full'
  | DepartedAtOnce
  /** The idempotency key belongs to an earlier call. */
  | { readonly claim: Claim };

type CreateReply =
  | [how: 'made' | 'full' | 'more']
  | [how: 'claimed', claim: string]
  | [how: 'closed', until: string, now: number]
  | [how: 'departed', deadlineAt: string, now: number, probe: number, news: QuotaNewsReply];

/**
 * Creates the record and, if `run` is not empty, lets the call depart as that run. A background call enters its lane
 * afterwards, by a script of its own: a call whose creation was not confirmed can be refused, because nothing is sent that
 * is in no lane and has no job. `deadlineAt`: 0 if `departWithinMs` counts.
 */
const create = defineScript({
  uses: [INDEX, WAITING_BODIES, QUOTA],
  keys: ['record', 'request', 'callback', 'index', 'lane', 'quota', 'paths', 'idempotency?'],
  args: [
    'sealed',
    'keptMs',
    'departWithinMs',
    'deadlineAt',
    'notBeforeAt',
    'lastPart',
    'isBackground',
    'isListed',
    'fingerprint',
    'sealedCallback',
    'run',
    'path',
    'dailyLimit',
    'minuteLimit',
    '...fields',
  ],
  lua: `
if idempotency then
  local claim = redis.call('GET', idempotency)
  if claim then return { 'claimed', claim } end
end
local background, not_before = isBackground == '1', tonumber(notBeforeAt)
if not background and quota_reopens(quota) then return { 'closed', redis.call('HGET', quota, 'until'), now } end
if background and redis.call('ZCARD', lane .. ':deadlines') >= ${MAX_LANE_LENGTH} then return { 'full' } end
local deadline = tonumber(deadlineAt)
if deadline == 0 then deadline = math.max(now, not_before) + tonumber(departWithinMs) end
local lives = math.max(0, deadline - now) + tonumber(keptMs)
local departs, closedUntil, news, probe = run ~= '' and deadline > now
if departs then
  closedUntil, news, probe = quota_take(quota, paths, path, dailyLimit, minuteLimit)
  if closedUntil then return { 'closed', ms(closedUntil), now } end
end
if background then
  local place = bodies_take(index .. ':bodies', record, lastPart, #sealed, lives)
  if place ~= 'taken' then return { place } end
end
redis.call('HSET', record, 'state', 'queued', 'attempts', '0', 'createdAt', ms(now), 'deadlineAt', ms(deadline), unpack(fields))
redis.call('PEXPIRE', record, lives)
redis.call('SET', request, sealed, 'PX', lives)
if sealedCallback ~= '' then redis.call('SET', callback, sealedCallback, 'PX', lives) end
if not_before > 0 then redis.call('HSET', record, 'notBeforeAt', notBeforeAt) end
if idempotency then
  redis.call('SET', idempotency, lastPart .. ' ' .. isBackground .. ' ' .. fingerprint, 'PX', lives)
end
if isListed == '1' then index_add(index, lastPart, lives) end
if not departs then return { 'made' } end
redis.call('HSET', record, 'state', 'sent', 'sentBy', run, 'sentAt', ms(now), 'heldUntil', ms(now + ${HELD_MS}),
  'attempts', '1')
return { 'departed', ms(deadline), now, probe, news or false }`,
  decode: (reply: CreateReply) => reply,
});

/** Enters the lane once, however often it is called. */
const enter = defineScript({
  uses: [LANE],
  keys: ['record', 'lane', 'quota'],
  args: ['lastPart', 'path'],
  lua: `
local fields = redis.call('HMGET', record, 'state', 'inLane', 'notBeforeAt', 'deadlineAt')
if not fields[1] or fields[1] == 'settled' then return 'gone' end
if fields[2] then return 'in' end
redis.call('HSET', record, 'inLane', '1')
if lane_append(lane, quota, lastPart, path, tonumber(fields[3] or '0'), tonumber(fields[4])) == 1 then return 'wake' end
return 'in'`,
  decode: (reply: 'gone' | 'in' | 'wake') => reply,
});

/**
 * `replyTo`: the process in which the caller waits. `inline`: departs at once. Throws QuotaClosedFailure if a waiting caller's
 * quota is closed, so that this costs no round trip of its own.
 */
export async function createCall(
  redis: RedisClient,
  seals: Seals,
  call: CallId,
  request: CallRequest,
  replyTo: string,
  inline?: InlineDeparture,
): Promise<Created> {
  const claimedAt = performance.now();
  const background = request.waitMs === 0;
  const reply = await create.run(
    redis,
    creationKeys(redis, call, request),
    creationArgs(redis, seals, call, request, replyTo, inline),
  );
  switch (reply[0]) {
    case 'made':
    case 'full':
      return reply[0];
    case 'claimed':
      return { claim: readClaim(call, reply[1]) };
    case 'closed':
      throw new QuotaClosedFailure(request.path, toLocalDate(Number(reply[1]), reply[2]));
    case 'more':
      await sweepBodies(redis, redis.keyspace.callIndex(call.component, call.appid));
      return createCall(redis, seals, call, request, replyTo, inline);
    case 'departed': {
      const [, deadlineAt, now, probe, news] = reply;
      const stored: StoredCall = {
        now,
        settled: false,
        background,
        hasCallback: request.callbackUrl !== undefined,
        replyTo,
        deadlineAt: Number(deadlineAt),
        attempts: 1,
        refusals: 0,
        heldMs: 0,
        method: request.method,
        path: request.path,
        query: request.query,
        contentType: request.contentType,
        body: request.body,
        keyFingerprint: keyOfUserToken(request),
      };
      return { stored, claimedAt, departure: { go: 'yes', departedAt: now, probe: probe === 1, attempts: 1, news } };
    }
    default:
      return reply satisfies never;
  }
}

/** Calls that enter one after the other keep that order. `wake`: the lane must be woken for this call. */
export function enterLane(redis: RedisClient, call: CallId, path: string): Promise<'gone' | 'in' | 'wake'> {
  const { component, appid } = call;
  const { record } = keysOf(redis.keyspace, call);
  const { keyspace } = redis;
  return enter.run(
    redis,
    { record, lane: keyspace.lane(component, appid), quota: keyspace.quota(component, appid, path) },
    { lastPart: lastPartOf(call), path },
  );
}

/** The call that was created under an idempotency key. */
export async function claimedCall(
  redis: RedisClient,
  component: string,
  appid: string,
  idempotencyKey: string,
): Promise<Claim | undefined> {
  const claim = await redis.get(redis.keyspace.idempotency(component, appid, hashOfKey(idempotencyKey)));
  return claim === null ? undefined : readClaim({ component, appid }, claim);
}

function creationKeys({ keyspace }: RedisClient, call: CallId, { path, idempotencyKey }: CallRequest) {
  const { component, appid } = call;
  const { record, request, callback, index } = keysOf(keyspace, call);
  return {
    record,
    request,
    callback,
    index,
    lane: keyspace.lane(component, appid),
    quota: keyspace.quota(component, appid, path),
    paths: keyspace.quotaPaths(component, appid),
    idempotency:
      idempotencyKey === undefined ? undefined : keyspace.idempotency(component, appid, hashOfKey(idempotencyKey)),
  };
}

function creationArgs(
  { keyspace }: RedisClient,
  seals: Seals,
  call: CallId,
  request: CallRequest,
  replyTo: string,
  inline: InlineDeparture | undefined,
) {
  const { method, path, body, idempotencyKey, callbackUrl, waitMs, keptForMs } = request;
  const isBackground = waitMs === 0;
  const ttlMs = isBackground || callbackUrl !== undefined ? BACKGROUND_TTL_MS : INTERACTIVE_TTL_MS;
  const keptMs = keptForMs ?? ttlMs;
  const key = keyOfUserToken(request);
  const fields = {
    method,
    path,
    background: isBackground ? '1' : '0',
    hasBody: body ? '1' : '0',
    channel: keyspace.channels.replies(replyTo),
    keptMs,
    ...(idempotencyKey === undefined ? {} : { claim: hashOfKey(idempotencyKey) }),
    ...(callbackUrl === undefined ? {} : { hasCallback: '1' }),
    ...(key === undefined ? {} : { key }),
  };
  return {
    sealed: sealRequest(seals, call, request),
    keptMs,
    departWithinMs: request.departWithinMs,
    deadlineAt: request.deadlineAt?.getTime() ?? 0,
    notBeforeAt: request.notBeforeAt?.getTime() ?? 0,
    lastPart: lastPartOf(call),
    isBackground,
    isListed: keptForMs === undefined,
    fingerprint: idempotencyKey === undefined ? '' : fingerprintOf(request, idempotencyKey),
    sealedCallback: callbackUrl === undefined ? '' : sealCallbackUrl(seals, call, callbackUrl),
    run: inline?.runId ?? '',
    path,
    dailyLimit: inline?.quota.dailyLimit ?? 0,
    minuteLimit: inline?.quota.minuteLimit ?? 0,
    fields: Object.entries(fields).flat(),
  };
}

/** The caller's key, if the answer will contain the token of a user. */
function keyOfUserToken({ path, keyFingerprint }: CallRequest): string | undefined {
  return issuesUserTokens(path) ? keyFingerprint : undefined;
}

function readClaim({ component, appid }: { component: string; appid: string }, claim: string): Claim {
  const [call, background, fingerprint] = claim.split(' ');
  return { id: `${component}.${appid}.${call}`, background: background === '1', fingerprint: fingerprint! };
}
