import type { Redis } from 'ioredis';
import { QUOTA_LUA } from '../quota/ledger.ts';
import { channels, keys, patterns } from '../redis/keys.ts';
import { toLocalDate } from '../redis/redis-time.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';
import { SEALED_HEAD_BYTES, type Seals } from '../redis/sealed.ts';
import type { Call, CallFailure, CallRequest, CallResponse, CallState } from './call.ts';
import type { CallId } from './call-id.ts';

/** How long an outcome can be asked for. */
const KEPT_INTERACTIVE_MS = 15 * 60_000;
const KEPT_BACKGROUND_MS = 24 * 60 * 60_000;

/** What a worker needs to send a call. */
export interface StoredCall {
  readonly now: number;
  readonly settled: boolean;
  readonly background: boolean;
  readonly deadlineAt: number;
  readonly attempts: number;
  /** Tokens of ours that WeChat has refused for this call. */
  readonly refusals: number;
  readonly method: string;
  readonly path: string;
  readonly query: readonly (readonly [string, string])[];
  readonly contentType: string | undefined;
  readonly body: Buffer | undefined;
}

export type Departure =
  | { readonly go: 'yes'; readonly leftAt: number; readonly probe: boolean; readonly attempts: number }
  /** `claimed`: an earlier run may have sent it, and it must not be sent twice. */
  | { readonly go: 'settled' | 'gone' | 'deadline' | 'claimed' }
  | { readonly go: 'closed'; readonly closedUntil: Date; readonly inMs: number };

export type Outcome =
  | { readonly state: 'completed'; readonly response: CallResponse }
  | { readonly state: 'failed'; readonly failure: CallFailure };

/** KEYS: record, request. ARGV: request, kept after the deadline, then deadline in ms, then fields and values. */
const create = defineScript<number>(`${NOW_LUA}
redis.call('HSET', KEYS[1], 'state', 'queued', 'attempts', '0', 'createdAt', string.format('%.0f', now),
  'deadlineAt', string.format('%.0f', now + tonumber(ARGV[3])), unpack(ARGV, 4))
local lives = tonumber(ARGV[3]) + tonumber(ARGV[2])
redis.call('PEXPIRE', KEYS[1], lives)
redis.call('SET', KEYS[2], ARGV[1], 'PX', lives)
return 1`);

/**
 * One departure. KEYS: record, quota used, quota closed. ARGV: run id, safe to repeat (1).
 * A call that is not safe to repeat is claimed by the run that sends it: no claim, no send.
 */
const depart = defineScript<(string | number)[]>(`${NOW_LUA}
${QUOTA_LUA}
local state = redis.call('HGET', KEYS[1], 'state')
if not state then return { 'gone' } end
if state == 'settled' then return { 'settled' } end
if tonumber(redis.call('HGET', KEYS[1], 'deadlineAt')) <= now then return { 'deadline' } end
local sentBy = redis.call('HGET', KEYS[1], 'sentBy')
if ARGV[2] == '0' and sentBy and sentBy ~= ARGV[1] then return { 'claimed' } end
local closedUntil, probe = quota_closed(KEYS[3])
if closedUntil then return { 'closed', closedUntil, now } end
quota_take(KEYS[2])
redis.call('HSET', KEYS[1], 'state', 'sent', 'sentBy', ARGV[1], 'sentAt', string.format('%.0f', now))
redis.call('HDEL', KEYS[1], 'delayedUntil')
return { 'yes', now, probe, redis.call('HINCRBY', KEYS[1], 'attempts', 1) }`);

/** Nothing of this run reached WeChat, or WeChat refused it for certain. KEYS: record. ARGV: run id, refusals (0/1). */
const release = defineScript<number>(`
if redis.call('HGET', KEYS[1], 'state') ~= 'sent' or redis.call('HGET', KEYS[1], 'sentBy') ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'state', 'queued')
redis.call('HDEL', KEYS[1], 'sentBy')
if ARGV[2] == '1' then redis.call('HINCRBY', KEYS[1], 'refusals', 1) end
return 1`);

