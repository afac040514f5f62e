import type { Failure, Remedy } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { hashField } from '../redis/hash-field.ts';
import { defineScript, REDIS_CLOCK, type SharedLua } from '../redis/script.ts';
import { resealField } from '../sealing/reseal-field.ts';
import type { Resealed, Seals } from '../sealing/seals.ts';
import { accept, DISTRUST_TTL_MS, type Distrust, distrust } from './distrust.ts';
import { noteEarlyRefusal } from './early-refusals.ts';
import { DRAW_FENCE } from './fence.ts';
import { accountOwners, ownerKey, type TokenOwner } from './token.ts';
import type { TokenEffect, TokenEffects } from './token-kind.ts';

const MINUTE_MS = 60_000;
/** The stored token is due so long after the refused writer's request, and is trusted a minute longer. */
export const SUPERSEDED_REFRESH_IN_MS = 3 * MINUTE_MS;
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
  /** WeChat is not asked before this; 0: no backoff. */
  readonly retryAt: number;
  readonly failure: TokenFailure | undefined;
  /** A token of this owner was distrusted in the last hour. */
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
type RawFields = (string | null)[];

/** `token_fields(record)` returns the values of `FIELDS`. */
const TOKEN_FIELDS: SharedLua = {
  lua: `
local function token_fields(record) return redis.call('HMGET', record, '${FIELDS.join("', '")}') end
`,
};

const read = defineScript({
  uses: [REDIS_CLOCK, TOKEN_FIELDS],
  keys: ['record'],
  lua: `return { now, token_fields(record) }`,
  decode: ([now, fields]: [number, RawFields]) => ({ now, fields }),
});

/** Lease, fence and second read in one step; answers nothing if the lease has ended. */
const admit = defineScript({
  uses: [REDIS_CLOCK, TOKEN_FIELDS, DRAW_FENCE],
  keys: ['record', 'lastFence', 'lease'],
  args: ['leaseValue'],
  lua: `
if redis.call('GET', lease) ~= leaseValue then return false end
local fence = draw_fence(record, lastFence)
return { now, fence, token_fields(record) }`,
  decode: (reply: [number, string, RawFields] | null) =>
    reply === null ? undefined : { now: reply[0], fence: Number(reply[1]), fields: reply[2] },
});

const publish = {
  args: [
    'fence',
    'sealed',
    'refreshAt',
    'trustedUntil',
    'expiresAt',
    'maxRefreshAt',
    'maxTrustedUntil',
    'channel',
    'owner',
  ],
  lua: `
local stored = tonumber(redis.call('HGET', record, 'version') or '0')
local outcome = 1
if tonumber(fence) <= stored then
  -- WeChat may have issued ours last and end the stored one five minutes later: it must not be used for longer.
  outcome = 0
  for field, cap in pairs({ refreshAt = maxRefreshAt, trustedUntil = maxTrustedUntil }) do
    if tonumber(redis.call('HGET', record, field) or '0') > tonumber(cap) then redis.call('HSET', record, field, cap) end
  end
else
  redis.call('HSET', record, 'version', fence, 'value', sealed, 'refreshAt', refreshAt, 'trustedUntil', trustedUntil,
    'expiresAt', expiresAt, 'failures', '0', 'publishedAt', ms(now))
  redis.call('HDEL', record, 'retryAt', 'failure')
  -- Longer than the token itself: its version must outlive it.
  redis.call('PEXPIREAT', record, ms(tonumber(expiresAt) + ${7 * DAY_MS}))
end
redis.call('PUBLISH', channel, owner)
`,
  decode: (outcome: number): 'stored' | 'superseded' => (outcome === 1 ? 'stored' : 'superseded'),
} as const;

/**
 * `failure`: as JSON without its time. `asked`: the request reached WeChat or tried to. Counts only while the fence is the
 * last one given out: a process that was admitted since asks WeChat again, and its callers must not see an old failure; or
 * what the request was made of (the ticket, the consent) has been replaced since, and the token stays due at once.
 */
