import { Failure } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';

/** Three missed heartbeats. */
const DEAD_AFTER_MS = 15_000;
const KEY_TTL_MS = 60 * 60_000;
/** For so long a process that gives no heartbeat is reported as lost. */
const FORGOTTEN_AFTER_MS = 10 * 60_000;

export type ProcessRole = 'gateway' | 'worker';

/** One process of the deployment, by its own description. Later versions may add fields. */
export interface LiveProcess {
  readonly id: string;
  readonly roles: readonly ProcessRole[];
  /** Of the program (package.json). */
  readonly version: string;
  /** Grows with every record, script, stream or queue that the version before cannot read. */
  readonly format: number;
  readonly schemaVersion: number;
  readonly startedAt: number;
  /** The same for all containers of one machine, whose names differ. */
  readonly machine?: string;
  /** It is shutting down, and takes no more jobs. */
  readonly closing?: boolean;
  /** A gateway that appends pushes to the stream. */
  readonly appendsPushes?: boolean;
  /** Its host and, if it listens, its port. */
  readonly address?: string;
  /** By how much its event loop was late since the last heartbeat, at the 99th percentile. */
  readonly lagMs?: number;
}

/** With the time of its last heartbeat, on Redis' clock (ms). */
export interface SeenProcess extends LiveProcess {
  readonly seenAt: number;
}

/** Removes entries of processes that have died long ago. `described`: the process as JSON. */
const beat = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['processes'],
  args: ['id', 'described'],
  lua: `
local entry = cjson.decode(described)
entry.seenAt = now
redis.call('HSET', processes, id, cjson.encode(entry))
redis.call('PEXPIRE', processes, ${KEY_TTL_MS})
for _, other in ipairs(redis.call('HKEYS', processes)) do
  local seenAt = cjson.decode(redis.call('HGET', processes, other)).seenAt
  if now - seenAt > ${FORGOTTEN_AFTER_MS} then redis.call('HDEL', processes, other) end
end
return 1`,
});

const live = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['processes'],
  lua: `
local found = {}
for _, text in ipairs(redis.call('HVALS', processes)) do
  if now - cjson.decode(text).seenAt <= ${DEAD_AFTER_MS} then table.insert(found, text) end
end
return found`,
  decode: (found: string[]) => found.map((text) => JSON.parse(text) as LiveProcess),
});

/** `now`: what Redis' clock shows. */
const seen = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['processes'],
  lua: "return { ms(now), redis.call('HVALS', processes) }",
  decode: ([now, found]: [string, string[]]) => ({
    now: Number(now),
    processes: found.map((text) => JSON.parse(text) as SeenProcess),
  }),
});

export async function announceProcess(redis: RedisClient, process: LiveProcess): Promise<void> {
  const described = JSON.stringify(process);
  await beat.run(redis, { processes: redis.keyspace.processes }, { id: process.id, described });
}

export async function forgetProcess(redis: RedisClient, id: string): Promise<void> {
  await redis.hdel(redis.keyspace.processes, id);
}

/**
 * The processes that are alive, by their heartbeats. A queue or stream that is new in `format` n may be filled once every
 * live process with the role that serves it has at least that format. Versions before heartbeats are not included: they
 * have format 0, and only an operator knows when they have ended (ARCHITECTURE, "Versions side by side").
 */
export function liveProcesses(redis: RedisClient): Promise<LiveProcess[]> {
  return live.run(redis, { processes: redis.keyspace.processes });
}

/** Those whose last heartbeat is not long ago, also if they may have died since. */
export function seenProcesses(
  redis: RedisClient,
): Promise<{ readonly now: number; readonly processes: readonly SeenProcess[] }> {
  return seen.run(redis, { processes: redis.keyspace.processes });
}

/** For commands that change what processes rely on. Throws Failure `processes_alive`. */
export async function assertNoLiveProcess(redis: RedisClient): Promise<void> {
  const alive = await liveProcesses(redis);
  if (alive.length === 0) return;
  throw new Failure(
    'processes_alive',
    'operator',
    `${alive.length} processes use this Redis now. Stop all of them, wait for 15 seconds, and run this again.`,
  );
}
