import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK, type SharedLua } from '../redis/script.ts';
import type { Seals } from '../sealing/seals.ts';
import type { CallId } from './call-id.ts';
import { INDEX } from './call-index.ts';
import { INTERACTIVE_TTL_MS, keysOf, lastPartOf, type Outcome, sealResult } from './call-record.ts';
import { KEPT_RESULTS, shrinkResults } from './kept-results.ts';
import { type AttemptResult, answeredText, CALL_EVENT, endedText } from './recorded-events.ts';
import { CALL_REPLY } from './reply.ts';
import { WAITING_BODIES } from './waiting-bodies.ts';

/**
 * `corrected`: another run had stored `outcome_unknown`, and the outcome of the run that sent the call replaced it.
 * `superseded`: another outcome was stored before, or the record is gone.
 */
export type Settlement = 'stored' | 'corrected' | 'superseded';

const ENDING_KEYS = ['record', 'request', 'callback', 'index', 'idempotency'] as const;

/**
 * `call_ended` does what follows from any outcome. `keys`: by the names of `ENDING_KEYS`; `reply`: for the gateway that waits. It
 * returns the record's TTL.
 */
const CALL_ENDED: SharedLua = {
  uses: [INDEX, WAITING_BODIES],
  lua: `
local function call_ended(keys, last_part, reply)
  local fields = redis.call('HMGET', keys.record, 'keptMs', 'bytes', 'claim', 'channel')
  local kept, bytes, claim, channel = tonumber(fields[1]), fields[2], fields[3], fields[4]
  bodies_give_back(keys.index .. ':bodies', last_part, bytes)
  redis.call('HDEL', keys.record, 'delayedUntil')
  redis.call('PEXPIRE', keys.record, kept)
  redis.call('PEXPIRE', keys.callback, kept)
  redis.call('DEL', keys.request)
  index_keep(keys.index, last_part, kept)
  if claim then redis.call('PEXPIRE', keys.idempotency .. claim, kept) end
  if channel then redis.call('PUBLISH', channel, reply) end
  return kept
end
`,
};

const KEYS_TABLE = `{ ${ENDING_KEYS.map((name) => `${name} = ${name}`).join(', ')} }`;

type SettleReply = [how: 'stored' | 'corrected', excess: 0 | 1] | null;

/**
 * The first outcome stays, with one exception: the run that sent the call knows WeChat's answer, and so replaces an
 * `outcome_unknown` that another run has stored meanwhile. `excess`: 1 if results beyond the account's limit are still kept.
 * `detail`: the failure, or the headers of WeChat's answer; the record's field is `told`. `event`: of the departure that led to it.
 */
const settle = defineScript({
  uses: [REDIS_CLOCK, CALL_ENDED, CALL_REPLY, KEPT_RESULTS, CALL_EVENT],
  keys: [...ENDING_KEYS, 'result', 'quotas'],
  args: ['id', 'lastPart', 'outcome', 'detail', 'status', 'errcode', 'rid', 'bytes', 'body', 'run', 'event'],
  lua: `
local former = redis.call('HMGET', record, 'state', 'sentBy', 'settledBy', 'outcome', 'told')
local how = 'stored'
local function unknown(of, words) return of == 'failed' and cjson.decode(words).code == 'outcome_unknown' end
if not former[1] then return false end
if former[1] == 'settled' then
  local sent_by_us = former[2] == run and former[3] ~= run
  if not sent_by_us or not unknown(former[4], former[5]) or unknown(outcome, detail) then return false end
  how = 'corrected'
end
redis.call('HSET', record, 'state', 'settled', 'settledAt', ms(now), 'settledBy', run, 'outcome', outcome, 'told', detail,
  'status', status, 'errcode', errcode, 'rid', rid, 'responseBytes', bytes)
if event ~= '' then call_event(record, event) end
local unlisted = redis.call('HGET', record, 'unlisted')
if unlisted and (outcome == 'failed' or (errcode ~= '' and errcode ~= '0')) then
  redis.call('HSET', record, 'keptMs', ${INTERACTIVE_TTL_MS})
  index_add(index, lastPart, ${INTERACTIVE_TTL_MS}, unlisted)
end
local reply = call_reply(id, record, quotas, body)
local kept, excess = call_ended(${KEYS_TABLE}, lastPart, reply), 0
if body ~= '' then
  redis.call('SET', result, body, 'PX', kept)
  local is_waited_for = redis.call('HGET', record, 'background') == '0'
  if results_note(index .. ':results', result, lastPart, #body, kept, is_waited_for) then excess = 1 end
end
return { how, excess }`,
  decode: (reply: SettleReply) => reply,
});

/** `isWithdrawn`: its idempotency key is free again. If others wait for its order key, it leaves its lane like one that is late. */
const cancel = defineScript({
  uses: [REDIS_CLOCK, CALL_ENDED],
  keys: [...ENDING_KEYS, 'lane'],
  args: ['id', 'lastPart', 'isWithdrawn'],
  lua: `
if redis.call('HGET', record, 'state') ~= 'queued' then return 0 end
redis.call('HSET', record, 'state', 'settled', 'settledAt', ms(now), 'outcome', 'cancelled')
call_ended(${KEYS_TABLE}, lastPart, id)
local in_lane, order = unpack(redis.call('HMGET', record, 'inLane', 'order'))
if in_lane and order then redis.call('ZADD', lane .. ':deadlines', 'XX', '0', in_lane) end
local claim = redis.call('HGET', record, 'claim')
if isWithdrawn == '1' and claim then redis.call('DEL', idempotency .. claim) end
return 1`,
  decode: (cancelled: number) => cancelled === 1,
});

/** Stores what this run knows of the call's outcome, and publishes it. `result`: of this run's departure, if there was one. */
export async function settleCall(
  redis: RedisClient,
  seals: Seals,
  call: CallId,
  runId: string,
  outcome: Outcome,
  result: AttemptResult | undefined,
): Promise<Settlement> {
  const keys = { ...keysOf(redis.keyspace, call), quotas: redis.keyspace.quota(call.component, call.appid, '') };
  const completed = outcome.state === 'completed' ? outcome : undefined;
  const reply = await settle.run(redis, keys, {
    id: call.id,
    lastPart: lastPartOf(call),
    outcome: outcome.state,
    detail: JSON.stringify(outcome.state === 'completed' ? outcome.response.headers : outcome.failure),
    status: completed?.response.status ?? 0,
    errcode: completed?.errcode ?? '',
    rid: completed?.rid ?? '',
    bytes: completed?.response.body.length ?? 0,
    body: completed ? sealResult(seals, call, completed.response) : '',
    run: runId,
    event: eventOf(outcome, result),
  });
  if (reply?.[1] === 1) {
    // If this fails, the account's next large result continues it; the outcome is stored.
    await shrinkResults(redis, keys.index, keys.result, lastPartOf(call)).catch(() => {});
  }
  return reply?.[0] ?? 'superseded';
}

function eventOf({ state }: Outcome, result: AttemptResult | undefined): string {
  if (result === undefined) return '';
  return state === 'completed' ? answeredText(result.ms) : endedText(result);
}

/** True if the call had not departed; then it never will. `isWithdrawn`: its idempotency key may be used for a new call. */
export function cancelCall(redis: RedisClient, call: CallId, isWithdrawn: boolean): Promise<boolean> {
  const keys = { ...keysOf(redis.keyspace, call), lane: redis.keyspace.lane(call.component, call.appid) };
  return cancel.run(redis, keys, { id: call.id, lastPart: lastPartOf(call), isWithdrawn });
}
