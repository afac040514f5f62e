import {
  EnvelopeFailure,
  openEnvelope,
  type PushUrl,
  readEnvelope,
  readPush,
  type UnreadableReason,
  verifyEcho,
} from '@wxthirdparty/wechat';
import type { Components } from '../component/components.ts';
import type { PushArrivals } from '../component/push-arrivals.ts';
import { identityOf } from '../journal/push-id.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { CheckPushAnswer, ReleaseCheckResponder } from '../release-check/responder.ts';
import type { PushPayload } from './push-job.ts';
import { UnreadablePushes } from './unreadable-pushes.ts';

/** WeChat redelivers within seconds; late copies were observed within an hour. */
const SEEN_TTL_MS = 60 * 60_000;

export interface ReceivedPush {
  readonly component: string;
  readonly url: PushUrl;
  readonly appid?: string | undefined;
  readonly query: Record<string, unknown>;
  readonly body: Buffer;
}

/**
 * `seen`: it was accepted before. `unreadable`: it is stored, and no action follows. `checked`: it belongs to WeChat's
 * release check, and this is its whole answer.
 */
export type AcceptedPush =
  | { readonly outcome: 'accepted' | 'seen' }
  | { readonly outcome: 'checked'; readonly answer: CheckPushAnswer }
  | { readonly outcome: 'unreadable'; readonly reason: UnreadableReason };

/**
 * Answer first, work later: WeChat waits five seconds, so a push is only verified and enqueued. Only the envelope is a
 * reason to refuse it; a push with unreadable content is accepted and stored (protocol §1.3).
 */
export class PushIntake {
  readonly #redis: RedisClient;
  readonly #components: Components;
  readonly #queue: OpenQueue<PushPayload>;
  readonly #arrivals: PushArrivals;
  readonly #releaseCheck: Pick<ReleaseCheckResponder, 'respond'>;
  readonly #unreadable: UnreadablePushes;

  constructor(
    redis: RedisClient,
    components: Components,
    queue: OpenQueue<PushPayload>,
    arrivals: PushArrivals,
    releaseCheck: Pick<ReleaseCheckResponder, 'respond'>,
  ) {
    this.#redis = redis;
    this.#components = components;
    this.#queue = queue;
    this.#arrivals = arrivals;
    this.#releaseCheck = releaseCheck;
    this.#unreadable = new UnreadablePushes(redis);
  }

  /** Throws EnvelopeFailure, `unknown_component`, and what Redis throws; then WeChat must deliver it again. */
  async accept(received: ReceivedPush): Promise<AcceptedPush> {
    try {
      const accepted = await this.#accept(received);
      const isRehearsal = accepted.outcome === 'checked' && accepted.answer.isRehearsal;
      if (!isRehearsal) this.#arrivals.accepted(received.component, new Date());
      return accepted;
    } catch (error) {
      if (error instanceof EnvelopeFailure) this.#arrivals.refused(received.component, error);
      throw error;
    }
  }

  echo(component: string, query: Record<string, unknown>): string | undefined {
    return verifyEcho(this.#components.get(component).envelopeKeys, query);
  }

  async #accept({ component, url, appid, query, body }: ReceivedPush): Promise<AcceptedPush> {
    const { envelopeKeys } = this.#components.get(component);
    const envelope = readEnvelope(query, body);
    const { xml, bytes, keyIndex } = openEnvelope(envelopeKeys, envelope);
    const push = readPush(xml, url);
    const receivedAt = new Date();
    const { nonce } = envelope;
    const opened = { component, appid, push, receivedAt, keys: envelopeKeys, keyIndex, nonce };
    // Before everything else: no other part may see a push of the release check.
    const answer = await this.#releaseCheck.respond(opened);
    if (answer !== undefined) return { outcome: 'checked', answer };
    const dedupKey = identityOf(component, appid, push, bytes);
    if (push.type === 'unreadable') {
      const { reason } = push;
      const unreadable = { component, url, appid, receivedAt, reason, envelope };
      const kept = await this.#unreadable.keep(unreadable, dedupKey!, SEEN_TTL_MS);
      return kept === 'seen' ? { outcome: 'seen' } : { outcome: 'unreadable', reason };
    }
    const seen = dedupKey && this.#redis.keyspace.seenPush(dedupKey);
    if (seen && (await this.#redis.exists(seen)) === 1) return { outcome: 'seen' };
    await this.#queue.add({ component, url, appid, receivedAt: receivedAt.toISOString(), envelope, dedupKey });
    // After the job: an interruption between the two causes a second job, which is harmless; in the other order it would
    // lose the push. So a mark that cannot be set is no failure.
    if (seen) await this.#redis.set(seen, '1', 'PX', SEEN_TTL_MS).catch(() => {});
    return { outcome: 'accepted' };
  }
}
