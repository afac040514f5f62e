import { createHmac, createSecretKey, hkdfSync, type KeyObject } from 'node:crypto';
import type { RedisClient } from '../redis/connect.ts';
import { type IssuedUserToken, MAX_USER_TOKEN_LENGTH } from './issued-user-token.ts';

/** The account to which a user logged in, and the API key of the program that exchanged the code. */
export interface UserTokenOwner {
  readonly component: string;
  readonly appid: string;
  /** As in `VirtualGrant`: the id of a stored key, or the fingerprint of the one in the environment. */
  readonly keyFingerprint: string;
}

/**
 * Remembers for which account and key a user's token was issued, while it lives: programs send it without a key of ours
 * (`/sns/userinfo`). Redis has an HMAC of the token, under a key that is derived from SECRETS_KEY, and nothing about the user.
 * After a loss of Redis the user has to log in again.
 */
export class UserTokens {
  readonly #redis: RedisClient;
  readonly #keys: readonly KeyObject[];

  /** @param secretsKeys each of them names a token, so that processes find it while keys change */
  constructor(redis: RedisClient, secretsKeys: readonly Buffer[]) {
    this.#redis = redis;
    this.#keys = secretsKeys.map((secret) =>
      createSecretKey(Buffer.from(hkdfSync('sha256', secret, '', 'wxthirdparty user token v1', 32))),
    );
  }

  /** Replaces what is known of the token: WeChat answers to a refresh with the same one, if that is still valid. */
  async remember({ token, lifeMs }: IssuedUserToken, owner: UserTokenOwner): Promise<void> {
    const { component, appid, keyFingerprint } = owner;
    const record = JSON.stringify([component, appid, keyFingerprint]);
    await Promise.all(this.#namesOf(token).map((name) => this.#redis.set(name, record, 'PX', lifeMs)));
  }

  /** Undefined if the token did not pass through this deployment, or has expired. */
  async find(token: string): Promise<UserTokenOwner | undefined> {
    if (token === '' || token.length > MAX_USER_TOKEN_LENGTH) return undefined;
    const found = await Promise.all(this.#namesOf(token).map((name) => this.#redis.get(name)));
    const record = found.find((one) => one !== null);
    if (record === undefined || record === null) return undefined;
    // Written above, therefore of this form.
    const [component, appid, keyFingerprint] = JSON.parse(record) as [string, string, string];
    return { component, appid, keyFingerprint };
  }

  #namesOf(token: string): string[] {
    return this.#keys.map((key) =>
      this.#redis.keyspace.userToken(createHmac('sha256', key).update(token).digest('base64url')),
    );
  }
}
