import { createHash } from 'node:crypto';
import { Failure } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript } from '../redis/script.ts';

const WINDOW_MS = 10 * 60_000;
const MAX_OF_ADDRESS = 10;
const MAX_OF_NAME = 20;

export interface SignInAttempt {
  /** Or the network that counts as one. */
  readonly address: string;
  /** Undefined for a sign-in with an API key, which cannot be guessed. */
  readonly name?: string | undefined;
}

/** Returns for how long (ms) no further attempt is permitted, or 0. The window begins with its first attempt. */
const take = defineScript({
  keys: ['attempts'],
  args: ['max'],
  lua: `
if tonumber(redis.call('GET', attempts) or '0') >= tonumber(max) then return math.max(redis.call('PTTL', attempts), 1) end
if redis.call('INCR', attempts) == 1 then redis.call('PEXPIRE', attempts, ${WINDOW_MS}) end
return 0`,
  decode: (waitMs: number) => waitMs,
});

const giveBack = defineScript({
  keys: ['attempts'],
  lua: `if tonumber(redis.call('GET', attempts) or '0') > 0 then redis.call('DECR', attempts) end`,
});

/** How often a sign-in failed lately, over all gateways. Redis has hashes of addresses and names. */
export class SignInAttempts {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /**
   * Counts an attempt before it is judged, because otherwise many could be made at the same time. Throws Failure
   * `too_many_guesses`.
   */
  async take(attempt: SignInAttempt): Promise<void> {
    for (const [key, max] of this.#countersOf(attempt)) {
      const waitMs = await take.run(this.#redis, { attempts: key }, { max });
      if (waitMs === 0) continue;
      const message = 'Too many sign-ins failed from this address or with this name. Wait, then try again.';
      throw new Failure('too_many_guesses', 'slow-down', message, { retryAfterMs: waitMs });
    }
  }

  /** After a success, which is not counted. The failures before it stay counted, so that a valid key does not reset them. */
  async giveBack(attempt: SignInAttempt): Promise<void> {
    await Promise.all(this.#countersOf(attempt).map(([key]) => giveBack.run(this.#redis, { attempts: key })));
  }

  #countersOf({ address, name }: SignInAttempt): readonly (readonly [key: string, max: number])[] {
    const { signInAttempts } = this.#redis.keyspace;
    const byAddress = [signInAttempts(hashOf('address', address)), MAX_OF_ADDRESS] as const;
    return name === undefined ? [byAddress] : [byAddress, [signInAttempts(hashOf('name', name)), MAX_OF_NAME]];
  }
}

function hashOf(kind: 'address' | 'name', text: string): string {
  return createHash('sha256').update(`${kind}\0${text}`).digest('base64url');
}
