import { Failure } from '@wxthirdparty/wechat';
import { QuotaClosedFailure } from '../quota/quota-closed-failure.ts';
import { QUOTA_LUA } from '../quota/quota-lua.ts';
import { QUOTA_LOOK_LUA, type QuotaLook } from '../quota/usage.ts';
import type { RedisClient } from '../redis/connect.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';
import { SEALED_HEAD_BYTES, type Seals } from '../sealing/seals.ts';
import type { Call, CallFailure, CallRequest, CallResponse, CallState, CallSummary } from './call.ts';
import type { CallId } from './call-id.ts';
import { INDEX_LUA } from './call-index.ts';
import { type Claim, fingerprintOf, hashOfKey } from './idempotency.ts';
import { RESULTS_LUA, shrinkResults } from './kept-results.ts';
import { LANE_LUA, lastPartOf } from './lane/lane-store.ts';
import { BODIES_LUA, sweepBodies } from './waiting-bodies.ts';

/** How long an outcome can be asked for, once it is there. A callback may be tried for most of a day. */
const KEPT_INTERACTIVE_MS = 15 * 60_000;
const KEPT_BACKGROUND_MS = 24 * 60 * 60_000;

/** For so long after its departure, and after each renewal, a call belongs to the run that sent it. */
export const HELD_MS = 10_000;

/** What a worker needs to send a call. */
export interface StoredCall {
  readonly now: number;
  readonly settled: boolean;
  readonly background: boolean;
  readonly hasCallback: boolean;
  /** The gateway that waits for the outcome. */
  readonly replyTo: string | undefined;
  readonly deadlineAt: number;
  /** An earlier run has claimed it, and may have sent it. */
  readonly departed?: boolean;
  readonly attempts: number;
  /** Tokens of ours that WeChat has refused for this call. */
  readonly refusals: number;
  /** For how long the call still belongs to the run that sent it (ms); not above 0 where that time is over. */
  readonly heldMs: number;
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly contentType: string | undefined;
  readonly body: Buffer | undefined;
  /**
   * Why query and body are missing. `no_key`: a process with another SECRETS_KEY may still open them. `damaged`: none will.
   */
  readonly unreadable?: 'no_key' | 'damaged' | undefined;
}

export type Departure =
  | {
      readonly go: 'yes';
      readonly departedAt: number;
      readonly probe: boolean;
      readonly attempts: number;
      /** Of its quota, for the ledger. */
      readonly news: string;
    }
  | { readonly go: 'settled' | 'gone' | 'deadline' }
  /** Another run may have sent it, and it must not be sent twice. `heldMs`: for how long it still belongs to that run. */
  | { readonly go: 'claimed'; readonly heldMs: number }
  | { readonly go: 'closed'; readonly closedUntil: Date; readonly inMs: number };

/**
 * `corrected`: another run had stored `outcome_unknown`, and the outcome of the run that sent the call replaced it.
 * `superseded`: another outcome was stored before, or the record is gone.
 */
export type Settlement = 'stored' | 'corrected' | 'superseded';

/** Why a run gives its claim back. */
export type ReleaseReason = 'not-sent' | 'token-refused' | 'quota-refused';

/** A run that wants to send a call as soon as there is one. */
export interface Departing {
  readonly runId: string;
  /** Of the ledger. */
  readonly quotaArgs: readonly (string | number)[];
}

/** A call that left with its making, as the run that asked for that. */
export interface DepartedAtOnce {
  readonly stored: StoredCall;
  readonly departure: Departure & { readonly go: 'yes' };
  /** Before Redis was asked, on the monotonic clock. */
  readonly claimedAt: number;
}

export type Created =
  /** `full`: its lane has no place left, for one more or for its body. */
  | 'made'
  | 'full'
  | DepartedAtOnce
  /** The idempotency key belongs to an earlier call. */
  | { readonly claim: Claim };

/** A call and what WeChat answered, as far as it has come. */
export type FoundCall = Omit<Call, 'quota'>;

export type Outcome =
  | { readonly state: 'completed'; readonly response: CallResponse }
  | { readonly state: 'failed'; readonly failure: CallFailure };

/** More than this an account may not pile up: it would take weeks to send. */
const MAX_LANE_LENGTH = 200_000;

