import type { Failure, Remedy } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA, type Script, swapField } from '../redis/script.ts';
import type { Resealed, Seals } from '../sealing/seals.ts';
import { ACCEPT_LUA, DISTRUST_LUA, DISTRUST_TTL_MS } from './distrust-lua.ts';
import { ownerKey, type TokenOwner } from './token.ts';
import type { TokenEffect, TokenEffects } from './token-kind.ts';

const MINUTE_MS = 60_000;
/** Counted from when the refused writer asked, the stored token falls due then and is trusted a minute longer. */
export const OUTRUN_REFRESH_IN_MS = 3 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** One token's record. All times are ms on Redis' clock; `now` is that clock when it was read. */
export interface TokenRecord {
  readonly now: number;
  readonly value: string | undefined;
  readonly version: number;
  readonly refreshAt: number;
  readonly trustedUntil: number;
  readonly expiresAt: number;
  /** Fetches that failed in a row. */
  readonly failures: number;
  /** Before this nobody asks WeChat; 0 when nothing stands against it. */
  readonly retryAt: number;
  readonly failure: TokenFailure | undefined;
  /** A token of this owner was distrusted within the last hour. */
  readonly followsDistrust: boolean;
}

export interface TokenFailure {
  readonly code: string;
  readonly remedy: Remedy;
  readonly message: string;
  readonly errcode: number | undefined;
  readonly at: number;
}

const FIELDS = [
  'value',
  'version',
  'refreshAt',
  'trustedUntil',
  'expiresAt',
  'failures',
  'retryAt',
  'failure',
  'distrustedAt',
] as const;
const READ_LUA = `redis.call('HMGET', KEYS[#KEYS_TOKEN], '${FIELDS.join("', '")}')`;
type RawFields = (string | null)[];

/** KEYS: token. */
const read = defineScript<[number, RawFields]>(`${NOW_LUA}
return { now, ${READ_LUA.replace('#KEYS_TOKEN', '1')} }`);

/**
 * Lease, fence and "read again" in one step. KEYS: token, fence, lease. ARGV: the lease's value.
 * The fence is at least Redis' time, so that an emptied or failed-over Redis cannot move it backwards.
 */
const admit = defineScript<[number, string, RawFields] | null>(`${NOW_LUA}
if redis.call('GET', KEYS[3]) ~= ARGV[1] then return false end
local last = math.max(
  tonumber(redis.call('GET', KEYS[2]) or '0'),
  tonumber(redis.call('HGET', KEYS[1], 'version') or '0'))
local fence = string.format('%.0f', math.max(last + 1, now))
redis.call('SET', KEYS[2], fence, 'PX', ${30 * DAY_MS})
return { now, fence, ${READ_LUA.replace('#KEYS_TOKEN', '1')} }`);

/** ARGV: version, sealed value, refreshAt, trustedUntil, expiresAt, capRefreshAt, capTrustedUntil, channel, owner. */
const PUBLISH_LUA = `
local stored = tonumber(redis.call('HGET', KEYS[1], 'version') or '0')
local outcome = 1
if tonumber(ARGV[1]) <= stored then
  -- WeChat may have minted ours last and end the stored one five minutes later: do not lean on it for longer.
  outcome = 0
  for field, cap in pairs({ refreshAt = ARGV[6], trustedUntil = ARGV[7] }) do
    if tonumber(redis.call('HGET', KEYS[1], field) or '0') > tonumber(cap) then redis.call('HSET', KEYS[1], field, cap) end
  end
else
  redis.call('HSET', KEYS[1], 'version', ARGV[1], 'value', ARGV[2], 'refreshAt', ARGV[3], 'trustedUntil', ARGV[4],
    'expiresAt', ARGV[5], 'failures', '0', 'publishedAt', string.format('%.0f', now))
  redis.call('HDEL', KEYS[1], 'retryAt', 'failure')
  -- Longer than the token itself: its version must outlive it.
  redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', tonumber(ARGV[5]) + ${7 * DAY_MS}))
end
redis.call('PUBLISH', ARGV[8], ARGV[9])
`;

/**
 * ARGV: fence, retryAfterMs, failure as JSON without its time, channel, owner, counts (1: WeChat was asked).
 * Counts only while the fence is the last one given out: whoever was admitted since is asking WeChat anew, and its
 * callers must not hear of an old failure.
 */
