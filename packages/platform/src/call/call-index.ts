import { invalidCursor, readCursor, writeCursor } from '../paging.ts';
import type { RedisClient } from '../redis/connect.ts';
import { REDIS_CLOCK, type SharedLua } from '../redis/script.ts';

/** Per account; older calls can still be read by their id. */
const MAX_LISTED = 200_000;
/** Each call adds one entry and removes some of those whose record has expired, so that the index does not grow. */
const TRIMMED_AT_ONCE = 4;
const MAX_SAME_MICROSECOND = 8;

/**
 * Functions for the scripts that create and end a call. The index contains the calls by the microsecond of their creation,
 * `:ends` contains them by the time at which their record expires. `micros`: that microsecond, if it is not the present one.
 */
export const INDEX: SharedLua = {
  uses: [REDIS_CLOCK],
  lua: `
local function index_lives(index, lives)
  if redis.call('PTTL', index) < lives then redis.call('PEXPIRE', index, lives) end
  if redis.call('PTTL', index .. ':ends') < lives then redis.call('PEXPIRE', index .. ':ends', lives) end
end
local function index_micros() return string.format('%.0f', t[1] * 1000000 + t[2]) end
local function index_add(index, call, lives, micros)
  redis.call('ZADD', index, micros or index_micros(), call)
  redis.call('ZADD', index .. ':ends', ms(now + lives), call)
  index_lives(index, lives)
  local gone = redis.call('ZRANGEBYSCORE', index .. ':ends', '-inf', now, 'LIMIT', 0, ${TRIMMED_AT_ONCE})
  if redis.call('ZCARD', index) > ${MAX_LISTED} then
    for _, oldest in ipairs(redis.call('ZRANGE', index, 0, 0)) do table.insert(gone, oldest) end
  end
  if #gone > 0 then
    redis.call('ZREM', index, unpack(gone))
    redis.call('ZREM', index .. ':ends', unpack(gone))
  end
end
local function index_keep(index, call, lives)
  if redis.call('ZADD', index .. ':ends', 'XX', 'CH', ms(now + lives), call) == 1 then
    index_lives(index, lives)
  end
end
`,
};

/** Where a page of the list ends: the microsecond in which its last call was created, and that call. */
interface Place {
  readonly madeAt: number;
  readonly call: string;
}

/** The calls of one account in the order of their creation. */
export class CallIndex {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** The newest first, created before `before` and not before `since`. */
  async read(
    component: string,
    appid: string,
    { since, before, limit }: { since?: Date | undefined; before?: Place | undefined; limit: number },
  ): Promise<Place[]> {
    const from = before ? String(before.madeAt) : '+inf';
    const to = since ? String(since.getTime() * 1_000) : '-inf';
    // Calls may share a microsecond if the clock was set back; then they are ordered by their names.
    const count = limit + MAX_SAME_MICROSECOND;
    const key = this.#redis.keyspace.callIndex(component, appid);
    const flat = await this.#redis.zrange(key, from, to, 'BYSCORE', 'REV', 'LIMIT', 0, count, 'WITHSCORES');
    const places: Place[] = [];
    for (let i = 0; i < flat.length; i += 2) places.push({ call: flat[i]!, madeAt: Number(flat[i + 1]) });
    return places.filter((it) => !before || it.madeAt < before.madeAt || it.call < before.call).slice(0, limit);
  }
}

export function writePlace(component: string, { madeAt, call }: Place): string {
  return writeCursor(component, madeAt, call);
}

/** Throws Failure `invalid_request`. */
export function readPlace(cursor: string, component: string): Place {
  const [owner, madeAt, call] = readCursor(cursor, /^([^ ]*) (\d{1,16}) ([^ ]+)$/);
  if (owner !== component) throw invalidCursor();
  return { madeAt: Number(madeAt), call: call! };
}
