import { Failure } from '@wxthirdparty/wechat';
import type { CallStore } from '../../call/call-store.ts';
import type { Calls } from '../../call/calls.ts';
import { MAX_ORDER_KEY_LENGTH } from '../../call/check-request.ts';
import type { DeliveryStore } from '../../delivery/delivery-store.ts';
import { partiesOf } from '../../delivery/format/wechat.ts';
import type { Events } from '../../events.ts';
import type { SealedPush } from '../../journal/journaled-push.ts';
import { isFromWeChat } from '../../journal/push-data.ts';
import type { PushStore } from '../../journal/push-store.ts';
import { lateWindowMs, repliesTo } from '../../journal/push-types.ts';
import type { JobDisposition } from '../../queue/job.ts';
import type { OpenQueue } from '../../queue/queues.ts';
import type { RedisClient } from '../../redis/connect.ts';
import { CUSTOM_MESSAGE_PATH, customMessageOf } from '../../reply/custom-message.ts';
import type { Reply, ReplyReason } from '../../reply/reply.ts';
import type { Seals } from '../../sealing/seals.ts';
import type { KnownAccounts } from '../known-accounts.ts';
import { keptReplies } from './kept-reply.ts';
import type { LateReply } from './late-reply.ts';
import type { LateReplyPayload } from './late-reply-job.ts';

/** A push is journaled within milliseconds, unless the database is away. */
const UNJOURNALED_DELAY_MS = 1_000;
/** A push that is not in the journal then, although nothing waits in the stream, was erased. */
const ERASED_AFTER_MS = 60_000;

/** Why a reply cannot be sent any more. */
export type LateRefusal = Extract<
  ReplyReason,
  'already_replied' | 'window_closed' | 'not_convertible' | 'type_not_allowed'
>;

export type SentReply = { readonly callId: string } | { readonly refused: LateRefusal };

export interface LateRepliesParts {
  readonly events: Pick<Events, 'publish'>;
  readonly redis: RedisClient;
  readonly seals: Seals;
  readonly queue: OpenQueue<LateReplyPayload>;
  readonly pushes: Pick<PushStore, 'find' | 'open' | 'markReplied'>;
  readonly deliveries: Pick<DeliveryStore, 'settleReply'>;
  readonly calls: Pick<Calls, 'submit'>;
  readonly callStore: Pick<CallStore, 'claimed'>;
  readonly accounts: Pick<KnownAccounts, 'read'>;
}

/** Sends replies for which WeChat has stopped waiting: as customer-service messages, the only documented way (protocol §4.4). */
export class LateReplies {
  readonly #parts: LateRepliesParts;

  constructor(parts: LateRepliesParts) {
    this.#parts = parts;
  }

