import type { RedisClient } from '../redis/connect.ts';
import { defineScript, type SharedLua } from '../redis/script.ts';
import { MAX_ENTRIES_AT_ONCE, SIZED_SET } from './sized-set.ts';

/** Of WeChat's answers, per account. */
const MAX_KEPT_BYTES = 256 * 1024 * 1024;
/** A smaller answer costs Redis little more than the record of its call, and is not counted. */
const SMALL_BYTES = 1_024;
/** A waiting gateway reads an answer about a second after it was stored, or after Redis has come back. */
const PROTECTED_MS = 10_000;

/**
 * Functions for the scripts that store a result. `results` is the set of the larger results by their expiry, `:age` has the
 * same entries by the time from which they may be dropped. Beyond the limit the oldest are dropped, but never a result of the
 * current millisecond, because a completed call without a result has lost it. Expired results are subtracted before any other
 * is dropped. Both functions return whether there is more to do than one script may.
 *
 * The keys of the other results are derived from `result_key`: all results of an account share a slot.
 */
export const KEPT_RESULTS: SharedLua = {
  uses: [SIZED_SET],
  lua: `
local function results_shrink(results, result_key, last_part)
  if sized_sweep(results, results .. ':age') then return true end
  local excess = sized_sum(results) - ${MAX_KEPT_BYTES}
  if excess <= 0 then return false end
  local before_call = string.sub(result_key, 1, -#(last_part .. ':result') - 1)
  local former = '(' .. ms(now)
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
  redis.call('ZADD', results .. ':age', ms(droppable_from), last_part .. ' ' .. bytes)
  sized_live(results .. ':age', lives)
  return results_shrink(results, result_key, last_part)
end
`,
};

/** Whether there is more to do. `lastPart`: of the call with this result. */
const shrink = defineScript({
  uses: [KEPT_RESULTS],
  keys: ['results', 'result'],
  args: ['lastPart'],
  lua: `return results_shrink(results, result, lastPart) and 1 or 0`,
  decode: (more: number) => more === 1,
});

/** Drops the oldest results beyond the account's limit, by many short scripts. */
export async function shrinkResults(
  redis: RedisClient,
  callIndex: string,
  resultKey: string,
  lastPart: string,
): Promise<void> {
  const keys = { results: `${callIndex}:results`, result: resultKey };
  while (await shrink.run(redis, keys, { lastPart }));
}
