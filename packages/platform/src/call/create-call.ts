import { QuotaClosedFailure } from '../quota/quota-closed-failure.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { Keyspace } from '../redis/keys.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { defineScript } from '../redis/script.ts';
import type { Seals } from '../sealing/seals.ts';
import { issuesUserTokens } from '../user-token/issued-user-token.ts';
import type { CallRequest } from './call.ts';
import type { CallId } from './call-id.ts';
import { INDEX } from './call-index.ts';
import { INTERACTIVE_TTL_MS, keysOf, lastPartOf, sealCallbackUrl, sealRequest } from './call-record.ts';
import { type Claim, fingerprintOf, hashOfKey, orderFingerprintOf } from './idempotency.ts';
import { FORMER_LANE } from './lane/former/former-lane-lua.ts';
import type { LaneFormat } from './lane/lane-format.ts';
import { LANE } from './lane/lane-lua.ts';
import { hashOfOrderKey } from './order-key.ts';
import { REPLY_FORMAT } from './reply.ts';
import { sweepBodies, WAITING_BODIES } from './waiting-bodies.ts';

/** A callback may be retried for most of a day. */
const BACKGROUND_TTL_MS = 24 * 60 * 60_000;
/** Per account; more would take weeks to send. */
const MAX_LANE_LENGTH = 200_000;

export type Created =
  /** `full`: its lane has no capacity for another call, or for its body. */
  | 'made'
  | 'full'
  /** The idempotency key belongs to an earlier call. */
  | { readonly claim: Claim };

type CreateReply =
  | [how: 'made' | 'full' | 'more']
  | [how: 'claimed', claim: string]
  | [how: 'closed', until: string, now: number];

/**
 * Creates the record. A background call enters its lane afterwards, by a script of its own: a call whose creation was not
 * confirmed can be refused, because nothing is sent that is in no lane and has no job. `deadlineAt`: 0 if `departWithinMs`
 * counts.
 */
const create = defineScript({
  uses: [INDEX, WAITING_BODIES, LANE],
  keys: ['record', 'request', 'callback', 'index', 'lane', 'former', 'quota', 'idempotency?'],
  args: [
    'sealed',
    'keptMs',
    'departWithinMs',
    'deadlineAt',
    'notBeforeAt',
    'lastPart',
    'isBackground',
    'isListed',
    'fingerprints',
    'sealedCallback',
    '...fields',
  ],
  lua: `
if idempotency then
  local claim = redis.call('GET', idempotency)
  if claim then return { 'claimed', claim } end
end
local background, not_before = isBackground == '1', tonumber(notBeforeAt)
if not background and quota_reopens(quota) then return { 'closed', redis.call('HGET', quota, 'until'), now } end
if background and lane_length(lane) + redis.call('ZCARD', former .. ':deadlines') >= ${MAX_LANE_LENGTH} then
  return { 'full' }
end
local deadline = tonumber(deadlineAt)
if deadline == 0 then deadline = math.max(now, not_before) + tonumber(departWithinMs) end
local lives = math.max(0, deadline - now) + tonumber(keptMs)
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
  redis.call('SET', idempotency, lastPart .. ' ' .. isBackground .. ' ' .. fingerprints, 'PX', lives)
end
if isListed == '1' then index_add(index, lastPart, lives) else redis.call('HSET', record, 'unlisted', index_micros()) end
return { 'made' }`,
  decode: (reply: CreateReply) => reply,
});

/** Enters a lane once, however often it is called. */
const enter = defineScript({
  uses: [LANE, FORMER_LANE],
  keys: ['record', 'lane', 'former', 'quota'],
  args: ['lastPart', 'path', 'format'],
  lua: `
local fields = redis.call('HMGET', record, 'state', 'inLane', 'notBeforeAt', 'deadlineAt', 'order')
if not fields[1] or fields[1] == 'settled' then return 'gone' end
if fields[2] then return 'in' end
local not_before, deadline, order = tonumber(fields[3] or '0'), tonumber(fields[4]), fields[5] or '-'
local wakes
if format == 'current' or redis.call('EXISTS', lane .. ':order:' .. order) == 1 then
  local entry
  entry, wakes = lane_append(lane, quota, lastPart, order, path, not_before, deadline)
  redis.call('HSET', record, 'inLane', entry)
else
  redis.call('HSET', record, 'inLane', '1')
  if order ~= '-' then former_ordered(former, order) end
  wakes = former_append(former, quota, lastPart, path, not_before, deadline) == 1
end
return wakes and 'wake' or 'in'`,
  decode: (reply: 'gone' | 'in' | 'wake') => reply,
});

/**
 * `replyTo`: the process in which the caller waits. Throws QuotaClosedFailure if a waiting caller's quota is closed, so that
 * this costs no round trip of its own.
 */
