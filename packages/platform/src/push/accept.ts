import {
  type Envelope,
  EnvelopeFailure,
  Failure,
  openEnvelope,
  type Push,
  type PushUrl,
  readEnvelope,
  readPush,
  type UnreadableReason,
  verifyEcho,
} from '@wxthirdparty/wechat';
import type { Components } from '../component/components.ts';
import { type PushArrivals, refusalReasonOf } from '../component/push-arrivals.ts';
import type { Events, PushReceivedEvent } from '../events.ts';
import { identityOf, pushIdOf, pushTimeOf } from '../journal/push-id.ts';
import type { PushEntry } from '../journal/stream-entry.ts';
import type { OpenQueue } from '../queue/queues.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { CheckPushAnswer, ReleaseCheckResponder } from '../release-check/responder.ts';
import { sealedReply } from '../reply/sealed-reply.ts';
import type { PushPayload } from './push-job.ts';
import { type PushStream, QUEUED_MARK, SEEN_TTL_MS } from './push-stream.ts';
import type { PassiveAnswer } from './reply/asked-push.ts';
import type { PushReplies, RepliablePush } from './reply/push-replies.ts';

/**
 * Unreadable pushes go into the stream even while no process serves it, since an older one would act on their content; anyone
 * can cause them, so there are few.
 */
const MAX_UNREADABLE_WAITING = 1_000;

export interface ReceivedPush {
  readonly component: string;
  readonly url: PushUrl;
  readonly appid?: string | undefined;
  readonly query: Record<string, unknown>;
  readonly body: Buffer;
  /** When the request arrived, on the clock of `performance.now()`. */
  readonly startedAt: number;
}

/**
 * `seen`: it was accepted before. `too-old`: it was signed before the time that the journal goes back. `unreadable`: it is
 * journaled, and no action follows. `checked`: it belongs to WeChat's release check, and this is its whole answer.
 */
export type AcceptedPush =
  | {
      readonly outcome: 'accepted' | 'seen';
      /** The sealed reply, or undefined for `success`, in time for WeChat; undefined: `success` at once. Never rejects. */
      readonly reply?: Promise<string | undefined> | undefined;
    }
  | { readonly outcome: 'too-old' }
  | { readonly outcome: 'checked'; readonly answer: CheckPushAnswer }
  | { readonly outcome: 'unreadable'; readonly reason: UnreadableReason };

export interface PushIntakeParts {
  readonly redis: RedisClient;
  readonly components: Components;
  readonly queue: OpenQueue<PushPayload>;
  readonly stream: Pick<PushStream, 'append'>;
  readonly gate: { readonly isOpen: boolean };
  readonly releaseCheck: Pick<ReleaseCheckResponder, 'respond'>;
  readonly replies: Pick<PushReplies, 'plan' | 'redelivered'>;
  readonly arrivals: PushArrivals;
  readonly events: Events;
  /** How far the journal goes back. */
  readonly retentionMs: number;
}

/**
 * Answer first, work later: WeChat waits five seconds, so a push is only verified and stored: those of the event URL in the
 * queue, all others in the stream. Only the envelope is a reason to refuse it; a push with unreadable content is accepted
 * (protocol §1.3).
 */
export class PushIntake {
  readonly #parts: PushIntakeParts;

  constructor(parts: PushIntakeParts) {
    this.#parts = parts;
  }

  /** Throws EnvelopeFailure, `unknown_component`, `overloaded`, and what Redis throws; then WeChat must deliver it again. */
  async accept(received: ReceivedPush): Promise<AcceptedPush> {
    const { arrivals } = this.#parts;
    try {
      const accepted = await this.#accept(received);
      const isRehearsal = accepted.outcome === 'checked' && accepted.answer.isRehearsal;
      if (isRehearsal) return accepted;
      arrivals.accepted(received.component, new Date());
      const publish = () => this.#publish(received, RESULTS[accepted.outcome]);
      // WeChat gets its answer with the reply.
      if ('reply' in accepted && accepted.reply) void accepted.reply.then(publish);
      else publish();
      return accepted;
    } catch (error) {
      if (error instanceof EnvelopeFailure) {
        arrivals.refused(received.component, error);
        const reason = refusalReasonOf(error);
        // The gateway answers so (push-route.ts).
        if (reason) this.#publish(received, 'refused', { status: reason === 'signature' ? 403 : 400, reason });
      } else if (!(error instanceof Failure && error.remedy === 'fix-request')) {
        this.#publish(received, 'unavailable', { status: 503, reason: 'unavailable' });
      }
      throw error;
    }
  }

  echo(component: string, query: Record<string, unknown>): string | undefined {
    return verifyEcho(this.#parts.components.get(component).envelopeKeys, query);
  }

  #publish(
    { component, appid, url, startedAt }: ReceivedPush,
    result: PushReceivedEvent['result'],
    refusal?: PushReceivedEvent['refusal'],
  ) {
    const ms = performance.now() - startedAt;
    this.#parts.events.publish('push-received', { component, appid, url, result, refusal, ms });
  }