/**
 * A background call enters its lane afterwards, by a script of its own: one whose making was not confirmed may be refused
 * then, since nothing leaves that is in no lane and has no job.
 *
 * KEYS: record, request, callback, index, lane, quota, its paths, and where it has an idempotency key, that. ARGV:
 * request, kept after the deadline, deadline in ms, deadline (0: none but that), not before, the last part of its id,
 * background (1), listed (1), fingerprint, callback, the run as which it departs at once or nothing, four that the quota
 * wants to know then, then fields and values.
 */
const create = defineScript<
  ['made' | 'full' | 'more' | 'departed' | 'closed' | 'claimed', string?, number?, number?, string?]
>(`${NOW_LUA}
${INDEX_LUA}
${BODIES_LUA}
${QUOTA_LUA}
local call, background, notBeforeAt, run = ARGV[6], ARGV[7] == '1', tonumber(ARGV[5]), ARGV[11]
if KEYS[8] then
  local claim = redis.call('GET', KEYS[8])
  if claim then return { 'claimed', claim } end
end
if not background and quota_reopens(KEYS[6]) then return { 'closed', redis.call('HGET', KEYS[6], 'until'), now } end
if background and redis.call('ZCARD', KEYS[5] .. ':deadlines') >= ${MAX_LANE_LENGTH} then return { 'full' } end
local deadlineAt = tonumber(ARGV[4])
if deadlineAt == 0 then deadlineAt = math.max(now, notBeforeAt) + tonumber(ARGV[3]) end
local lives = math.max(0, deadlineAt - now) + tonumber(ARGV[2])
local departs, closedUntil, news, probe = run ~= '' and deadlineAt > now
if departs then
  closedUntil, news, probe = quota_take(KEYS[6], KEYS[7], { unpack(ARGV, 12, 15) })
  if closedUntil then return { 'closed', string.format('%.0f', closedUntil), now } end
end
if background then
  local place = bodies_take(KEYS[4] .. ':bodies', call, #ARGV[1], lives)
  if place ~= 'taken' then return { place } end
end
redis.call('HSET', KEYS[1], 'state', 'queued', 'attempts', '0', 'createdAt', string.format('%.0f', now),
  'deadlineAt', string.format('%.0f', deadlineAt), unpack(ARGV, 16))
redis.call('PEXPIRE', KEYS[1], lives)
redis.call('SET', KEYS[2], ARGV[1], 'PX', lives)
if ARGV[10] ~= '' then redis.call('SET', KEYS[3], ARGV[10], 'PX', lives) end
if notBeforeAt > 0 then redis.call('HSET', KEYS[1], 'notBeforeAt', ARGV[5]) end
if KEYS[8] then redis.call('SET', KEYS[8], call .. ' ' .. ARGV[7] .. ' ' .. ARGV[9], 'PX', lives) end
if ARGV[8] == '1' then index_add(KEYS[4], call, lives) end
if not departs then return { 'made' } end
redis.call('HSET', KEYS[1], 'state', 'sent', 'sentBy', run, 'sentAt', string.format('%.0f', now),
  'heldUntil', string.format('%.0f', now + ${HELD_MS}), 'attempts', '1')
return { 'departed', string.format('%.0f', deadlineAt), now, probe, news }`);

/** Once, however often it is asked for. KEYS: record, lane, the pair's quota. ARGV: the last part of its id, path. */
const enterLane = defineScript<'gone' | 'in' | 'wake'>(`${NOW_LUA}
${LANE_LUA}
local record = redis.call('HMGET', KEYS[1], 'state', 'inLane', 'notBeforeAt', 'deadlineAt')
if not record[1] or record[1] == 'settled' then return 'gone' end
if record[2] then return 'in' end
redis.call('HSET', KEYS[1], 'inLane', '1')
local notBeforeAt, deadlineAt = tonumber(record[3] or '0'), tonumber(record[4])
if lane_append(KEYS[2], KEYS[3], ARGV[1], ARGV[2], notBeforeAt, deadlineAt) == 1 then return 'wake' end
return 'in'`);

/**
 * One departure. KEYS: record, quota, paths. ARGV: run id, safe to repeat (1), what the quota wants to know.
 * A call that is not safe to repeat is claimed by the run that sends it: no claim, no send.
 */
