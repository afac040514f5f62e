import { Failure } from '@wxthirdparty/wechat';
import { AttemptLimiter } from '../http/attempt-limiter.ts';
import type { ApiKeys } from './api-keys.ts';
import type { Caller } from './caller.ts';

/** A program with a key does not send twenty wrong ones in a minute. */
const WRONG_KEYS = { failures: 20, windowMs: 60_000 };

/**
 * Checks keys for both APIs, `/v1` and the virtual WeChat. A valid key is never refused because of wrong keys from the same
 * address, which may be a proxy's. Guessing is hopeless at any speed: stored keys have 256 random bits, and `API_KEY` must be
 * long. Wrong keys are limited only so that their senders notice.
 */
export class Authenticator {
  readonly #apiKeys: ApiKeys;
  readonly #wrong: AttemptLimiter;

  constructor(apiKeys: ApiKeys, now: () => number = Date.now) {
    this.#apiKeys = apiKeys;
    this.#wrong = new AttemptLimiter(WRONG_KEYS, now);
  }

  /** Undefined: the key is wrong. Throws Failure `too_many_guesses`, `rate_limited`. */
  async byKey(presented: string, address: string): Promise<Caller | undefined> {
    const caller = await this.#apiKeys.recognize(presented);
    if (caller !== undefined) {
      await caller.admit();
      return caller;
    }
    const blockedMs = this.#wrong.blockedMs(address);
    if (blockedMs > 0) {
      throw new Failure(
        'too_many_guesses',
        'slow-down',
        'This key is wrong, and so were many others from this address.',
        {
          retryAfterMs: blockedMs,
        },
      );
    }
    this.#wrong.failed(address);
    return undefined;
  }

  /** By the fingerprint in a token of ours. Undefined: the key is no longer valid. Throws Failure `rate_limited`. */
  async byFingerprint(fingerprint: string): Promise<Caller | undefined> {
    const caller = await this.#apiKeys.find(fingerprint);
    await caller?.admit();
    return caller;
  }
}
