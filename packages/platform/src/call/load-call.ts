import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';
import type { Seals } from '../sealing/seals.ts';
import type { CallId } from './call-id.ts';
import { fieldsOf, keysOf, type StoredCall, toStoredCall } from './call-record.ts';
import { CALL_DEPART, type DepartReply, type Departure, type DepartureQuota, toDeparture } from './depart.ts';

/** What a run expects of a call that it has not read yet. */
export interface ExpectedCall {
  readonly method: string;
  readonly path: string;
}

type LoadReply = [now: Buffer, record: Buffer[], request: Buffer | null];

const load = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['record', 'request'],
  lua: `return { ms(now), redis.call('HGETALL', record), redis.call('GET', request) }`,
  buffers: true,
  decode: (reply: LoadReply) => reply,
});

/**
 * The record as it was before the departure; no departure unless this is the call's first one, and waits for no replica. A run whose first reply was lost
 * repeats this, and receives the same answer.
 */
const loadAndDepart = defineScript({
  uses: [CALL_DEPART],
  keys: ['record', 'request', 'quota', 'paths'],
  args: ['run', 'method', 'path', 'dailyLimit', 'minuteLimit'],
  lua: `
local fields, sealed, departure = redis.call('HGETALL', record), redis.call('GET', request), false
local known = {}
for i = 1, #fields, 2 do known[fields[i]] = fields[i + 1] end
local is_first = known.state == 'queued' and known.attempts == '0' or known.state == 'sent' and known.sentBy == run
if is_first and not known.durable and sealed and known.method == method and known.path == path then
  departure = call_depart(record, quota, paths, run, '0', path, dailyLimit, minuteLimit, '0')
end
return { ms(now), fields, sealed, departure }`,
  buffers: true,
  decode: (reply: [...LoadReply, departure: [go: Buffer, ...rest: unknown[]] | null]) => reply,
});

/** Undefined if there is no record. */
export async function loadCall(redis: RedisClient, seals: Seals, call: CallId): Promise<StoredCall | undefined> {
  const { record, request } = keysOf(redis.keyspace, call);
  return storedCallOf(redis, seals, call, await load.run(redis, { record, request }));
}

/** The same, and the call's first departure, if it is the expected one. `departure`: undefined if there was none. */
export async function loadAndDepartCall(
  redis: RedisClient,
  seals: Seals,
  call: CallId,
  runId: string,
  expected: ExpectedCall,
  { path, dailyLimit, minuteLimit }: DepartureQuota,
): Promise<{ readonly stored: StoredCall; readonly departure: Departure | undefined } | undefined> {
  const { component, appid } = call;
  const { keyspace } = redis;
  const { record, request } = keysOf(keyspace, call);
  const [now, flat, sealed, departure] = await loadAndDepart.run(
    redis,
    {
      record,
      request,
      quota: keyspace.quota(component, appid, path),
      paths: keyspace.quotaPaths(component, appid),
    },
    { run: runId, ...expected, dailyLimit, minuteLimit },
  );
  const stored = storedCallOf(redis, seals, call, [now, flat, sealed]);
  if (!stored || departure === null) return stored && { stored, departure: undefined };
  // A repetition reads the claim of this very run.
  return { stored: { ...stored, departed: false, heldMs: 0 }, departure: toDeparture(withText(departure)) };
}

function storedCallOf(
  redis: RedisClient,
  seals: Seals,
  call: CallId,
  [now, flat, sealed]: LoadReply,
): StoredCall | undefined {
  if (flat.length === 0) return undefined;
  const channelPrefix = redis.keyspace.channels.replies('');
  return toStoredCall(call, Number(now.toString()), fieldsOf(flat), sealed, { seals, channelPrefix });
}

/** The only text of a departure is its first value. */
function withText([go, ...rest]: [go: Buffer, ...rest: unknown[]]): DepartReply {
  return [go.toString(), ...rest] as DepartReply;
}