const depart = defineScript<(string | number)[]>(`${NOW_LUA}
${QUOTA_LUA}
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return { 'gone' } end
if state == 'settled' then return { 'settled' } end
local sent = redis.call('HMGET', KEYS[1], 'sentBy', 'heldUntil', 'sentAt')
if ARGV[2] == '0' and sent[1] and sent[1] ~= ARGV[1] then
  return { 'claimed', (tonumber(sent[2]) or tonumber(sent[3]) + ${HELD_MS}) - now }
end
if tonumber(redis.call('HGET', KEYS[1], 'deadlineAt')) <= now then return { 'deadline' } end
local closedUntil, news, probe = quota_take(KEYS[2], KEYS[3], { unpack(ARGV, 3) })
if closedUntil then return { 'closed', closedUntil, now } end
redis.call('HSET', KEYS[1], 'state', 'sent', 'sentBy', ARGV[1], 'sentAt', string.format('%.0f', now),
  'heldUntil', string.format('%.0f', now + ${HELD_MS}))
redis.call('HDEL', KEYS[1], 'delayedUntil')
return { 'yes', now, probe, redis.call('HINCRBY', KEYS[1], 'attempts', 1), news }`);

/** KEYS: record. ARGV: run id. */
const hold = defineScript<number>(`${NOW_LUA}
if redis.call('HGET', KEYS[1], 'state') ~= 'sent' or redis.call('HGET', KEYS[1], 'sentBy') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'heldUntil', string.format('%.0f', now + ${HELD_MS}))
return 1`);

/**
 * Nothing of this run reached WeChat, or WeChat refused it for certain. Asked again by a run whose first reply was lost,
 * it answers the same. KEYS: record. ARGV: run id, refusals (0/1).
 */
const release = defineScript<number>(`
local record, run, is_token_refused = KEYS[1], ARGV[1], ARGV[2] == '1'
local state, sent_by, released_by = unpack(redis.call('HMGET', record, 'state', 'sentBy', 'releasedBy'))
if state == 'queued' and released_by == run then return 1 end
if state ~= 'sent' or sent_by ~= run then return 0 end
redis.call('HSET', record, 'state', 'queued', 'releasedBy', run)
redis.call('HDEL', record, 'sentBy')
if is_token_refused then redis.call('HINCRBY', record, 'refusals', 1) end
return 1`);

/** What ends with a call, whatever its outcome. KEYS: record, request, callback, index, idempotency keys without their hash. */
const END_LUA = `
${INDEX_LUA}
${BODIES_LUA}
local function call_ended(call, id, quietly)
  local kept = tonumber(redis.call('HGET', KEYS[1], 'keptMs'))
  bodies_give_back(KEYS[4] .. ':bodies', call, redis.call('HGET', KEYS[1], 'bytes'))
  redis.call('HDEL', KEYS[1], 'delayedUntil')
  redis.call('PEXPIRE', KEYS[1], kept)
  redis.call('PEXPIRE', KEYS[3], kept)
  redis.call('DEL', KEYS[2])
  index_keep(KEYS[4], call, kept)
  local claim = redis.call('HGET', KEYS[1], 'claim')
  if claim then redis.call('PEXPIRE', KEYS[5] .. claim, kept) end
  local channel = redis.call('HGET', KEYS[1], 'channel')
  if channel and not quietly then redis.call('PUBLISH', channel, id) end
  return kept
end
`;

/**
 * The first outcome stays, with one exception: the run that sent the call knows WeChat's answer, and so replaces an
 * `outcome_unknown` that another run stored meanwhile.
 *
 * KEYS: as above, result, and where the waiting caller is in this process, the quota. ARGV: the call's id, its last part,
 * outcome, failure or headers, status, body, run. Answers 1 where results beyond the account's bound are still kept, and
 * for that caller: the record, and what is left of the quota.
 */
const settle = defineScript<
  [how: 'stored' | 'corrected', excess: 0 | 1, record?: string[], now?: string, quota?: QuotaLook] | null