  /** Safe to repeat. */
  async enqueue({ component, push, subscription, reply }: LateReply): Promise<void> {
    const sealed = keptReplies(this.#parts.seals).seal(push, reply);
    await this.#parts.queue.add({ component, push, subscription, reply: sealed, at: new Date().toISOString() });
  }

  /** The job of one late reply. Throws what `Calls.submit` throws; then it is tried again. */
  async run({ component, push: id, subscription, reply: sealed, at }: LateReplyPayload): Promise<JobDisposition> {
    const { pushes, deliveries, seals } = this.#parts;
    const push = await pushes.find(component, id);
    if (push === undefined) return (await this.#isErased(at)) ? undefined : { delayMs: UNJOURNALED_DELAY_MS };
    const reply = keptReplies(seals).open(id, sealed);
    if (reply === undefined) {
      throw new Failure('unsealable', 'operator', `No key of SECRETS_KEY opens the late reply to push ${id}.`);
    }
    const sent = await this.send(push, reply, { isRepeated: true });
    await deliveries.settleReply(
      id,
      [subscription],
      'callId' in sent
        ? { state: 'customer_message', reason: null, callId: sent.callId }
        : { state: 'dropped', reason: sent.refused, callId: null },
    );
    return undefined;
  }

  /**
   * Sends the reply as a background call, at most one for each push. `isRepeated`: the same reply may have been sent before, by
   * a run of the same job. Throws what `Calls.submit` throws.
   */
  async send(push: SealedPush, reply: Reply, options: { readonly isRepeated: boolean }): Promise<SentReply> {
    const sent = await this.#send(push, reply, options);
    const { component, id } = push;
    const result = 'callId' in sent ? 'sent' : sent.refused;
    this.#parts.events.publish('reply', { component, push: id, kind: 'late', result });
    return sent;
  }

  async #send(push: SealedPush, reply: Reply, { isRepeated }: { readonly isRepeated: boolean }): Promise<SentReply> {
    const { pushes, accounts } = this.#parts;
    const { component, appid, id, type } = push;
    if (appid === null || !isFromWeChat(type) || !repliesTo(type).includes(reply.type)) {
      return { refused: 'type_not_allowed' };
    }
    const deadlineAt = new Date(push.createTime.getTime() + (lateWindowMs(type) ?? 0));
    if (deadlineAt.getTime() <= Date.now()) return { refused: 'window_closed' };
    const payload = pushes.open(push);
    if (payload === undefined) {
      throw new Failure('unsealable', 'operator', `No key of SECRETS_KEY opens push ${id}.`);
    }
    const account = await accounts.read(component, appid);
    const { openid } = partiesOf(payload);
    const message = customMessageOf(reply, openid, account?.kind === 'mini-program');
    if (message === undefined) return { refused: 'not_convertible' };
    if (await this.#isReplied(push, { component, appid }, isRepeated)) return { refused: 'already_replied' };
    try {
      const call = await this.#parts.calls.submit({
        appid,
        component,
        method: 'POST',
        path: CUSTOM_MESSAGE_PATH,
        query: [],
        contentType: 'application/json',
        body: Buffer.from(JSON.stringify(message)),
        waitMs: 0,
        departWithinMs: Math.max(0, deadlineAt.getTime() - Date.now()),
        deadlineAt,
        idempotencyKey: idempotencyKeyOf(id),
        // Two late replies to one person arrive in the order in which they were given.
        orderKey: orderKeyOf(openid),
      });
      return { callId: call.id };
    } catch (error) {
      if (error instanceof Failure && error.code === 'idempotency_conflict') return { refused: 'already_replied' };
      throw error;
    }
  }

  /** Marks the push as replied, so that no second reply is sent. */
  async #isReplied(
    { id }: SealedPush,
    { component, appid }: { readonly component: string; readonly appid: string },
    isRepeated: boolean,
  ): Promise<boolean> {
    const { pushes, callStore } = this.#parts;
    const marked = await pushes.markReplied(component, id, 'customer_message');
    if (marked !== 'already_replied') return false;
    const before = await pushes.find(component, id);
    if (before?.replied !== 'customer_message') return true;
    // Marked, but perhaps not sent: a process may have died between the two. The idempotency key of the call decides.
    return !isRepeated && (await callStore.claimed(component, appid, idempotencyKeyOf(id))) !== undefined;
  }

  async #isErased(at: string): Promise<boolean> {
    const enqueuedAt = Date.parse(at);
    if (Date.now() - enqueuedAt < ERASED_AFTER_MS) return false;
    const { redis } = this.#parts;
    const [oldest] = await redis.xrange(redis.keyspace.pushStream, '-', '+', 'COUNT', 1);
    return oldest === undefined || Number(oldest[0].split('-')[0]) > enqueuedAt;
  }
}

/** WeChat's openids have 28 characters; a longer one, of a test program, still has one order. */
function orderKeyOf(openid: string): string {
  return `openid:${openid}`.slice(0, MAX_ORDER_KEY_LENGTH);
}

function idempotencyKeyOf(push: string): string {
  return `push-reply:${push}`;
}
