import type { Envelope, PushUrl, UnreadableReason } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, NOW_LUA } from '../redis/script.ts';

const MAX_ENTRIES = 1_000;
const RETENTION_MS = 7 * 24 * 60 * 60_000;

export interface UnreadablePush {
  readonly component: string;
  readonly url: PushUrl;
  readonly appid: string | undefined;
  readonly receivedAt: Date;
  readonly reason: UnreadableReason;
  /** As WeChat sealed it. */
  readonly envelope: Envelope;
}

const keep = defineScript<number>(`${NOW_LUA}
local seen, unreadable = KEYS[1], KEYS[2]
local seenTtlMs, component, url, appid, receivedAt, reason, envelope = unpack(ARGV)
if redis.call('EXISTS', seen) == 1 then return 0 end
redis.call('XADD', unreadable, 'MAXLEN', ${MAX_ENTRIES}, '*', 'format', '1', 'component', component, 'url', url,
  'appid', appid, 'receivedAt', receivedAt, 'reason', reason, 'envelope', envelope)
redis.call('XTRIM', unreadable, 'MINID', string.format('%.0f', now - ${RETENTION_MS}))
redis.call('PEXPIRE', unreadable, ${RETENTION_MS})
redis.call('SET', seen, '1', 'PX', seenTtlMs)
return 1`);

/**
 * Pushes that WeChat sealed properly and that nothing can be done with: the newest thousand of the last seven days, sealed.
 * They are in no queue, so no process can act on them, whatever its version.
 */
export class UnreadablePushes {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** Marks it as seen in the same step. */
  async keep(push: UnreadablePush, dedupKey: string, seenTtlMs: number): Promise<'kept' | 'seen'> {
    const { component, url, appid = '', receivedAt, reason, envelope } = push;
    const kept = await keep(
      this.#redis,
      [this.#redis.keyspace.seenPush(dedupKey), this.#redis.keyspace.unreadablePushes()],
      [seenTtlMs, component, url, appid, receivedAt.toISOString(), reason, JSON.stringify(envelope)],
    );
    return kept === 1 ? 'kept' : 'seen';
  }
}
