import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';

const LIFE_MS = 12 * 60 * 60_000;
const IDLE_MS = 30 * 60_000;
/** A session in use is written once in this time, not at each request. */
const EXTEND_EVERY_MS = 60_000;
const SECRET_BYTES = 32;
const SECRET_SHAPE = /^[A-Za-z0-9_-]{43}$/;

/** Who signed in. `owner`: name and password. `key`: the fingerprint by which its caller is found again. */
export type SessionActor =
  | { readonly kind: 'owner'; readonly name: string; readonly password: string }
  | { readonly kind: 'key'; readonly fingerprint: string };

export interface OperatorSession {
  readonly actor:
    | {
        readonly kind: 'owner';
        /** Whether these are still the name and password of the sign-in. */
        signedInWith(name: string, password: string): boolean;
      }
    | { readonly kind: 'key'; readonly fingerprint: string };
  /** By Redis' clock. Without a request it ends earlier. */
  readonly expiresAt: Date;
}

const start = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['session'],
  args: ['kind', 'binding'],
  lua: `
local endsAt = ms(now + ${LIFE_MS})
redis.call('HSET', session, 'kind', kind, 'binding', binding, 'endsAt', endsAt)
redis.call('PEXPIRE', session, ${IDLE_MS})
return endsAt`,
  decode: (endsAt: string) => new Date(Number(endsAt)),
});

const read = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['session'],
  args: ['extends'],
  lua: `
local kind, binding, endsAt = unpack(redis.call('HMGET', session, 'kind', 'binding', 'endsAt'))
if not endsAt then return false end
local remaining = tonumber(endsAt) - now
if remaining <= 0 then return false end
local life = math.min(${IDLE_MS}, remaining)
if extends == '1' and redis.call('PTTL', session) < life - ${EXTEND_EVERY_MS} then
  -- Without enough replicas Redis refuses writes; a session can be read nevertheless.
  redis.pcall('PEXPIRE', session, ms(life))
end
return { kind, binding, endsAt }`,
  decode: (record: [kind: string, binding: string, endsAt: string] | null) => record,
});

/**
 * Sessions of the console, in Redis, so that all gateways know them. Redis has neither a session's secret nor anything by
 * which a password could be guessed: what binds a session to a password is keyed by the secret.
 */
export class OperatorSessions {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** A session of its own for each sign-in; `secret` is what its browser keeps. */
  async start(actor: SessionActor): Promise<{ readonly secret: string; readonly expiresAt: Date }> {
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const binding = actor.kind === 'owner' ? bindingOf(secret, actor.name, actor.password) : actor.fingerprint;
    const expiresAt = await start.run(this.#redis, { session: this.#keyOf(secret) }, { kind: actor.kind, binding });
    return { secret, expiresAt };
  }

  /** Undefined if it has ended. `extends`: whether this is a use, which postpones its end. */
  async find(secret: string, options: { readonly extends: boolean }): Promise<OperatorSession | undefined> {
    if (!SECRET_SHAPE.test(secret)) return undefined;
    const record = await read.run(this.#redis, { session: this.#keyOf(secret) }, options);
    if (record === null) return undefined;
    const [kind, binding, endsAt] = record;
    return {
      expiresAt: new Date(Number(endsAt)),
      actor:
        kind === 'owner'
          ? {
              kind,
              signedInWith: (name, password) =>
                timingSafeEqual(Buffer.from(bindingOf(secret, name, password)), Buffer.from(binding)),
            }
          : { kind: 'key', fingerprint: binding },
    };
  }

  /** Ends it for all gateways. */
  async end(secret: string): Promise<void> {
    if (SECRET_SHAPE.test(secret)) await this.#redis.del(this.#keyOf(secret));
  }

  #keyOf(secret: string): string {
    return this.#redis.keyspace.session(createHash('sha256').update(secret).digest('base64url'));
  }
}

/** The lengths keep name and password apart. */
function bindingOf(secret: string, name: string, password: string): string {
  return createHmac('sha256', secret)
    .update(JSON.stringify([name, password]))
    .digest('base64url');
}
