import type { RedisClient } from '../redis/connect.ts';
import { defineScript } from '../redis/script.ts';
import { scanAll } from '../redis/servers.ts';
import { SEALED_HEAD_BYTES, type Seals } from '../sealing/seals.ts';
import type { Call, CallRequest, CallSummary } from './call.ts';
import type { CallId } from './call-id.ts';
import {
  type FoundCall,
  fieldsOf,
  keysOf,
  type Outcome,
  openCallbackUrl,
  openResult,
  type RecordFields,
  type StoredCall,
  toFoundCall,
  toSummary,
} from './call-record.ts';
import { type Created, claimedCall, createCall, enterLane } from './create-call.ts';
import {
  countFaultOf,
  type Departure,
  type DepartureQuota,
  delayCall,
  departCall,
  type ReleaseReason,
  type Retried,
  releaseCall,
  renewHolds,
} from './depart.ts';
import type { Claim } from './idempotency.ts';
import { type CallInMemory, putRecord } from './inline/put-record.ts';
import type { LaneFormat } from './lane/lane-format.ts';
import { type ExpectedCall, loadAndDepartCall, loadCall } from './load-call.ts';
import {
  type AttemptResult,
  CALL_EVENT,
  type CallbackEventResult,
  callbackText,
  type ParkReason,
} from './recorded-events.ts';
import { type Reply, settledCallOf } from './reply.ts';
import { cancelCall, type Settlement, settleCall } from './settle.ts';
import { type TimelineEvent, timelineOf } from './timeline.ts';

const SCAN_COUNT = 500;

/** Of a result that is larger than `max`, only its size. */
const find = defineScript({
  keys: ['record', 'result'],
  args: ['max'],
  lua: `
local bytes = redis.call('STRLEN', result)
return { redis.call('HGETALL', record), bytes <= tonumber(max) and redis.call('GET', result) or false, bytes }`,
  buffers: true,
  decode: (reply: [record: Buffer[], result: Buffer | null, bytes: number]) => reply,
});

/** Unless the record has expired. */
const note = defineScript({
  uses: [CALL_EVENT],
  keys: ['record'],
  args: ['event'],
  lua: `if redis.call('EXISTS', record) == 1 then call_event(record, event) end`,
});

/** A call with what is recorded about its way. */
export interface CallHistory {
  readonly call: FoundCall;
  readonly timeline: readonly TimelineEvent[] | null;
}

/** The records of calls. Each change is one Lua script that reads the state first. */
export class CallStore {
  readonly #redis: RedisClient;
  readonly #seals: Seals;

  constructor(redis: RedisClient, seals: Seals) {
    this.#redis = redis;
    this.#seals = seals;
  }