const fail = {
  args: ['fence', 'retryAfterMs', 'failure', 'channel', 'owner', 'asked'],
  lua: `
local outcome = 0
if redis.call('GET', lastFence) == fence then
  outcome = 1
  local timed = cjson.decode(failure)
  timed.at = now
  redis.call('HSET', record, 'retryAt', ms(now + tonumber(retryAfterMs)), 'failure', cjson.encode(timed))
  if asked == '1' then
    redis.call('HINCRBY', record, 'failures', 1)
    redis.call('HSET', record, 'failedAt', ms(now))
  end
  redis.call('PEXPIRE', record, ${30 * DAY_MS})
end
redis.call('PUBLISH', channel, owner)
`,
} as const;

/** The rights of this version have changed. */
const voidVersion = {
  args: ['version'],
  lua: `
local outcome = 0
local current, trustedUntil = unpack(redis.call('HMGET', record, 'version', 'trustedUntil'))
if current == version and trustedUntil ~= '0' then
  outcome = 1
  redis.call('HSET', record, 'refreshAt', '0', 'trustedUntil', '0')
end
`,
} as const;

/** Ends the backoff: the owner's state has changed. A fetch that is in flight must not bring it back. */
const forgive = {
  args: ['channel', 'owner'],
  lua: `
local outcome = redis.call('HDEL', record, 'retryAt', 'failure')
if redis.call('EXISTS', lastFence) == 1 then draw_fence(record, lastFence) end
redis.call('PUBLISH', channel, owner)
`,
} as const;

