import { openEnvelope, readEnvelope, readPush, verifyEcho } from '@wxthirdparty/wechat';
import type { Components } from '../component/components.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { PushPayload } from './push-job.ts';
import { samenessOf } from './sameness.ts';

const LAST_PUSH_KEPT_MS = 7 * 24 * 60 * 60_000;

export interface ReceivedPush {
  readonly component: string;
  readonly url: 'events' | 'messages';
  readonly appid?: string | undefined;
  readonly query: Record<string, unknown>;
  readonly body: Buffer;
}

/** Answer first, work later: WeChat waits five seconds, so a push is verified, enqueued and that is all. */
export class PushIntake {
  readonly #redis: RedisClient;
  readonly #components: Components;
  readonly #queue: OpenQueue<PushPayload>;

  constructor(redis: RedisClient, components: Components, queue: OpenQueue<PushPayload>) {
    this.#redis = redis;
    this.#components = components;
    this.#queue = queue;
  }

  async accept(received: ReceivedPush): Promise<void> {
    const { envelopeKeys } = this.#components.get(received.component);
    const { timestamp, nonce, msgSignature, encrypt } = readEnvelope(received.query, received.body);
    const envelope = { timestamp, nonce, msgSignature, encrypt };
    const push = readPush(openEnvelope(envelopeKeys, envelope).xml);
    const receivedAt = new Date();
    await this.#queue.add({
      component: received.component,
      url: received.url,
      appid: received.appid,
      receivedAt: receivedAt.toISOString(),
      envelope,
      sameness: samenessOf(received.component, received.appid, push),
    });
    // For people who look at the status; nothing depends on it.
    this.#redis
      .set(this.#redis.keyspace.lastPush(received.component), receivedAt.getTime(), 'PX', LAST_PUSH_KEPT_MS)
      .catch(() => {});
  }

  echo(component: string, query: Record<string, unknown>): string | undefined {
    return verifyEcho(this.#components.get(component).envelopeKeys, query);
  }
}
