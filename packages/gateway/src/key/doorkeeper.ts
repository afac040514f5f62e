import { Failure } from '@wxthirdparty/wechat';
import type { ApiKeys } from '../api-keys.ts';
import type { Caller } from './caller.ts';
import { Guesses } from './guesses.ts';

/** Looks at keys at both doors, `/v1` and the virtual WeChat, so that guessing at one slows the other, too. */
export class Doorkeeper {
  readonly #apiKeys: ApiKeys;
  readonly #guesses: Guesses;

  constructor(apiKeys: ApiKeys, guesses: Guesses = new Guesses()) {
    this.#apiKeys = apiKeys;
    this.#guesses = guesses;
  }

  /** Undefined: the key is wrong. Throws Failure `too_many_guesses`, `rate_limited`. */
  async letIn(presented: string, address: string): Promise<Caller | undefined> {
    const blockedMs = this.#guesses.blockedMs(address, presented);
    if (blockedMs > 0) {
      throw new Failure('too_many_guesses', 'slow-down', 'too many wrong keys came from this address', {
        retryAfterMs: blockedMs,
      });
    }
    const caller = await this.#apiKeys.recognize(presented);
    if (caller === undefined) {
      this.#guesses.wrong(address, presented);
      return undefined;
    }
    this.#guesses.right(address, presented);
    await caller.admit();
    return caller;
  }

  /** By a token of ours. Undefined: the key it was given to is good no more. Throws Failure `rate_limited`. */
  async letInAgain(fingerprint: string): Promise<Caller | undefined> {
    const caller = await this.#apiKeys.find(fingerprint);
    await caller?.admit();
    return caller;
  }
}