  async #accept({ component, url, appid, query, body, startedAt }: ReceivedPush): Promise<AcceptedPush> {
    const { components, stream, gate, releaseCheck, retentionMs } = this.#parts;
    const { envelopeKeys } = components.get(component);
    const envelope = readEnvelope(query, body);
    const { xml, bytes, keyIndex } = openEnvelope(envelopeKeys, envelope);
    const push = readPush(xml, url);
    const receivedAt = new Date();
    const { nonce } = envelope;
    // Before everything else: no other part may see a push of the release check.
    const answer = await releaseCheck.respond({
      component,
      appid,
      push,
      receivedAt,
      keys: envelopeKeys,
      keyIndex,
      nonce,
    });
    if (answer !== undefined) return { outcome: 'checked', answer };
    const identity = identityOf(component, appid, push, bytes);
    const isReadable = push.type !== 'unreadable';
    if (identity === undefined || (isReadable && url === 'events')) {
      return this.#enqueue({ component, url, appid, receivedAt, envelope }, identity);
    }
    // The timestamp is signed; CreateTime would not do, since WeChat also sends what happened long ago.
    if (Number(envelope.timestamp) * 1_000 < receivedAt.getTime() - retentionMs) return { outcome: 'too-old' };
    if (isReadable && !gate.isOpen) {
      return this.#enqueue({ component, url, appid, receivedAt, envelope }, identity);
    }
    const id = pushIdOf(pushTimeOf(push, envelope.timestamp), identity);
    const entry: PushEntry = { kind: 'push', id, component, url, appid, receivedAt, envelope, asked: undefined };
    if (push.type !== 'message' || appid === undefined) {
      const maxLength = gate.isOpen ? undefined : MAX_UNREADABLE_WAITING;
      const { outcome } = await stream.append(entry, { identity, maxLength });
      return outcome === 'seen' ? { outcome } : acceptedAs(push);
    }
    const received = { id, component, appid, push, bytes, receivedAt, startedAt };
    const { outcome, reply } = await this.#append(entry, identity, received);
    const { fromUserName: openid, toUserName: userName } = push;
    const seal = (answer: PassiveAnswer) => {
      if (answer === undefined) return undefined;
      const sealed = sealedReply(answer, { openid, userName }, { keys: envelopeKeys, keyIndex, nonce });
      this.#parts.events.publish('reply', { component, push: id, kind: 'passive', result: 'sent' });
      return sealed;
    };
    // Whatever fails, WeChat has delivered the push.
    return { outcome, reply: reply?.then(seal).catch(() => undefined) };
  }

  async #append(
    entry: PushEntry,
    identity: string,
    received: RepliablePush,
  ): Promise<{ readonly outcome: 'accepted' | 'seen'; readonly reply?: Promise<PassiveAnswer> }> {
    const { stream, replies } = this.#parts;
    const plan = replies.plan(received);
    const asks = plan && 'ask' in plan ? plan : undefined;
    const appended = await stream
      .append({ ...entry, asked: asks?.subscription }, { identity, asks })
      .catch((error: unknown) => {
        asks?.drop();
        throw error;
      });
    switch (appended.outcome) {
      case 'appended':
        if (asks) return { outcome: 'accepted', reply: asks.ask(appended.seq) };
        return plan && 'fallback' in plan
          ? { outcome: 'accepted', reply: Promise.resolve(plan.fallback) }
          : { outcome: 'accepted' };
      case 'seen':
        asks?.drop();
        if (plan === undefined && appended.reply === undefined) return { outcome: 'seen' };
        return { outcome: 'seen', reply: replies.redelivered(received, appended.reply) };
      case 'full':
        asks?.drop();
        return { outcome: 'accepted' };
      default:
        return appended satisfies never;
    }
  }

  async #enqueue(
    push: {
      readonly component: string;
      readonly url: PushUrl;
      readonly appid: string | undefined;
      readonly receivedAt: Date;
      readonly envelope: Envelope;
    },
    identity: string | undefined,
  ): Promise<AcceptedPush> {
    const { redis, queue } = this.#parts;
    const seen = identity && redis.keyspace.seenPush(identity);
    if (seen && (await redis.exists(seen)) === 1) return { outcome: 'seen' };
    await queue.add({ ...push, receivedAt: push.receivedAt.toISOString(), dedupKey: identity });
    // After the job: an interruption between the two causes a second job, which is harmless; in the other order it would
    // lose the push. So a mark that cannot be set is no failure. A worker may have set another mark by now.
    if (seen) await redis.set(seen, QUEUED_MARK, 'PX', SEEN_TTL_MS, 'NX').catch(() => {});
    return { outcome: 'accepted' };
  }
}

const RESULTS = {
  accepted: 'accepted',
  checked: 'accepted',
  seen: 'duplicates',
  unreadable: 'unreadable',
  'too-old': 'tooOld',
} as const satisfies Record<AcceptedPush['outcome'], PushReceivedEvent['result']>;

function acceptedAs(push: Push): AcceptedPush {
  return push.type === 'unreadable' ? { outcome: 'unreadable', reason: push.reason } : { outcome: 'accepted' };
}
