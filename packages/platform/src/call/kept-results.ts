import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';
import { MAX_ENTRIES_AT_ONCE, SIZED_SET_LUA } from './sized-set.ts';

/** So much of WeChat's answers is kept for one account. */
const MAX_KEPT_BYTES = 256 * 1024 * 1024;
/** A smaller answer costs Redis little more than the record of its call does, and is not counted. */
const SMALL_BYTES = 1_024;
/** The gateway that waits for an answer reads it within about a second of its storing, or of Redis' return. */
const PROTECTED_MS = 10_000;

/**
 * Lua functions for the scripts that store a result; `SIZED_SET_LUA` must stand before them. `results` is the set of each
 * larger result by its expiry; `:age` has the same entries by the time from which they may be dropped. Beyond the bound
 * the oldest are dropped, never one of this very millisecond: a completed call without a result has lost it. What has
 * expired leaves the sum before anything is dropped. Both answer whether there is more to do than one script may.
 *
 * A result's key is that of another result with another call in it, since all of an account share a slot.
 */
export const RESULTS_LUA = `
local function results_shrink(results, result_key, last_part)
  if sized_sweep(results, results .. ':age') then return true end
  local excess = sized_sum(results) - ${MAX_KEPT_BYTES}
  if excess <= 0 then return false end
  local before_call = string.sub(result_key, 1, -#(last_part .. ':result') - 1)
  local former = '(' .. string.format('%.0f', now)
  local oldest = redis.call('ZRANGEBYSCORE', results .. ':age', '-inf', former, 'LIMIT', 0, ${MAX_ENTRIES_AT_ONCE})
  local entries, keys, bytes = {}, {}, 0
  for _, entry in ipairs(oldest) do
    if bytes >= excess then break end
    table.insert(entries, entry)
    table.insert(keys, before_call .. string.match(entry, '^%S+') .. ':result')
    bytes = bytes + sized_bytes(entry)
  end
  if #entries == 0 then return false end
  redis.call('ZREM', results, unpack(entries))
  redis.call('ZREM', results .. ':age', unpack(entries))
  sized_less(results, bytes)
  redis.call('UNLINK', unpack(keys))
  return bytes < excess and #oldest == ${MAX_ENTRIES_AT_ONCE}
end
local function results_note(results, result_key, last_part, bytes, lives, is_waited_for)
  if bytes <= ${SMALL_BYTES} then return false end
  sized_add(results, last_part, bytes, lives)
  local droppable_from = is_waited_for and now + ${PROTECTED_MS} or now
  redis.call('ZADD', results .. ':age', string.format('%.0f', droppable_from), last_part .. ' ' .. bytes)
  sized_live(results .. ':age', lives)
  return results_shrink(results, result_key, last_part)
end
`;

/** KEYS: results, a result. ARGV: the last part of that result's call. Answers 1 where there is more to do. */
const shrink = defineScript<number>(`${NOW_LUA}
${SIZED_SET_LUA}
${RESULTS_LUA}
return results_shrink(KEYS[1], KEYS[2], ARGV[1]) and 1 or 0`);

/** Drops the oldest results beyond the account's bound, in many short scripts. */
export async function shrinkResults(
  redis: RedisClient,
  callIndex: string,
  resultKey: string,
  lastPart: string,
): Promise<void> {
  while ((await shrink(redis, [`${callIndex}:results`, resultKey], [lastPart])) === 1);
}
