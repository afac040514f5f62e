import { createHash, createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript } from '../redis/script.ts';

/** The field with the time at which Redis was last in use (redis-age.ts). */
export const MARK_TIME = 'time';

const putUnlessThere = defineScript({
  keys: ['mark'],
  args: ['...fields'],
  lua: `
if redis.call('EXISTS', mark) == 1 then return 0 end
redis.call('HSET', mark, unpack(fields))
return 1`,
});

/** Only while the mark is still the one that was read. */
const extend = defineScript({
  keys: ['mark'],
  args: ['id', '...fields'],
  lua: `
if redis.call('HGET', mark, 'id') ~= id then return 0 end
redis.call('HSET', mark, unpack(fields))
return 1`,
});

/** Whether the mark belongs to the process that reads it. */
export type MarkVerdict = 'none' | 'own' | 'other-deployment' | 'other-key';

/**
 * The mark of a deployment in its Redis: its id, and an HMAC of the id under each of its secret keys. It has no TTL, since
 * everything else that is stored there belongs to the same deployment.
 */
export class DeploymentMark {
  readonly #redis: RedisClient;
  readonly #keys: readonly MarkKey[];

  /** The first of the keys seals. */
  constructor(redis: RedisClient, secretsKeys: readonly Buffer[]) {
    this.#redis = redis;
    this.#keys = secretsKeys.map((key) => ({
      field: `hmac:${createHash('sha256').update(key).digest('hex').slice(0, 8)}`,
      key: Buffer.from(hkdfSync('sha256', key, '', 'wxthirdparty deployment', 32)),
    }));
  }

  /** `id`: the id in SQL, or undefined while SQL is unavailable; then only the key is compared. */
  async verify(id: string | undefined): Promise<MarkVerdict> {
    const stored = await this.#redis.hgetall(this.#redis.keyspace.deployment);
    if (stored.id === undefined) return 'none';
    if (id !== undefined && stored.id !== id) return 'other-deployment';
    const verified = this.#keys.some(({ field, key }) => isSame(stored[field], hmacOf(stored.id!, key)));
    return verified ? 'own' : 'other-key';
  }

  /** Writes the mark, with all keys, if there is none; several processes may do it at the same time. */
  async putUnlessThere(id: string): Promise<void> {
    const fields = ['id', id, ...this.#fields(id, this.#keys)];
    await putUnlessThere.run(this.#redis, { mark: this.#redis.keyspace.deployment }, { fields });
  }

  /** Overwrites the mark of another deployment. */
  async replace(id: string): Promise<void> {
    const key = this.#redis.keyspace.deployment;
    await this.#redis
      .multi()
      .del(key)
      .hset(key, 'id', id, ...this.#fields(id, this.#keys))
      .exec();
  }

  /** Adds the HMAC under the first key. */
  async addFirstKey(id: string): Promise<void> {
    const fields = this.#fields(id, this.#keys.slice(0, 1));
    await extend.run(this.#redis, { mark: this.#redis.keyspace.deployment }, { id, fields });
  }

  /** Removes the HMACs under all other keys: nothing is sealed under them any more. */
  async removeOlderKeys(): Promise<void> {
    const key = this.#redis.keyspace.deployment;
    const kept = new Set(['id', MARK_TIME, this.#keys[0]!.field]);
    const older = (await this.#redis.hkeys(key)).filter((field) => !kept.has(field));
    if (older.length > 0) await this.#redis.hdel(key, ...older);
  }

  #fields(id: string, keys: readonly MarkKey[]): string[] {
    return keys.flatMap(({ field, key }) => [field, hmacOf(id, key)]);
  }
}

interface MarkKey {
  readonly field: string;
  readonly key: Buffer;
}

function hmacOf(id: string, key: Buffer): string {
  return createHmac('sha256', key).update(id).digest('hex');
}

function isSame(stored: string | undefined, expected: string): boolean {
  return stored?.length === expected.length && timingSafeEqual(Buffer.from(stored), Buffer.from(expected));
}
