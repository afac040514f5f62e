import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';

/** Lua that answers milliseconds of Redis' own clock: the one clock on which all processes agree. */
export const NOW_LUA = `local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
`;

interface ScriptRun {
  readonly keys: readonly string[];
  readonly args: readonly (string | number | Buffer)[];
}

export interface Script<Reply> {
  (redis: Redis, keys: ScriptRun['keys'], args: ScriptRun['args']): Promise<Reply>;
  /** Many runs in one command batch. A run that fails hinders no other; its reply is its error. */
  batch(redis: Redis, runs: readonly ScriptRun[]): Promise<(Reply | Error)[]>;
}

/** A Lua script, sent by its hash and in full only where the server does not know it (a restart or FLUSHALL forgets). */
export function defineScript<Reply>(lua: string): Script<Reply> {
  const hash = createHash('sha1').update(lua).digest('hex');
  const run = async (redis: Redis, keys: ScriptRun['keys'], args: ScriptRun['args']): Promise<Reply> => {
    const rest = [...keys, ...args] as (string | number)[];
    try {
      return (await redis.evalsha(hash, keys.length, ...rest)) as Reply;
    } catch (error) {
      if (!(error instanceof Error) || !error.message.startsWith('NOSCRIPT')) throw error;
      return (await redis.eval(lua, keys.length, ...rest)) as Reply;
    }
  };
  const batch = async (redis: Redis, runs: readonly ScriptRun[]): Promise<(Reply | Error)[]> => {
    const commands = redis.pipeline();
    // Loaded in the same batch: a second one for the servers that do not know it would come too late.
    commands.script('LOAD', lua);
    for (const { keys, args } of runs) {
      commands.evalsha(hash, keys.length, ...([...keys, ...args] as (string | number)[]));
    }
    const [, ...replies] = (await commands.exec())!;
    return replies.map(([error, reply]) => error ?? (reply as Reply));
  };
  return Object.assign(run, { batch });
}

/** Swaps one field for another value, if it is still the one that was read. KEYS: hash. ARGV: field, from, to. */
export const swapField = defineScript<number>(`
if redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
return 1`);
