import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';

/** Three missed heartbeats. */
const DEAD_AFTER_MS = 15_000;
const KEY_TTL_MS = 60 * 60_000;

export type ProcessRole = 'gateway' | 'worker';

/** One process of the deployment, as it described itself. Fields may be added by later versions. */
export interface LiveProcess {
  readonly id: string;
  readonly roles: readonly ProcessRole[];
  /** Of the program (package.json). */
  readonly version: string;
  /** Grows with every record, script, stream or queue that the version before cannot read. */
  readonly format: number;
  readonly schemaVersion: number;
  readonly startedAt: number;
}

/** KEYS: processes. ARGV: id, the process as JSON. Removes entries of processes that have died long ago. */
const beat = defineScript<number>(`${NOW_LUA}
local processes, id = KEYS[1], ARGV[1]
local entry = cjson.decode(ARGV[2])
entry.seenAt = now
redis.call('HSET', processes, id, cjson.encode(entry))
redis.call('PEXPIRE', processes, ${KEY_TTL_MS})
for _, other in ipairs(redis.call('HKEYS', processes)) do
  local seenAt = cjson.decode(redis.call('HGET', processes, other)).seenAt
  if now - seenAt > ${2 * DEAD_AFTER_MS} then redis.call('HDEL', processes, other) end
end
return 1`);

/** KEYS: processes. */
const live = defineScript<string[]>(`${NOW_LUA}
local found = {}
for _, text in ipairs(redis.call('HVALS', KEYS[1])) do
  if now - cjson.decode(text).seenAt <= ${DEAD_AFTER_MS} then table.insert(found, text) end
end
return found`);

export async function announceProcess(redis: RedisClient, process: LiveProcess): Promise<void> {
  await beat(redis, [redis.keyspace.processes], [process.id, JSON.stringify(process)]);
}

export async function forgetProcess(redis: RedisClient, id: string): Promise<void> {
  await redis.hdel(redis.keyspace.processes, id);
}

/**
 * The processes that are alive, by their heartbeats. A queue or stream that is new in `format` n may be filled once every
 * process in here with the role that serves it has at least that format. Versions before heartbeats are not in here: they
 * have format 0, and count as gone only by the operator's word (ARCHITECTURE, "Versions side by side").
 */
export async function liveProcesses(redis: RedisClient): Promise<LiveProcess[]> {
  const found = await live(redis, [redis.keyspace.processes], []);
  return found.map((text) => JSON.parse(text) as LiveProcess);
}