/** The first outcome stays. KEYS: record, request, result. ARGV: outcome, failure or headers, status, body, the call's id. */
const settle = defineScript<number>(`${NOW_LUA}
local state = redis.call('HGET', KEYS[1], 'state')
if not state or state == 'settled' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'settled', 'settledAt', string.format('%.0f', now), 'outcome', ARGV[1],
  'told', ARGV[2], 'status', ARGV[3])
redis.call('HDEL', KEYS[1], 'delayedUntil')
local kept = tonumber(redis.call('HGET', KEYS[1], 'keptMs'))
redis.call('PEXPIRE', KEYS[1], kept)
if ARGV[4] ~= '' then redis.call('SET', KEYS[3], ARGV[4], 'PX', kept) end
redis.call('DEL', KEYS[2])
local channel = redis.call('HGET', KEYS[1], 'channel')
if channel then redis.call('PUBLISH', channel, ARGV[5]) end
return 1`);

/** KEYS: record, request. ARGV: the call's id. */
const cancel = defineScript<number>(`${NOW_LUA}
if redis.call('HGET', KEYS[1], 'state') ~= 'queued' then return 0 end
redis.call('HSET', KEYS[1], 'state', 'settled', 'settledAt', string.format('%.0f', now), 'outcome', 'cancelled')
redis.call('DEL', KEYS[2])
local channel = redis.call('HGET', KEYS[1], 'channel')
if channel then redis.call('PUBLISH', channel, ARGV[1]) end
return 1`);

/** KEYS: record. ARGV: for how long. */
const delay = defineScript<number>(`${NOW_LUA}
if redis.call('HGET', KEYS[1], 'state') ~= 'queued' then return 0 end
redis.call('HSET', KEYS[1], 'delayedUntil', string.format('%.0f', now + tonumber(ARGV[1])))
return 1`);

/** KEYS: record, request. Answers now, the record as a flat list, the request. */
const load = `${NOW_LUA}
return { tostring(now), redis.call('HGETALL', KEYS[1]), redis.call('GET', KEYS[2]) }`;

/** The records of calls. Each change is one Lua script that looks at the state first. */
export class CallStore {
  readonly #redis: Redis;
  readonly #seals: Seals;

  constructor(redis: Redis, seals: Seals) {
    this.#redis = redis;
    this.#seals = seals;
    redis.defineCommand('wxLoadCall', { numberOfKeys: 2, lua: load, readOnly: true });
  }

  /** `replyTo`: the gateway that waits for the outcome. */
  async create(call: CallId, request: CallRequest, replyTo: string): Promise<void> {
    const head = Buffer.from(JSON.stringify({ query: request.query, contentType: request.contentType }), 'utf8');
    const length = Buffer.alloc(4);
    length.writeUInt32BE(head.length);
    const plain = Buffer.concat([length, head, request.body ?? Buffer.alloc(0)]);
    const background = request.waitMs === 0;
    const keptMs = request.keptForMs ?? (background ? KEPT_BACKGROUND_MS : KEPT_INTERACTIVE_MS);
    await create(
      this.#redis,
      [recordKey(call), requestKey(call)],
      [
        this.#seals.sealBytes(plain, place(call, 'request')),
        keptMs,
        request.departWithinMs,
        ...['method', request.method, 'path', request.path, 'background', background ? '1' : '0'],
        ...['hasBody', request.body ? '1' : '0', 'channel', channels.replies(replyTo), 'keptMs', keptMs],
      ],
    );
  }

