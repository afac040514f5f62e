import { REDIS_CLOCK, type SharedLua } from '../redis/script.ts';

const DAY_MS = 24 * 60 * 60_000;

/**
 * `draw_fence(record, lastFence)` gives out the owner's next fence. It is at least Redis' time, so that an emptied or
 * failed-over Redis cannot move it backwards. A fetch in flight has an older one from then on: its failure no longer
 * counts, and its answer only while no newer token is stored.
 */
export const DRAW_FENCE: SharedLua = {
  uses: [REDIS_CLOCK],
  lua: `
local function draw_fence(record, lastFence)
  local last = math.max(
    tonumber(redis.call('GET', lastFence) or '0'),
    tonumber(redis.call('HGET', record, 'version') or '0'))
  local fence = ms(math.max(last + 1, now))
  redis.call('SET', lastFence, fence, 'PX', ${30 * DAY_MS})
  return fence
end
`,
};
