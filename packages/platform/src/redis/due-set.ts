import type { RedisClient } from './connect.ts';
import { defineScript, REDIS_CLOCK } from './script.ts';

const schedule = defineScript({
  keys: ['due'],
  args: ['member', 'in_ms'],
  uses: [REDIS_CLOCK],
  lua: "redis.call('ZADD', due, ms(now + in_ms), member)",
});

const scheduleNew = defineScript({
  keys: ['due'],
  args: ['...members_and_times'],
  uses: [REDIS_CLOCK],
  lua: `
for i = 1, #members_and_times, 2 do
  redis.call('ZADD', due, 'NX', ms(now + members_and_times[i + 1]), members_and_times[i])
end`,
});

const scheduleEarlier = defineScript({
  keys: ['due'],
  args: ['...members_and_times'],
  uses: [REDIS_CLOCK],
  lua: `
for i = 1, #members_and_times, 2 do
  redis.call('ZADD', due, 'LT', ms(now + members_and_times[i + 1]), members_and_times[i])
end`,
});

const claim = defineScript({
  keys: ['due'],
  args: ['limit', 'claim_ms'],
  uses: [REDIS_CLOCK],
  lua: `
local members = redis.call('ZRANGEBYSCORE', due, '-inf', now, 'LIMIT', 0, limit)
for _, member in ipairs(members) do redis.call('ZADD', due, ms(now + claim_ms), member) end
return members`,
  decode: (members: string[]) => members,
});

const overdue = defineScript({
  keys: ['due'],
  uses: [REDIS_CLOCK],
  lua: `
local first = redis.call('ZRANGE', due, 0, 0, 'WITHSCORES')
if #first == 0 then return 0 end
return ms(math.max(0, now - tonumber(first[2])))`,
  decode: (milliseconds: string) => Number(milliseconds),
});

/** A sorted set of members by the time, on Redis' clock, at which each is due. */
export class DueSet {
  readonly #redis: RedisClient;
  readonly #key: string;
  readonly #claimMs: number;

  /** `claimMs`: a claimed member is due again after this, unless it has been scheduled or removed. */
  constructor(redis: RedisClient, key: string, claimMs: number) {
    this.#redis = redis;
    this.#key = key;
    this.#claimMs = claimMs;
  }

  async schedule(member: string, inMs: number): Promise<void> {
    await schedule.run(this.#redis, { due: this.#key }, { member, in_ms: Math.floor(inMs) });
  }

  /** Members that are in the set keep their time. */
  async scheduleNew(members: readonly (readonly [member: string, inMs: number])[]): Promise<void> {
    const flat = members.flatMap(([member, inMs]) => [member, Math.floor(inMs)]);
    await scheduleNew.run(this.#redis, { due: this.#key }, { members_and_times: flat });
  }

  /** Members that are in the set keep their time if it is earlier. */
  async scheduleEarlier(members: readonly (readonly [member: string, inMs: number])[]): Promise<void> {
    const flat = members.flatMap(([member, inMs]) => [member, Math.floor(inMs)]);
    await scheduleEarlier.run(this.#redis, { due: this.#key }, { members_and_times: flat });
  }

  /** The first `limit` due members. Their time is moved, not removed, so that a process that dies now loses none. */
  claim(limit: number): Promise<string[]> {
    return claim.run(this.#redis, { due: this.#key }, { limit, claim_ms: this.#claimMs });
  }

  /** For how long (ms) the first member has been due; 0: none is. */
  overdueMs(): Promise<number> {
    return overdue.run(this.#redis, { due: this.#key });
  }

  async remove(member: string): Promise<void> {
    await this.#redis.zrem(this.#key, member);
  }
}