  async load(call: CallId): Promise<StoredCall | undefined> {
    const redis = this.#redis as Redis & {
      wxLoadCallBuffer(...keys: string[]): Promise<[Buffer, Buffer[], Buffer | null]>;
    };
    const [now, flat, sealed] = await redis.wxLoadCallBuffer(recordKey(call), requestKey(call));
    if (flat.length === 0) return undefined;
    const fields = new Map<string, string>();
    for (let i = 0; i < flat.length; i += 2) fields.set(flat[i]!.toString(), flat[i + 1]!.toString());
    const settled = fields.get('state') === 'settled';
    const plain = sealed && !settled ? this.#seals.openBytes(sealed, place(call, 'request')) : undefined;
    const headLength = plain?.readUInt32BE(0) ?? 0;
    const head = plain
      ? (JSON.parse(plain.subarray(4, 4 + headLength).toString('utf8')) as Pick<CallRequest, 'query' | 'contentType'>)
      : undefined;
    return {
      now: Number(now.toString()),
      settled: settled || !plain,
      background: fields.get('background') === '1',
      deadlineAt: Number(fields.get('deadlineAt')),
      attempts: Number(fields.get('attempts')),
      refusals: Number(fields.get('refusals') ?? 0),
      method: fields.get('method')!,
      path: fields.get('path')!,
      query: head?.query ?? [],
      contentType: head?.contentType,
      body: plain && fields.get('hasBody') === '1' ? plain.subarray(4 + headLength) : undefined,
    };
  }

  async depart(
    call: CallId,
    runId: string,
    safeToRepeat: boolean,
    quotaKeys: readonly [string, string],
  ): Promise<Departure> {
    const [go, first, second, third] = await depart(
      this.#redis,
      [recordKey(call), ...quotaKeys],
      [runId, safeToRepeat ? 1 : 0],
    );
    if (go === 'yes') return { go, leftAt: Number(first), probe: second === 1, attempts: Number(third) };
    if (go === 'closed') {
      const [until, now] = [Number(first), Number(second)];
      return { go, closedUntil: toLocalDate(until, now), inMs: until - now };
    }
    return { go: go as 'settled' | 'gone' | 'deadline' | 'claimed' };
  }

  async release(call: CallId, runId: string, because: 'not-sent' | 'token-refused' | 'quota-refused'): Promise<void> {
    await release(this.#redis, [recordKey(call)], [runId, because === 'token-refused' ? 1 : 0]);
  }

  /** False where an outcome was there already; that one counts. */
  async settle(call: CallId, outcome: Outcome): Promise<boolean> {
    const response = outcome.state === 'completed' ? outcome.response : undefined;
    const settled = await settle(
      this.#redis,
      [recordKey(call), requestKey(call), resultKey(call)],
      [
        outcome.state,
        JSON.stringify(outcome.state === 'completed' ? outcome.response.headers : outcome.failure),
        response?.status ?? 0,
        response ? this.#seals.sealBytes(response.body, place(call, 'result')) : '',
        call.id,
      ],
    );
    return settled === 1;
  }

  async cancel(call: CallId): Promise<boolean> {
    return (await cancel(this.#redis, [recordKey(call), requestKey(call)], [call.id])) === 1;
  }

  async delay(call: CallId, forMs: number): Promise<void> {
    await delay(this.#redis, [recordKey(call)], [Math.ceil(forMs)]);
  }

  /** Only the state, for who waits for many. */
  async state(call: CallId): Promise<'queued' | 'sent' | 'settled' | undefined> {
    return ((await this.#redis.hget(recordKey(call), 'state')) ?? undefined) as
      | 'queued'
      | 'sent'
      | 'settled'
      | undefined;
  }

  /** How many bodies lie under an older key than the first. They are kept for a day at most, so they may stay there. */
  async countUnderOlderKeys(): Promise<number> {
    let count = 0;
    for (const match of patterns.callBodies) {
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

  async find(call: CallId): Promise<Omit<Call, 'quota'> | undefined> {
    const fields = await this.#redis.hgetall(recordKey(call));
    if (!fields.state) return undefined;
    const completed = fields.outcome === 'completed';
    const body = completed ? await this.#redis.getBuffer(resultKey(call)) : null;
    const told = fields.told ? (JSON.parse(fields.told) as unknown) : undefined;
    return {
      id: call.id,
      component: call.component,
      appid: call.appid,
      method: fields.method!,
      path: fields.path!,
      state: stateOf(fields),
      attempts: Number(fields.attempts),
      createdAt: new Date(Number(fields.createdAt)),
      settledAt: fields.settledAt ? new Date(Number(fields.settledAt)) : null,
      response: completed
        ? {
            status: Number(fields.status),
            headers: told as Record<string, string>,
            body: body ? this.#seals.openBytes(body, place(call, 'result')) : Buffer.alloc(0),
          }
        : null,
      failure: fields.outcome === 'failed' ? (told as CallFailure) : null,
    };
  }
}

function stateOf(fields: Record<string, string>): CallState {
  if (fields.state === 'settled') return fields.outcome as CallState;
  if (fields.state === 'sent') return 'running';
  return fields.delayedUntil && Number(fields.delayedUntil) > Date.now() ? 'delayed' : 'queued';
}

const recordKey = (call: CallId) => keys.call(call.component, call.appid, call.id);
const requestKey = (call: CallId) => keys.callRequest(call.component, call.appid, call.id);
const resultKey = (call: CallId) => keys.callResult(call.component, call.appid, call.id);

function place(call: CallId, field: 'request' | 'result'): string {
  return `${call.component}/${call.appid}/call:${call.id}:${field}`;
}