/** Draws a fence as `admit` does, so that a fetch that is in flight cannot store its answer afterwards. */
const erase = {
  args: ['channel', 'owner'],
  lua: `
local outcome = 0
if redis.call('EXISTS', lastFence) == 1 or redis.call('HEXISTS', record, 'version') == 1 then
  outcome = 1
  local fence = draw_fence(record, lastFence)
  redis.call('DEL', record)
  redis.call('HSET', record, 'version', fence)
  redis.call('PEXPIRE', record, ${7 * DAY_MS})
  redis.call('PUBLISH', channel, owner)
end
`,
} as const;

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
    const { now, fields } = await read.run(this.#redis, { record: this.#tokenKey(owner) });
    return this.#record(owner, now, fields);
  }

  /** Undefined if the lease is no longer ours. */
  async admit(owner: TokenOwner, leaseValue: string): Promise<{ fence: number; record: TokenRecord } | undefined> {
    const keys = { record: this.#tokenKey(owner), lastFence: this.#fenceKey(owner), lease: this.leaseKey(owner) };
    const admitted = await admit.run(this.#redis, keys, { leaseValue });
    if (!admitted) return undefined;
    return { fence: admitted.fence, record: this.#record(owner, admitted.now, admitted.fields) };
  }

  /** `sentAt`: when the request departed, in ms on Redis' clock. `superseded`: a newer token is stored; this one is dropped. */
  publish(
    owner: TokenOwner,
    fence: number,
    token: { value: string; refreshAt: number; trustedUntil: number; expiresAt: number; sentAt: number },
  ): Promise<'stored' | 'superseded'> {
    return this.#changesOf(owner).publish.run(this.#redis, this.#changeKeys(owner), {
      fence,
      sealed: this.#seals.seal(token.value, place(owner)),
      refreshAt: Math.floor(token.refreshAt),
      trustedUntil: Math.floor(token.trustedUntil),
      expiresAt: Math.floor(token.expiresAt),
      maxRefreshAt: Math.floor(token.sentAt + SUPERSEDED_REFRESH_IN_MS),
      maxTrustedUntil: Math.floor(token.sentAt + SUPERSEDED_REFRESH_IN_MS + MINUTE_MS),
      channel: this.#redis.keyspace.channels.tokens,
      owner: ownerKey(owner),
    });
  }

  /** `asked`: the request reached WeChat or tried to; false if something that the request needs was missing. */
  async fail(owner: TokenOwner, fence: number, failure: Failure, retryAfterMs: number, asked: boolean): Promise<void> {
    const { code, remedy, message, errcode } = failure;
    await this.#changesOf(owner).fail.run(this.#redis, this.#changeKeys(owner), {
      fence,
      retryAfterMs: Math.floor(retryAfterMs),
      failure: JSON.stringify({ code, remedy, message, errcode }),
      channel: this.#redis.keyspace.channels.tokens,
      owner: ownerKey(owner),
      asked,
    });
  }

  /**
   * WeChat refused this version at `path`. `acceptedAgoMs`: how long ago a request departed that carried the same version
   * to another path and succeeded.
   */
  async distrust(
    owner: TokenOwner,
    version: number,
    path: string,
    acceptedAgoMs: number | undefined,
  ): Promise<Distrust> {
    const outcome = await this.#changesOf(owner).distrust.run(this.#redis, this.#changeKeys(owner), {
      version,
      path,
      acceptedAgoMs: acceptedAgoMs === undefined ? -1 : Math.floor(acceptedAgoMs),
    });
    if (outcome === 'distrusted' && owner.kind === 'component') {
      // Only operators read it.
      noteEarlyRefusal(this.#redis, owner.component, version).catch(() => {});
    }
    return outcome;
  }

  /** WeChat accepted this version at `path`. */
  async accept(owner: TokenOwner, version: number, path: string): Promise<void> {
    await accept.run(this.#redis, { distrusts: this.#distrustsKey(owner) }, { version, path });
  }

  /** The account's rights have changed: the next reader gets a new token, if this version is still the current one. */
  async void(owner: TokenOwner, version: number): Promise<void> {
    await this.#changesOf(owner).void.run(this.#redis, this.#changeKeys(owner), { version });
  }

  async forgive(owner: TokenOwner): Promise<void> {
    const args = { channel: this.#redis.keyspace.channels.tokens, owner: ownerKey(owner) };
    await this.#changesOf(owner).forgive.run(this.#redis, this.#changeKeys(owner), args);
  }

  /** The same for every token of an account: its consent has changed. */
  async forgiveAccount(component: string, appid: string): Promise<void> {
    await Promise.all(accountOwners(component, appid).map((owner) => this.forgive(owner)));
  }

  /** Removes the value, if there ever was one. */
  async erase(owner: TokenOwner): Promise<void> {
    const args = { channel: this.#redis.keyspace.channels.tokens, owner: ownerKey(owner) };
    await this.#changesOf(owner).erase.run(this.#redis, this.#changeKeys(owner), args);
  }

  /** Changes only the key under which the value is sealed. */
  reseal(owner: TokenOwner): Promise<Resealed> {
    return resealField(this.#seals, place(owner), hashField(this.#redis, this.#tokenKey(owner), 'value'));
  }

  #changesOf({ kind }: TokenOwner): ChangeScripts {
    return this.#changes.get(kind)!;
  }

  #changeKeys(owner: TokenOwner): Readonly<Record<string, string>> {
    return {
      record: this.#tokenKey(owner),
      lastFence: this.#fenceKey(owner),
      distrusts: this.#distrustsKey(owner),
      ...this.#effects[owner.kind]?.keysOf(owner, this.#redis.keyspace),
    };
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

/** Why the last fetch failed, for callers that need no more of the record. */
export async function recordedFailure(redis: RedisClient, owner: TokenOwner): Promise<TokenFailure | undefined> {
  const failure = await redis.hget(redis.keyspace.token(owner.component, owner.appid, owner.kind), 'failure');
  return failure ? (JSON.parse(failure) as TokenFailure) : undefined;
}

type ChangeScripts = ReturnType<typeof changeScripts>;

/** The scripts that change a record of one kind, each with the effect of that kind. */
function changeScripts(effect: TokenEffect | undefined) {
  return {
    publish: changeScript(effect, publish),
    fail: changeScript(effect, fail),
    distrust: changeScript(effect, distrust),
    void: changeScript(effect, voidVersion),
    forgive: changeScript(effect, forgive),
    erase: changeScript(effect, erase),
  };
}

/** `lua` stores its reply in `outcome`. */
function changeScript<const Args extends readonly string[], Answer = void>(
  effect: TokenEffect | undefined,
  change: { readonly args: Args; readonly lua: string; readonly decode?: (outcome: never) => Answer },
) {
  const { uses = [], keys = [], lua = '' } = effect ?? {};
  return defineScript({
    ...change,
    uses: [REDIS_CLOCK, DRAW_FENCE, ...uses],
    keys: ['record', 'lastFence', 'distrusts', ...keys] as readonly string[],
    lua: `${change.lua}\n${lua}\nreturn outcome`,
  });
}

function place(owner: TokenOwner): string {
  return `${owner.component}/${owner.appid}/token:${owner.kind}`;
}
