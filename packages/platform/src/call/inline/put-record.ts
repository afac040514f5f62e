import type { RedisClient } from '../../redis/connect.ts';
import { defineScript } from '../../redis/script.ts';
import type { Seals } from '../../sealing/seals.ts';
import type { CallRequest } from '../call.ts';
import type { CallId } from '../call-id.ts';
import { INDEX } from '../call-index.ts';
import { HELD_MS, keysOf, lastPartOf, sealRequest } from '../call-record.ts';
import { recordFieldsOf, resultTtlOf } from '../create-call.ts';
import type { EventsInMemory } from '../recorded-events.ts';

/** What this process knows of a call without a record. Times are on Redis' clock (ms). */
export interface CallInMemory {
  readonly createdAt: number;
  /** The same, in microseconds: calls are listed by it. */
  readonly createdMicros: number;
  readonly deadlineAt: number;
  readonly attempts: number;
  readonly refusals: number;
  readonly faults: number;
  /** The run that has sent it, or may send it at any moment; undefined if nothing of it can reach WeChat any more. */
  readonly sentBy: string | undefined;
  readonly departedAt: number;
  /** How long the next run waits. */
  readonly delayMs: number;
  /** What happened to it, as fields of a record. */
  readonly events: EventsInMemory['fields'];
}

/** The first record stays: this may be repeated after a lost reply. `isListed`: else only if it fails. */
const put = defineScript({
  uses: [INDEX],
  keys: ['record', 'request', 'index'],
  args: ['sealed', 'keptMs', 'deadlineAt', 'lastPart', 'micros', 'isListed', 'run', 'sentAt', 'delayMs', '...fields'],
  lua: `
if redis.call('EXISTS', record) == 1 then return end
local lives = math.max(0, tonumber(deadlineAt) - now) + tonumber(keptMs)
redis.call('HSET', record, 'state', 'queued', 'deadlineAt', deadlineAt, unpack(fields))
if run ~= '' then
  redis.call('HSET', record, 'state', 'sent', 'sentBy', run, 'sentAt', sentAt, 'heldUntil', ms(now + ${HELD_MS}))
elseif tonumber(delayMs) > 0 then
  redis.call('HSET', record, 'delayedUntil', ms(now + tonumber(delayMs)))
end
redis.call('PEXPIRE', record, lives)
redis.call('SET', request, sealed, 'PX', lives)
if isListed == '1' then index_add(index, lastPart, lives, micros) else redis.call('HSET', record, 'unlisted', micros) end`,
});

/** Creates the record of a call that this process has kept in memory: from now on other processes can continue it. */
export async function putRecord(
  redis: RedisClient,
  seals: Seals,
  call: CallId,
  request: CallRequest,
  replyTo: string,
  known: CallInMemory,
): Promise<void> {
  const { record, request: requestKey, index } = keysOf(redis.keyspace, call);
  const fields = {
    ...recordFieldsOf(redis.keyspace, request, replyTo),
    createdAt: known.createdAt,
    attempts: known.attempts,
    refusals: known.refusals,
    faults: known.faults,
    inline: '1',
    ...known.events,
  };
  await put.run(
    redis,
    { record, request: requestKey, index },
    {
      sealed: sealRequest(seals, call, request),
      keptMs: resultTtlOf(request),
      deadlineAt: known.deadlineAt,
      lastPart: lastPartOf(call),
      micros: known.createdMicros,
      isListed: request.keptForMs === undefined,
      run: known.sentBy ?? '',
      sentAt: known.departedAt,
      delayMs: Math.ceil(known.delayMs),
      fields: Object.entries(fields).flat(),
    },
  );
}