export async function createCall(
  redis: RedisClient,
  seals: Seals,
  call: CallId,
  request: CallRequest,
  replyTo: string,
): Promise<Created> {
  const reply = await create.run(
    redis,
    creationKeys(redis, call, request),
    creationArgs(redis, seals, call, request, replyTo),
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
      return createCall(redis, seals, call, request, replyTo);
    default:
      return reply satisfies never;
  }
}

/**
 * Calls that enter one after the other keep that order. `wake`: the lane must be woken for this call. A call whose order key waits in
 * the lane of the current format enters that one in any case.
 */
export function enterLane(
  redis: RedisClient,
  call: CallId,
  path: string,
  format: LaneFormat,
): Promise<'gone' | 'in' | 'wake'> {
  const { component, appid } = call;
  const { record } = keysOf(redis.keyspace, call);
  const { keyspace } = redis;
  return enter.run(
    redis,
    {
      record,
      lane: keyspace.lane(component, appid),
      former: keyspace.formerLane(component, appid),
      quota: keyspace.quota(component, appid, path),
    },
    { lastPart: lastPartOf(call), path, format },
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
    former: keyspace.formerLane(component, appid),
    quota: keyspace.quota(component, appid, path),
    idempotency:
      idempotencyKey === undefined ? undefined : keyspace.idempotency(component, appid, hashOfKey(idempotencyKey)),
  };
}

/** The fields of a record that do not change. `replyTo`: the process in which the caller waits. */
export function recordFieldsOf(keyspace: Keyspace, request: CallRequest, replyTo: string) {
  const { method, path, body, idempotencyKey, callbackUrl, waitMs, durable, keyId } = request;
  const key = keyOfUserToken(request);
  return {
    method,
    path,
    background: waitMs === 0 ? '1' : '0',
    hasBody: body ? '1' : '0',
    requestBytes: body?.length ?? 0,
    channel: keyspace.channels.replies(replyTo),
    keptMs: resultTtlOf(request),
    ...(waitMs === 0 ? {} : { replyFormat: REPLY_FORMAT }),
    ...(idempotencyKey === undefined ? {} : { claim: hashOfKey(idempotencyKey) }),
    ...(callbackUrl === undefined ? {} : { hasCallback: '1' }),
    ...(durable ? { durable: '1' } : {}),
    ...(key === undefined ? {} : { key }),
    ...(keyId === undefined ? {} : { by: keyId }),
  };
}

/** How long the outcome can be read (ms). */
export function resultTtlOf({ keptForMs, waitMs, callbackUrl }: CallRequest): number {
  return keptForMs ?? (waitMs === 0 || callbackUrl !== undefined ? BACKGROUND_TTL_MS : INTERACTIVE_TTL_MS);
}

function creationArgs({ keyspace }: RedisClient, seals: Seals, call: CallId, request: CallRequest, replyTo: string) {
  const { idempotencyKey, callbackUrl, waitMs, keptForMs, orderKey } = request;
  const order = orderKey === undefined ? {} : { order: hashOfOrderKey(seals, call, orderKey) };
  return {
    sealed: sealRequest(seals, call, request),
    keptMs: resultTtlOf(request),
    departWithinMs: request.departWithinMs,
    deadlineAt: request.deadlineAt?.getTime() ?? 0,
    notBeforeAt: request.notBeforeAt?.getTime() ?? 0,
    lastPart: lastPartOf(call),
    isBackground: waitMs === 0,
    isListed: keptForMs === undefined,
    fingerprints: idempotencyKey === undefined ? '' : fingerprintsOf(request, idempotencyKey),
    sealedCallback: callbackUrl === undefined ? '' : sealCallbackUrl(seals, call, callbackUrl),
    fields: Object.entries({ ...recordFieldsOf(keyspace, request, replyTo), ...order }).flat(),
  };
}

/** The caller's key, if the answer will contain the token of a user. */
export function keyOfUserToken({ path, keyFingerprint }: CallRequest): string | undefined {
  return issuesUserTokens(path) ? keyFingerprint : undefined;
}

function readClaim({ component, appid }: { component: string; appid: string }, claim: string): Claim {
  const [call, background, fingerprint, orderFingerprint] = claim.split(' ');
  return {
    id: `${component}.${appid}.${call}`,
    background: background === '1',
    fingerprint: fingerprint!,
    orderFingerprint,
  };
}

function fingerprintsOf(request: CallRequest, idempotencyKey: string): string {
  const order = orderFingerprintOf(request, idempotencyKey);
  const fingerprint = fingerprintOf(request, idempotencyKey);
  return order === undefined ? fingerprint : `${fingerprint} ${order}`;
}