  create(call: CallId, request: CallRequest, replyTo: string): Promise<Created> {
    return createCall(this.#redis, this.#seals, call, request, replyTo);
  }

  /** Creates the record of a call that was kept in memory, unless it exists. */
  put(call: CallId, request: CallRequest, replyTo: string, known: CallInMemory): Promise<void> {
    return putRecord(this.#redis, this.#seals, call, request, replyTo, known);
  }

  enterLane(call: CallId, path: string, format: LaneFormat): Promise<'gone' | 'in' | 'wake'> {
    return enterLane(this.#redis, call, path, format);
  }

  claimed(component: string, appid: string, idempotencyKey: string): Promise<Claim | undefined> {
    return claimedCall(this.#redis, component, appid, idempotencyKey);
  }

  /** `tokenMs`: for how long this run waited for a token. */
  depart(call: CallId, runId: string, safeToRepeat: boolean, quota: DepartureQuota, tokenMs = 0): Promise<Departure> {
    return departCall(this.#redis, call, runId, safeToRepeat, quota, tokenMs);
  }

  renewHolds(inFlight: Iterable<{ readonly call: CallId; readonly runId: string }>): Promise<void> {
    return renewHolds(this.#redis, inFlight);
  }

  /** `retried`: what came of its departure; undefined: it has not departed. */
  release(call: CallId, runId: string, because: ReleaseReason, retried?: Retried): Promise<boolean> {
    return releaseCall(this.#redis, call, runId, because, retried);
  }

  delay(call: CallId, forMs: number, parkedFor?: ParkReason): Promise<void> {
    return delayCall(this.#redis, call, forMs, parkedFor);
  }

  countFault(call: CallId): Promise<number> {
    return countFaultOf(this.#redis, call);
  }

  /** `result`: what came of this run's departure; undefined: it had none. */
  settle(call: CallId, runId: string, outcome: Outcome, result?: AttemptResult): Promise<Settlement> {
    return settleCall(this.#redis, this.#seals, call, runId, outcome, result);
  }

  cancel(call: CallId): Promise<boolean> {
    return cancelCall(this.#redis, call, false);
  }

  /** Cancels a call whose caller is refused: the same idempotency key creates a new call afterwards. */
  withdraw(call: CallId): Promise<boolean> {
    return cancelCall(this.#redis, call, true);
  }

  /** Whether other calls may wait for the end of this one. */
  async hasOrderKey(call: CallId): Promise<boolean> {
    return (await this.#redis.hexists(this.#keysOf(call).record, 'order')) === 1;
  }

  load(call: CallId): Promise<StoredCall | undefined> {
    return loadCall(this.#redis, this.#seals, call);
  }

  /** In one round trip. The departure is undefined unless it is the call's first one, and the call the expected one. */
  loadAndDepart(
    call: CallId,
    runId: string,
    expected: ExpectedCall,
    quota: DepartureQuota,
  ): Promise<{ readonly stored: StoredCall; readonly departure: Departure | undefined } | undefined> {
    return loadAndDepartCall(this.#redis, this.#seals, call, runId, expected, quota);
  }

  /** The settled call of a reply. Throws Failure `unsealable`. */
  openReply(call: CallId, request: CallRequest, outcome: Required<Reply>['outcome']): Call {
    return settledCallOf(this.#seals, call, request, outcome);
  }

  async state(call: CallId): Promise<'queued' | 'sent' | 'settled' | undefined> {
    const state = await this.#redis.hget(this.#keysOf(call).record, 'state');
    return (state ?? undefined) as 'queued' | 'sent' | 'settled' | undefined;
  }

  async find(call: CallId): Promise<FoundCall | undefined> {
    return (await this.findUpTo(call, Number.MAX_SAFE_INTEGER))?.call;
  }

  /** The call; a result larger than `maxBytes` is not read, and `omittedBytes` is its size. */
  async findUpTo(
    call: CallId,
    maxBytes: number,
  ): Promise<{ readonly call: FoundCall; readonly omittedBytes: number | undefined } | undefined> {
    const found = await this.#read(call, maxBytes);
    return found && { call: found.call, omittedBytes: found.omittedBytes };
  }

  /** The call, and what happened to it. */
  async history(call: CallId): Promise<CallHistory | undefined> {
    const found = await this.#read(call, Number.MAX_SAFE_INTEGER);
    return found && { call: found.call, timeline: timelineOf(found.fields) };
  }

  async #read(call: CallId, maxBytes: number) {
    const [flat, sealed, bytes] = await find.run(this.#redis, this.#keysOf(call), { max: maxBytes });
    const fields = fieldsOf(flat);
    if (!fields.state) return undefined;
    const isOmitted = bytes > maxBytes;
    const kept = () => (sealed ? openResult(this.#seals, call, sealed) : undefined);
    const found = toFoundCall(call, fields, isOmitted ? () => Buffer.alloc(0) : kept);
    return { call: found, fields, omittedBytes: isOmitted ? bytes : undefined };
  }

  /** Records that its callback was tried. */
  async noteCallback(call: CallId, result: CallbackEventResult, status: number | undefined): Promise<void> {
    await note.run(this.#redis, { record: this.#keysOf(call).record }, { event: callbackText(result, status) });
  }

  /** The fields of the records; empty for those that are gone. */
  records(calls: readonly CallId[]): Promise<RecordFields[]> {
    return Promise.all(calls.map((call) => this.#redis.hgetall(this.#keysOf(call).record)));
  }

  /** Without their results; undefined in the place of calls whose record is gone. */
  async summaries(calls: readonly CallId[]): Promise<(CallSummary | undefined)[]> {
    const found = await this.records(calls);
    return found.map((fields, i) => (fields.state ? toSummary(calls[i]!, fields) : undefined));
  }

  /** Where the outcome is reported, and how large the stored result is; undefined if no callback was requested. */
  async callback(call: CallId): Promise<{ readonly url: string; readonly resultBytes: number } | undefined> {
    const [url, resultBytes] = await Promise.all([
      this.callbackUrl(call),
      this.#redis.strlen(this.#keysOf(call).result),
    ]);
    return url === undefined ? undefined : { url, resultBytes };
  }

  async hasCallback(call: CallId): Promise<boolean> {
    return (await this.#redis.exists(this.#keysOf(call).callback)) === 1;
  }

  async callbackUrl(call: CallId): Promise<string | undefined> {
    const sealed = await this.#redis.getBuffer(this.#keysOf(call).callback);
    return sealed ? openCallbackUrl(this.#seals, call, sealed) : undefined;
  }

  /** How many bodies are sealed under an older key than the first. They expire after a day at most, so they may stay. */
  async countUnderOlderKeys(): Promise<number> {
    let count = 0;
    for (const match of this.#redis.keyspace.patterns.callBodies) {
      for await (const found of scanAll(this.#redis, match, SCAN_COUNT)) {
        const heads = await Promise.all(found.map((key) => this.#redis.getrangeBuffer(key, 0, SEALED_HEAD_BYTES - 1)));
        // A body that has expired meanwhile is empty.
        count += heads.filter((head) => head.length > 0 && !this.#seals.isFresh(head)).length;
      }
    }
    return count;
  }

  #keysOf(call: CallId) {
    return keysOf(this.#redis.keyspace, call);
  }
}