const FAIL_LUA = `
local outcome = 0
if redis.call('GET', KEYS[2]) == ARGV[1] then
  outcome = 1
  local failure = cjson.decode(ARGV[3])
  failure.at = now
  redis.call('HSET', KEYS[1], 'retryAt', string.format('%.0f', now + tonumber(ARGV[2])), 'failure', cjson.encode(failure))
  if ARGV[6] == '1' then
    redis.call('HINCRBY', KEYS[1], 'failures', 1)
    redis.call('HSET', KEYS[1], 'failedAt', string.format('%.0f', now))
  end
  redis.call('PEXPIRE', KEYS[1], ${30 * DAY_MS})
end
redis.call('PUBLISH', ARGV[4], ARGV[5])
`;

/** ARGV: the version whose rights have changed. */
const VOID_LUA = `
local outcome = 0
local version, trustedUntil = unpack(redis.call('HMGET', KEYS[1], 'version', 'trustedUntil'))
if version == ARGV[1] and trustedUntil ~= '0' then
  outcome = 1
  redis.call('HSET', KEYS[1], 'refreshAt', '0', 'trustedUntil', '0')
end
`;

/** What stands against asking WeChat is gone: the owner's state has changed. ARGV: channel, owner. */
const FORGIVE_LUA = `
local outcome = redis.call('HDEL', KEYS[1], 'retryAt', 'failure')
redis.call('PUBLISH', ARGV[1], ARGV[2])
`;

/** `superseded`: it was replaced before. `kept`: the refusal says more of the endpoint than of the token. */
export type Distrust = 'distrusted' | 'superseded' | 'kept';

const accept = defineScript<number>(ACCEPT_LUA);

interface ChangeScripts {
  readonly publish: Script<number>;
  readonly fail: Script<number>;
  readonly distrust: Script<Distrust>;
  readonly void: Script<number>;
  readonly forgive: Script<number>;
}

/** The records of all kinds of token. Every change is compare-and-set on the version. */
export class TokenStore {
  readonly #redis: RedisClient;
  readonly #seals: Seals;
  readonly #effects: TokenEffects;
  readonly #changes: ReadonlyMap<string, ChangeScripts>;

  constructor(redis: RedisClient, seals: Seals, effects: TokenEffects) {
    this.#redis = redis;
    this.#seals = seals;
    this.#effects = effects;
    this.#changes = new Map(Object.entries(effects).map(([kind, effect]) => [kind, changeScripts(effect)]));
  }