>(
  `${NOW_LUA}
${END_LUA}
${RESULTS_LUA}
${QUOTA_LOOK_LUA}
local id, last_part, outcome, told, status, body, run = unpack(ARGV)
local former = redis.call('HMGET', KEYS[1], 'state', 'sentBy', 'settledBy', 'outcome', 'told')
local how = 'stored'
local function unknown(of, words) return of == 'failed' and cjson.decode(words).code == 'outcome_unknown' end
if not former[1] then return false end
if former[1] == 'settled' then
  local sent_by_us = former[2] == run and former[3] ~= run
  if not sent_by_us or not unknown(former[4], former[5]) or unknown(outcome, told) then return false end
  how = 'corrected'
end
redis.call('HSET', KEYS[1], 'state', 'settled', 'settledAt', string.format('%.0f', now), 'settledBy', run,
  'outcome', outcome, 'told', told, 'status', status)
local kept, excess = call_ended(last_part, id, KEYS[7] ~= nil), 0
if body ~= '' then
  redis.call('SET', KEYS[6], body, 'PX', kept)
  local is_read_later = not KEYS[7] and redis.call('HGET', KEYS[1], 'background') == '0'
  if results_note(KEYS[4] .. ':results', KEYS[6], last_part, #body, kept, is_read_later) then excess = 1 end
end
if KEYS[7] then return { how, excess, redis.call('HGETALL', KEYS[1]), string.format('%.0f', now), quota_look(KEYS[7]) } end
return { how, excess }`,
);

/** KEYS: as above. ARGV: the call's id, its last part, withdrawn (1): its idempotency key is free again. */
const cancel = defineScript<number>(`${NOW_LUA}
${END_LUA}
if redis.call('HGET', KEYS[1], 'state') ~= 'queued' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'settled', 'settledAt', string.format('%.0f', now), 'outcome', 'cancelled')
call_ended(ARGV[2], ARGV[1])
local claim = redis.call('HGET', KEYS[1], 'claim')
if ARGV[3] == '1' and claim then redis.call('DEL', KEYS[5] .. claim) end
return 1`);

/** KEYS: record. ARGV: for how long. */
const delay = defineScript<number>(`${NOW_LUA}
if redis.call('HGET', KEYS[1], 'state') ~= 'queued' then return 0 end
redis.call('HSET', KEYS[1], 'delayedUntil', string.format('%.0f', now + tonumber(ARGV[1])))
return 1`);

/** KEYS: record. */
const countFault = defineScript<number>(`
local record = KEYS[1]
local state = redis.call('HGET', record, 'state')
if not state or state == 'settled' then return 0 end
return redis.call('HINCRBY', record, 'faults', 1)`);

/** KEYS: record, request. Answers now, the record as a flat list, the request. */
const load = `${NOW_LUA}
return { tostring(now), redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[2]) }`;

/** KEYS: record, result. Answers the record as a flat list, the result. */
const find = `return { redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[2]) }`;

/** The same, but of a result that is larger than \`max\` only how many bytes it has. */
const findUpTo = `local record, result, max = KEYS[1], KEYS[2], tonumber(ARGV[1])
local bytes = redis.call('STRLEN', result)
return { redis.call('HGETALL', record), bytes <= max and redis.call('GET', result) or false, bytes }`;

/** The records of calls. Each change is one Lua script that looks at the state first. */
export class CallStore {
  readonly #redis: RedisClient;
  readonly #seals: Seals;

  constructor(redis: RedisClient, seals: Seals) {
    this.#redis = redis;
    this.#seals = seals;
    redis.defineCommand('wxLoadCall', { numberOfKeys: 2, lua: load, readOnly: true });
    redis.defineCommand('wxFindCall', { numberOfKeys: 2, lua: find, readOnly: true });
    redis.defineCommand('wxFindCallUpTo', { numberOfKeys: 2, lua: findUpTo, readOnly: true });
  }

