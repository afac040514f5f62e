import { createHash } from 'node:crypto';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript } from '../redis/script.ts';

/** Longer than a code is valid, and than its outcome is kept. */
const TIE_TTL_MS = 3 * 60 * 60_000;

/** What is known about a code. */
export interface CodeTie {
  /** The link whose pre-auth code the consent was given with. */
  readonly linkId: string | undefined;
  /** The account that consented, if a push has named it. */
  readonly appid: string | undefined;
  /** Sealed. */
  readonly preAuthCode: string | undefined;
  /** Whether it is for a consent that was changed, by the push. */
  readonly isUpdate: boolean | undefined;
}

/** What a push says about its code. */
export interface PushTie {
  readonly appid: string;
  readonly linkId: string | undefined;
  readonly preAuthCode: string | undefined;
  readonly isUpdate: boolean;
}

const note = defineScript({
  keys: ['tie'],
  args: ['ttlMs', '...fields'],
  lua: `
redis.call('HSET', tie, unpack(fields))
redis.call('PEXPIRE', tie, ttlMs)
return 1`,
});

/**
 * Push and browser deliver the same code, in any order, and each knows other facts about it; the job that exchanges it
 * exists once. So the facts of both are stored here.
 */
export class CodeTies {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** From the browser that came back: which link it had opened. */
  async fromBrowser(component: string, codeHash: string, linkId: string): Promise<void> {
    await this.#note(component, codeHash, ['browserLink', linkId]);
  }

  /** From the push, which knows the pre-auth code and is therefore right about the link. */
  async fromPush(
    component: string,
    codeHash: string,
    { appid, linkId, preAuthCode, isUpdate }: PushTie,
  ): Promise<void> {
    const link = linkId === undefined ? [] : ['pushLink', linkId];
    const code = preAuthCode === undefined ? [] : ['preAuthCode', preAuthCode];
    await this.#note(component, codeHash, ['appid', appid, 'isUpdate', isUpdate ? '1' : '0', ...link, ...code]);
  }

  async read(component: string, codeHash: string): Promise<CodeTie> {
    const [pushLink, browserLink, appid, preAuthCode, isUpdate] = await this.#redis.hmget(
      this.#redis.keyspace.codeTie(component, codeHash),
      'pushLink',
      'browserLink',
      'appid',
      'preAuthCode',
      'isUpdate',
    );
    return {
      linkId: pushLink ?? browserLink ?? undefined,
      appid: appid ?? undefined,
      preAuthCode: preAuthCode ?? undefined,
      isUpdate: isUpdate === null || isUpdate === undefined ? undefined : isUpdate === '1',
    };
  }

  async #note(component: string, codeHash: string, fields: readonly string[]): Promise<void> {
    const tie = this.#redis.keyspace.codeTie(component, codeHash);
    await note.run(this.#redis, { tie }, { ttlMs: TIE_TTL_MS, fields });
  }
}

/** A code's name in keys, job ids and SQL: the code cannot be derived from it. */
export function hashOfCode(component: string, code: string): string {
  return createHash('sha256').update(`${component}/${code}`).digest('hex');
}