  async read(owner: TokenOwner): Promise<TokenRecord> {
    const [now, fields] = await read(this.#redis, [this.#tokenKey(owner)], []);
    return this.#record(owner, now, fields);
  }

  /** Undefined where the lease is no longer ours. */
  async admit(owner: TokenOwner, leaseValue: string): Promise<{ fence: number; record: TokenRecord } | undefined> {
    const answer = await admit(
      this.#redis,
      [this.#tokenKey(owner), this.#fenceKey(owner), this.leaseKey(owner)],
      [leaseValue],
    );
    if (!answer) return undefined;
    const [now, fence, fields] = answer;
    return { fence: Number(fence), record: this.#record(owner, now, fields) };
  }

  /** `sentAt`: when the request left, in ms on Redis' clock. `superseded`: a newer token is there; ours is thrown away. */
  async publish(
    owner: TokenOwner,
    fence: number,
    token: { value: string; refreshAt: number; trustedUntil: number; expiresAt: number; sentAt: number },
  ): Promise<'stored' | 'superseded'> {
    const stored = await this.#change('publish', owner, [
      fence,
      this.#seals.seal(token.value, place(owner)),
      Math.floor(token.refreshAt),
      Math.floor(token.trustedUntil),
      Math.floor(token.expiresAt),
      Math.floor(token.sentAt + OUTRUN_REFRESH_IN_MS),
      Math.floor(token.sentAt + OUTRUN_REFRESH_IN_MS + MINUTE_MS),
      this.#redis.keyspace.channels.tokens,
      ownerKey(owner),
    ]);
    return stored === 1 ? 'stored' : 'superseded';
  }

  /** `asked`: the request reached WeChat or tried to; false where we lacked what we need to ask. */
  async fail(owner: TokenOwner, fence: number, failure: Failure, retryAfterMs: number, asked: boolean): Promise<void> {
    const told = { code: failure.code, remedy: failure.remedy, message: failure.message, errcode: failure.errcode };
    await this.#change('fail', owner, [
      fence,
      Math.floor(retryAfterMs),
      JSON.stringify(told),
      this.#redis.keyspace.channels.tokens,
      ownerKey(owner),
      asked ? 1 : 0,
    ]);
  }

  /**
   * WeChat refused this version at `path`. `acceptedAgoMs`: how long ago a request departed that carried the same version
   * to another path and succeeded.
   */
  distrust(owner: TokenOwner, version: number, path: string, acceptedAgoMs: number | undefined): Promise<Distrust> {
    const accepted = acceptedAgoMs === undefined ? -1 : Math.floor(acceptedAgoMs);
    return this.#change('distrust', owner, [version, path, accepted]);
  }

  /** WeChat accepted this version at `path`. */
  async accept(owner: TokenOwner, version: number, path: string): Promise<void> {
    await accept(this.#redis, [this.#distrustsKey(owner)], [version, path]);
  }

  /** The account's rights have changed: the next reader gets a new token, if this version is still the current one. */
  async void(owner: TokenOwner, version: number): Promise<void> {
    await this.#change('void', owner, [version]);
  }

  async forgive(owner: TokenOwner): Promise<void> {
    await this.#change('forgive', owner, [this.#redis.keyspace.channels.tokens, ownerKey(owner)]);
  }

  /** Changes nothing but the key under which the value lies. */
  async reseal(owner: TokenOwner): Promise<Resealed> {
    const sealed = await this.#redis.hget(this.#tokenKey(owner), 'value');
    if (!sealed) return 'none';
    const anew = this.#seals.reseal(sealed, place(owner));
    if (!anew) return 'current';
    const hash = this.#tokenKey(owner);
    const isSwapped = await swapField.run(this.#redis, { hash }, { field: 'value', from: sealed, to: anew });
    return isSwapped ? 'resealed' : 'superseded';
  }

  #change<S extends keyof ChangeScripts>(
    script: S,
    owner: TokenOwner,
    args: (string | number)[],
  ): ReturnType<ChangeScripts[S]> {
    const extra = this.#effects[owner.kind]?.keys(owner, this.#redis.keyspace) ?? [];
    const keys = [this.#tokenKey(owner), this.#fenceKey(owner), this.#distrustsKey(owner), ...extra];
    return this.#changes.get(owner.kind)![script](this.#redis, keys, args) as ReturnType<ChangeScripts[S]>;
  }

  #record(owner: TokenOwner, now: number, fields: RawFields): TokenRecord {
    const [sealed, version, refreshAt, trustedUntil, expiresAt, failures, retryAt, failure, distrustedAt] = fields;
    const value = sealed ? this.#seals.openIfPossible(sealed, place(owner)) : undefined;
    // A token that cannot be opened is due at once; otherwise no call of its owner could be sent until it expires.
    const lost = sealed !== null && sealed !== undefined && value === undefined;
    return {
      now,
      value,
      version: Number(version ?? 0),
      refreshAt: lost ? 0 : Number(refreshAt ?? 0),
      trustedUntil: lost ? 0 : Number(trustedUntil ?? 0),
      expiresAt: Number(expiresAt ?? 0),
      failures: Number(failures ?? 0),
      retryAt: Number(retryAt ?? 0),
      failure: failure ? (JSON.parse(failure) as TokenFailure) : undefined,
      followsDistrust: now - Number(distrustedAt ?? 0) < DISTRUST_TTL_MS,
    };
  }

  leaseKey({ component, appid, kind }: TokenOwner): string {
    return this.#redis.keyspace.lease(component, appid, kind);
  }

  #tokenKey({ component, appid, kind }: TokenOwner): string {
    return this.#redis.keyspace.token(component, appid, kind);
  }

  #distrustsKey({ component, appid, kind }: TokenOwner): string {
    return this.#redis.keyspace.distrusts(component, appid, kind);
  }

  #fenceKey({ component, appid, kind }: TokenOwner): string {
    return this.#redis.keyspace.fence(component, appid, kind);
  }
}

/** Why the last fetch failed, for those that need no more of the record. */
export async function recordedFailure(redis: RedisClient, owner: TokenOwner): Promise<TokenFailure | undefined> {
  const failure = await redis.hget(redis.keyspace.token(owner.component, owner.appid, owner.kind), 'failure');
  return failure ? (JSON.parse(failure) as TokenFailure) : undefined;
}

function changeScripts(effect: TokenEffect | undefined): ChangeScripts {
  const after = effect?.lua ?? '';
  const whole = <Outcome = number>(lua: string) =>
    defineScript<Outcome>(`${NOW_LUA}local function EXTRA(n) return KEYS[3 + n] end\n${lua}\n${after}\nreturn outcome`);
  return {
    publish: whole(PUBLISH_LUA),
    fail: whole(FAIL_LUA),
    distrust: whole<Distrust>(DISTRUST_LUA),
    void: whole(VOID_LUA),
    forgive: whole(FORGIVE_LUA),
  };
}

function place(owner: TokenOwner): string {
  return `${owner.component}/${owner.appid}/token:${owner.kind}`;
}