  /**
   * `replyTo`: the gateway that waits for the outcome. `departing`: at once, as this run. Throws QuotaClosedFailure where
   * somebody would wait for nothing, so that it costs no round trip of its own.
   */
  async create(call: CallId, request: CallRequest, replyTo: string, departing?: Departing): Promise<Created> {
    const claimedAt = performance.now();
    const head = Buffer.from(JSON.stringify({ query: request.query, contentType: request.contentType }), 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(head.length);
    const plain = Buffer.concat([length, head, request.body ?? Buffer.alloc(0)]);
    const background = request.waitMs === 0;
    const { path, idempotencyKey, callbackUrl } = request;
    const longer = background || callbackUrl !== undefined;
    const keptMs = request.keptForMs ?? (longer ? KEPT_BACKGROUND_MS : KEPT_INTERACTIVE_MS);
    const claim = idempotencyKey === undefined ? undefined : hashOfKey(idempotencyKey);
    const { component, appid } = call;
    const [made, told, now, probe, news] = await create(
      this.#redis,
      [
        ...[
          this.#recordKey(call),
          this.#requestKey(call),
          this.#callbackKey(call),
          this.#redis.keyspace.callIndex(component, appid),
        ],
        ...[
          this.#redis.keyspace.lane(component, appid),
          this.#redis.keyspace.quota(component, appid, path),
          this.#redis.keyspace.quotaPaths(component, appid),
        ],
        ...(claim === undefined ? [] : [this.#redis.keyspace.idempotency(component, appid, claim)]),
      ],
      [
        this.#seals.sealBytes(plain, place(call, 'request')),
        ...[keptMs, request.departWithinMs, request.deadlineAt?.getTime() ?? 0, request.notBeforeAt?.getTime() ?? 0],
        ...[lastPartOf(call), background ? 1 : 0, request.keptForMs === undefined ? 1 : 0],
        idempotencyKey === undefined ? '' : fingerprintOf(request, idempotencyKey),
        callbackUrl === undefined ? '' : this.#seals.sealBytes(Buffer.from(callbackUrl), place(call, 'callback')),
        departing?.runId ?? '',
        ...(departing?.quotaArgs ?? ['', '', '', '']),
        ...['method', request.method, 'path', path, 'background', background ? '1' : '0'],
        ...[
          'hasBody',
          request.body ? '1' : '0',
          'channel',
          this.#redis.keyspace.channels.replies(replyTo),
          'keptMs',
          keptMs,
        ],
        ...(claim === undefined ? [] : ['claim', claim]),
        ...(callbackUrl === undefined ? [] : ['hasCallback', '1']),
      ],
    );
    if (made === 'claimed') return { claim: readClaim(call, told!) };
    if (made === 'closed') throw new QuotaClosedFailure(path, toLocalDate(Number(told), now!));
    if (made === 'more') {
      await sweepBodies(this.#redis, this.#redis.keyspace.callIndex(component, appid));
      return this.create(call, request, replyTo, departing);
    }
    if (made !== 'departed') return made;
    const stored: StoredCall = {
      ...{ now: now!, settled: false, background, hasCallback: callbackUrl !== undefined, replyTo },
      ...{ deadlineAt: Number(told), attempts: 1, refusals: 0, heldMs: 0 },
      ...{ method: request.method, path, query: request.query, contentType: request.contentType, body: request.body },
    };
    return {
      stored,
      claimedAt,
      departure: { go: 'yes', departedAt: now!, probe: probe === 1, attempts: 1, news: news! },
    };
  }

  /** Calls that enter one after the other keep that order. `wake`: the lane must be woken for it. */
  enterLane(call: CallId, path: string): Promise<'gone' | 'in' | 'wake'> {
    const { component, appid } = call;
    return enterLane(
      this.#redis,
      [
        this.#recordKey(call),
        this.#redis.keyspace.lane(component, appid),
        this.#redis.keyspace.quota(component, appid, path),
      ],
      [lastPartOf(call), path],
    );
  }

  /** The call that was made under an idempotency key. */
  async claimed(component: string, appid: string, idempotencyKey: string): Promise<Claim | undefined> {
    const claim = await this.#redis.get(this.#redis.keyspace.idempotency(component, appid, hashOfKey(idempotencyKey)));
    return claim === null ? undefined : readClaim({ component, appid }, claim);
  }

  async load(call: CallId): Promise<StoredCall | undefined> {
    const redis = this.#redis as RedisClient & {
      wxLoadCallBuffer(...keys: string[]): Promise<[Buffer, Buffer[], Buffer | null]>;
    };
    const [now, flat, sealed] = await redis.wxLoadCallBuffer(this.#recordKey(call), this.#requestKey(call));
    if (flat.length === 0) return undefined;
    const fields = new Map(Object.entries(fieldsOf(flat)));
    const settled = fields.get('state') === 'settled';
    const request = settled ? undefined : this.#openRequest(call, sealed);
    return {
      now: Number(now.toString()),
      settled,
      background: fields.get('background') === '1',
      hasCallback: fields.has('hasCallback'),
      replyTo: fields.get('channel')?.slice(this.#redis.keyspace.channels.replies('').length),
      deadlineAt: Number(fields.get('deadlineAt')),
      departed: fields.get('state') === 'sent',
      attempts: Number(fields.get('attempts')),
      refusals: Number(fields.get('refusals') ?? 0),
      heldMs: fields.get('state') === 'sent' ? heldUntil(fields) - Number(now.toString()) : 0,
      method: fields.get('method')!,
      path: fields.get('path')!,
      query: request?.query ?? [],
      contentType: request?.contentType,
      body: fields.get('hasBody') === '1' ? request?.body : undefined,
      unreadable: request?.unreadable,
    };
  }

  #openRequest(call: CallId, sealed: Buffer | null): Partial<CallRequest> & Pick<StoredCall, 'unreadable'> {
    if (!sealed) return { unreadable: 'damaged' };
    try {
      const plain = this.#seals.openBytes(sealed, place(call, 'request'));
      const bodyAt = 4 + plain.readUInt32BE(0);
      const { query, contentType } = JSON.parse(plain.toString('utf8', 4, bodyAt)) as CallRequest;
      return { query, contentType, body: plain.subarray(bodyAt) };
    } catch {
      return { unreadable: this.#seals.hasKeyOf(sealed) ? 'damaged' : 'no_key' };
    }
  }

  /** How often a run of this call has failed by a fault of our own, this time included; 0 where the call is over. */
  countFault(call: CallId): Promise<number> {
    return countFault(this.#redis, [this.#recordKey(call)], []);
  }

  async depart(
    call: CallId,
    runId: string,
    safeToRepeat: boolean,
    quotaKeys: readonly [string, string],
    quotaArgs: readonly (string | number)[],
  ): Promise<Departure> {
    const [go, first, second, third, news] = await depart(
      this.#redis,
      [this.#recordKey(call), ...quotaKeys],
      [runId, safeToRepeat ? 1 : 0, ...quotaArgs],
    );
    if (go === 'yes') {
      return { go, departedAt: Number(first), probe: second === 1, attempts: Number(third), news: String(news) };
    }
    if (go === 'closed') {
      const [until, now] = [Number(first), Number(second)];
      return { go, closedUntil: toLocalDate(until, now), inMs: until - now };
    }
    if (go === 'claimed') return { go, heldMs: Number(first) };
    return { go: go as 'settled' | 'gone' | 'deadline' };
  }

  /**
   * Prolongs, in one command batch, the hold of each of these calls that its run has sent and not settled. Until a hold
   * ends, other runs of its call wait.
   */
  async renewHolds(inFlight: Iterable<{ readonly call: CallId; readonly runId: string }>): Promise<void> {
    await hold.batch(
      this.#redis,
      [...inFlight].map(({ call, runId }) => ({ keys: [this.#recordKey(call)], args: [runId] })),
    );
  }

  /** False where the call is no longer this run's. */
  async release(call: CallId, runId: string, because: ReleaseReason): Promise<boolean> {
    return (await release(this.#redis, [this.#recordKey(call)], [runId, because === 'token-refused' ? 1 : 0])) === 1;
  }

  /** Stores what this run knows of the call's outcome. */
  async settle(call: CallId, runId: string, outcome: Outcome): Promise<Settlement> {
    return (await this.#settle(call, runId, outcome))?.[0] ?? 'superseded';
  }

  /**
   * As above, but publishes nothing over Redis: answers the call as the caller that waits for it in this process would
   * find it. Undefined where it is superseded.
   */
  async settleQuietly(
    call: CallId,
    runId: string,
    outcome: Outcome,
    quotaKey: string,
  ): Promise<
    | {
        readonly how: 'stored' | 'corrected';
        readonly call: FoundCall;
        readonly now: number;
        readonly quota: QuotaLook;
      }
    | undefined
  > {
    const settled = await this.#settle(call, runId, outcome, quotaKey);
    if (settled === null) return undefined;
    return {
      how: settled[0],
      call: toCall(call, fieldsOf(settled[2]!), () => responseOf(outcome)?.body),
      now: Number(settled[3]),
      quota: settled[4]!,
    };
  }

  async #settle(call: CallId, runId: string, outcome: Outcome, ...quotaKeys: string[]) {
    const response = responseOf(outcome);
    const settled = await settle(
      this.#redis,
      [...this.#endingKeys(call), this.#resultKey(call), ...quotaKeys],
      [
        ...[call.id, lastPartOf(call), outcome.state],
        JSON.stringify(outcome.state === 'completed' ? outcome.response.headers : outcome.failure),
        response?.status ?? 0,
        response ? this.#seals.sealBytes(response.body, place(call, 'result')) : '',
        runId,
      ],
    );
    if (settled?.[1] === 1) {
      const index = this.#redis.keyspace.callIndex(call.component, call.appid);
      // The outcome is stored, whatever becomes of this: the next large result of the account goes on with it.
      await shrinkResults(this.#redis, index, this.#resultKey(call), lastPartOf(call)).catch(() => {});
    }
    return settled;
  }

  async cancel(call: CallId): Promise<boolean> {
    return (await cancel(this.#redis, this.#endingKeys(call), [call.id, lastPartOf(call), 0])) === 1;
  }

  /** Cancels a call whose caller is refused: asking again under the same idempotency key makes a new one. */
  async withdraw(call: CallId): Promise<boolean> {
    return (await cancel(this.#redis, this.#endingKeys(call), [call.id, lastPartOf(call), 1])) === 1;
  }

  async delay(call: CallId, forMs: number): Promise<void> {
    await delay(this.#redis, [this.#recordKey(call)], [Math.ceil(forMs)]);
  }

  /** Only the state, for who waits for many. */
  async state(call: CallId): Promise<'queued' | 'sent' | 'settled' | undefined> {
    return ((await this.#redis.hget(this.#recordKey(call), 'state')) ?? undefined) as
      | 'queued'
      | 'sent'
      | 'settled'
      | undefined;
  }

  /** How many bodies lie under an older key than the first. They are kept for a day at most, so they may stay there. */
  async countUnderOlderKeys(): Promise<number> {
    let count = 0;
    for (const match of this.#redis.keyspace.patterns.callBodies) {
      for await (const found of this.#redis.scanStream({ match, count: 500 })) {
        const heads = await Promise.all(
          (found as string[]).map((key) => this.#redis.getrangeBuffer(key, 0, SEALED_HEAD_BYTES - 1)),
        );
        // One that went meanwhile is empty.
        count += heads.filter((head) => head.length > 0 && !this.#seals.isFresh(head)).length;
      }
    }
    return count;
  }

  async find(call: CallId): Promise<FoundCall | undefined> {
    const redis = this.#redis as RedisClient & {
      wxFindCallBuffer(...keys: string[]): Promise<[Buffer[], Buffer | null]>;
    };
    const [flat, sealed] = await redis.wxFindCallBuffer(this.#recordKey(call), this.#resultKey(call));
    const fields = fieldsOf(flat);
    if (!fields.state) return undefined;
    return toCall(call, fields, () => (sealed ? this.#seals.openBytes(sealed, place(call, 'result')) : undefined));
  }

  /** The call; an answer that is larger than `maxBytes` is not read, and `omittedBytes` is its size. */
  async findUpTo(
    call: CallId,
    maxBytes: number,
  ): Promise<{ readonly call: FoundCall; readonly omittedBytes: number | undefined } | undefined> {
    const redis = this.#redis as RedisClient & {
      wxFindCallUpToBuffer(...args: (string | number)[]): Promise<[Buffer[], Buffer | null, number]>;
    };
    const keys = [this.#recordKey(call), this.#resultKey(call)];
    const [flat, sealed, bytes] = await redis.wxFindCallUpToBuffer(...keys, maxBytes);
    const fields = fieldsOf(flat);
    if (!fields.state) return undefined;
    const isOmitted = bytes > maxBytes;
    const kept = () => (sealed ? this.#seals.openBytes(sealed, place(call, 'result')) : undefined);
    const found = toCall(call, fields, isOmitted ? () => Buffer.alloc(0) : kept);
    return { call: found, omittedBytes: isOmitted ? bytes : undefined };
  }

  /** Without their answers; undefined in the place of those that are gone. */
  async summaries(calls: readonly CallId[]): Promise<(CallSummary | undefined)[]> {
    const found = await Promise.all(calls.map((call) => this.#redis.hgetall(this.#recordKey(call))));
    return found.map((fields, i) => (fields.state ? summaryOf(calls[i]!, fields) : undefined));
  }

  /** Where the outcome is to be reported, and how large the stored answer is; undefined where no callback was asked for. */
  async callback(call: CallId): Promise<{ readonly url: string; readonly resultBytes: number } | undefined> {
    const [url, resultBytes] = await Promise.all([this.callbackUrl(call), this.#redis.strlen(this.#resultKey(call))]);
    return url === undefined ? undefined : { url, resultBytes };
  }

  async hasCallback(call: CallId): Promise<boolean> {
    return (await this.#redis.exists(this.#callbackKey(call))) === 1;
  }

  /** Where the outcome is to be reported. */
  async callbackUrl(call: CallId): Promise<string | undefined> {
    const sealed = await this.#redis.getBuffer(this.#callbackKey(call));
    return sealed ? this.#seals.openBytes(sealed, place(call, 'callback')).toString('utf8') : undefined;
  }

  #recordKey(call: CallId): string {
    return this.#redis.keyspace.call(call.component, call.appid, call.id);
  }

  #requestKey(call: CallId): string {
    return this.#redis.keyspace.callRequest(call.component, call.appid, call.id);
  }

  #resultKey(call: CallId): string {
    return this.#redis.keyspace.callResult(call.component, call.appid, call.id);
  }

  #callbackKey(call: CallId): string {
    return this.#redis.keyspace.callCallback(call.component, call.appid, call.id);
  }

  #endingKeys(call: CallId): string[] {
    return [
      this.#recordKey(call),
      this.#requestKey(call),
      this.#callbackKey(call),
      this.#redis.keyspace.callIndex(call.component, call.appid),
      this.#redis.keyspace.idempotency(call.component, call.appid, ''),
    ];
  }
}

function fieldsOf(flat: readonly (string | Buffer)[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) fields[String(flat[i])] = String(flat[i + 1]);
  return fields;
}

/** A process of the version before notes only when it sent the call. */
function heldUntil(fields: ReadonlyMap<string, string>): number {
  return Number(fields.get('heldUntil') ?? Number(fields.get('sentAt')) + HELD_MS);
}

function responseOf(outcome: Outcome): CallResponse | undefined {
  return outcome.state === 'completed' ? outcome.response : undefined;
}

/** `body` answers undefined where the result is no longer kept; an empty one is kept, too. */
function toCall(call: CallId, fields: Record<string, string>, body: () => Buffer | undefined): FoundCall {
  const summary = summaryOf(call, fields);
  if (fields.outcome !== 'completed') return { ...summary, response: null };
  const [status, headers] = [Number(fields.status), JSON.parse(fields.told!) as Record<string, string>];
  try {
    const kept = body();
    return { ...summary, response: kept === undefined ? null : { status, headers, body: kept } };
  } catch (error) {
    if (!(error instanceof Failure && error.code === 'unsealable')) throw error;
    return { ...summary, state: 'failed', response: null, failure: answerUnreadable };
  }
}

/** Not a code of its own: repeating the call would carry it out twice. */
const answerUnreadable: CallFailure = {
  code: 'outcome_unknown',
  remedy: 'operator',
  message: 'WeChat answered, but no SECRETS_KEY of this process opens the stored answer. Look it up at WeChat.',
};

function summaryOf(call: CallId, fields: Record<string, string>): CallSummary {
  return {
    id: call.id,
    component: call.component,
    appid: call.appid,
    method: fields.method!,
    path: fields.path!,
    background: fields.background === '1',
    state: stateOf(fields),
    attempts: Number(fields.attempts),
    createdAt: new Date(Number(fields.createdAt)),
    deadlineAt: new Date(Number(fields.deadlineAt)),
    notBeforeAt: fields.notBeforeAt ? new Date(Number(fields.notBeforeAt)) : null,
    settledAt: fields.settledAt ? new Date(Number(fields.settledAt)) : null,
    failure: fields.outcome === 'failed' ? (JSON.parse(fields.told!) as CallFailure) : null,
  };
}

function stateOf(fields: Record<string, string>): CallState {
  if (fields.state === 'settled') return fields.outcome as CallState;
  if (fields.state === 'sent') return 'running';
  const until = Math.max(Number(fields.delayedUntil ?? 0), Number(fields.notBeforeAt ?? 0));
  return until > Date.now() ? 'delayed' : 'queued';
}

function readClaim({ component, appid }: { component: string; appid: string }, claim: string): Claim {
  const [call, background, print] = claim.split(' ');
  return { id: `${component}.${appid}.${call}`, background: background === '1', fingerprint: print! };
}

function place(call: CallId, field: 'request' | 'result' | 'callback'): string {
  return `${call.component}/${call.appid}/call:${call.id}:${field}`;
}
