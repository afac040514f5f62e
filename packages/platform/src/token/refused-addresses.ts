import { ERRCODE, type Failure } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { sendTogether } from '../redis/send-together.ts';

const TTL_MS = 30 * 24 * 60 * 60_000;

/** An address of ours that is not on a component's IP list. */
export interface RefusedAddress {
  /** As WeChat's answer shows it: without its last parts, such as `60.221.*.*` (protocol §9). */
  readonly ip: string;
  readonly at: Date;
}

/** Undefined if the failure is another one, or does not name the address. */
export function refusedAddressOf({ errcode, message }: Failure): string | undefined {
  if (errcode !== ERRCODE.addressForbidden) return undefined;
  return /requestIP:\s*([0-9a-fA-F.:*]{2,45})/.exec(message)?.[1];
}

/** The last address that WeChat refused for each component, whichever process it was. Only operators read it. */
export class RefusedAddresses {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** If it is one. What Redis does not accept is lost. */
  note(component: string, failure: Failure, at = new Date()): void {
    const ip = refusedAddressOf(failure);
    if (ip === undefined) return;
    const key = this.#redis.keyspace.refusedAddress(component);
    void sendTogether(this.#redis, [
      ['hset', key, 'ip', ip, 'at', at.getTime()],
      ['pexpire', key, TTL_MS],
    ]).catch(() => {});
  }

  async last(component: string): Promise<RefusedAddress | null> {
    const { ip, at } = await this.#redis.hgetall(this.#redis.keyspace.refusedAddress(component));
    return ip && at ? { ip, at: new Date(Number(at)) } : null;
  }
}
