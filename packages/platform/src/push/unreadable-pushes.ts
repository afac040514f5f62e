import type { Envelope, PushUrl, UnreadableReason } from '@wxthirdparty/wechat';
import type { RedisClient } from '../redis/connect.ts';
import { defineScript, REDIS_CLOCK } from '../redis/script.ts';

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

const keep = defineScript({
  uses: [REDIS_CLOCK],
  keys: ['seen', 'unreadable'],
  args: ['seenTtlMs', 'component', 'url', 'appid', 'receivedAt', 'reason', 'envelope'],
  lua: `
if redis.call('EXISTS', seen) == 1 then return 0 end
redis.call('XADD', unreadable, 'MAXLEN', ${MAX_ENTRIES}, '*', 'format', '1', 'component', component, 'url', url,
  'appid', appid, 'receivedAt', receivedAt, 'reason', reason, 'envelope', envelope)
redis.call('XTRIM', unreadable, 'MINID', ms(now - ${RETENTION_MS}))
redis.call('PEXPIRE', unreadable, ${RETENTION_MS})
redis.call('SET', seen, '1', 'PX', seenTtlMs)
return 1`,
  decode: (kept: number) => (kept === 1 ? 'kept' : 'seen'),
});

/**
 * Pushes whose envelope is valid and whose content cannot be read: the newest thousand of the last seven days, sealed.
 * They are in no queue, so no process can act on them, whatever its version.
 */
export class UnreadablePushes {
  readonly #redis: RedisClient;

  constructor(redis: RedisClient) {
    this.#redis = redis;
  }

  /** Stores it and marks it as seen, in one script. */
  keep(push: UnreadablePush, dedupKey: string, seenTtlMs: number): Promise<'kept' | 'seen'> {
    const { component, url, appid = '', receivedAt, reason, envelope } = push;
    const { seenPush, unreadablePushes } = this.#redis.keyspace;
    return keep.run(
      this.#redis,
      { seen: seenPush(dedupKey), unreadable: unreadablePushes() },
      {
        seenTtlMs,
        component,
        url,
        appid,
        receivedAt: receivedAt.toISOString(),
        reason,
        envelope: JSON.stringify(envelope),
      },
    );
  }
}
