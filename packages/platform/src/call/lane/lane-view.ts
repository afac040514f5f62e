import { QUOTA } from '../../quota/quota-lua.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { toLocalDate } from '../../redis/redis-time.ts';
import { defineScript } from '../../redis/script.ts';
import { LANE } from './lane-lua.ts';
import type { LaneOwner } from './lane-owner.ts';

/** Of a lane with more paths, those whose calls are older are shown. */
const MAX_PATHS = 1_000;
/** Calls that are read one by one, by their deadline; a script must not block Redis for long. */
const MAX_CALLS_READ = 2_000;

/** The background calls of one account that have not settled. */
export interface LaneView {
  /** Those in flight included. */
  readonly depth: number;
  /** When the oldest of those that are next was created. */
  readonly oldestAt: Date | null;
  readonly inFlight: number;
  /** Calls that wait until the quota of their path opens. */
  readonly parked: number;
  /** How many order keys they have, among the first of a long lane. */
  readonly orderKeys: number;
  readonly waitingFor: readonly { readonly path: string; readonly until: Date; readonly calls: number }[];
}

type Reply = [
  now: string,
  depth: number,
  inFlight: number,
  orderKeys: number,
  oldest: string,
  ...waiting: (string | number)[],
];

/** `quotas`: the key of a quota without its path. `index`: the account's calls by the microsecond of their creation. */
const view = defineScript({
  uses: [QUOTA, LANE],
  keys: ['lane', 'quotas', 'index'],
  lua: `
local waiting, oldest = {}, 0
local function consider(entry)
  local created = tonumber(redis.call('ZSCORE', index, (lane_parts(entry))) or '0')
  if created > 0 and (oldest == 0 or created < oldest) then oldest = created end
end
for _, path in ipairs(redis.call('ZRANGE', lane .. ':paths', 0, ${MAX_PATHS - 1})) do
  local entries = lane .. ':path:' .. path
  for _, first in ipairs(redis.call('ZRANGE', entries, 0, 0)) do consider(first) end
  if quota_reopens(quotas .. path) then
    table.insert(waiting, path)
    table.insert(waiting, redis.call('HGET', quotas .. path, 'until'))
    table.insert(waiting, redis.call('ZCARD', entries))
  end
end
for _, member in ipairs(redis.call('ZRANGE', lane .. ':inflight', 0, -1)) do consider(string.match(member, '^%d+ (.+)$')) end
for _, entry in ipairs(redis.call('ZRANGE', lane .. ':aside', 0, 99)) do consider(entry) end
local orders, seen = 0, {}
for _, entry in ipairs(redis.call('ZRANGE', lane .. ':deadlines', 0, ${MAX_CALLS_READ - 1})) do
  local _, _, order = lane_parts(entry)
  if order ~= '-' and not seen[order] then
    seen[order] = true
    orders = orders + 1
  end
end
return { ms(now), lane_length(lane), redis.call('ZCARD', lane .. ':inflight'), orders, ms(oldest), unpack(waiting) }`,
  decode: ([now, depth, inFlight, orderKeys, oldest, ...flat]: Reply): LaneView => {
    const waitingFor = Array.from({ length: flat.length / 3 }, (_, i) => ({
      path: String(flat[3 * i]),
      until: toLocalDate(Number(flat[3 * i + 1]), Number(now)),
      calls: Number(flat[3 * i + 2]),
    }));
    return {
      depth,
      oldestAt: oldest === '0' ? null : toLocalDate(Math.floor(Number(oldest) / 1_000), Number(now)),
      inFlight,
      parked: waitingFor.reduce((calls, one) => calls + one.calls, 0),
      orderKeys,
      waitingFor,
    };
  },
});

/** Reads lanes for operators; nothing depends on it. */
export class LaneViews {
  readonly #redis: RedisClient;
  readonly #accounts: { find(appid: string, component?: string): Promise<LaneOwner> };

  /** `accounts` throws what finding an account throws. */
  constructor(redis: RedisClient, accounts: { find(appid: string, component?: string): Promise<LaneOwner> }) {
    this.#redis = redis;
    this.#accounts = accounts;
  }

  async find(account: string, of?: string): Promise<LaneView> {
    const { component, appid } = await this.#accounts.find(account, of);
    const { keyspace } = this.#redis;
    return view.run(this.#redis, {
      lane: keyspace.lane(component, appid),
      quotas: keyspace.quota(component, appid, ''),
      index: keyspace.callIndex(component, appid),
    });
  }
}
