import { Failure } from '@wxthirdparty/wechat';
import type { AskedOutcome } from '../../delivery/asked-outcome.ts';
import type { DeliveryStore } from '../../delivery/delivery-store.ts';
import type { SealedPush } from '../../journal/journaled-push.ts';
import { isPushId } from '../../journal/push-id.ts';
import type { PushStore } from '../../journal/push-store.ts';
import { entryFields, outcomePlace } from '../../journal/stream-entry.ts';
import { unknownPush } from '../../journal/unknown-push.ts';
import type { RedisClient } from '../../redis/connect.ts';
import type { Reply } from '../../reply/reply.ts';
import { faultOf } from '../../reply/reply-limits.ts';
import type { Seals } from '../../sealing/seals.ts';
import { keptReplies } from './kept-reply.ts';
import type { LateRefusal, LateReplies } from './late-replies.ts';
import { type ReplyRecord, ReplyRecords } from './reply-record.ts';

const READ_INTERVAL_MS = 100;
/** A push that was accepted a moment ago is in the stream; it is journaled within milliseconds. */
const UNJOURNALED_WAIT_MS = 3_000;

export type ReplyRefusal = 'already_replied' | 'window_closed' | 'not_convertible' | 'not_allowed';

export class ReplyNotPossibleFailure extends Failure {
  readonly reason: ReplyRefusal;

  constructor(reason: ReplyRefusal) {
    super('reply_not_possible', 'fix-request', MESSAGES[reason]);
    this.reason = reason;
  }
}

const MESSAGES: Readonly<Record<ReplyRefusal, string>> = {
  already_replied: 'The user has been answered; a push gets one reply. Send more messages as calls.',
  window_closed: 'WeChat no longer accepts messages to this user after this push.',
  not_convertible: 'WeChat no longer waits, and this type of reply cannot be sent as a customer-service message.',
  not_allowed: 'WeChat accepts no reply of this type to a push of this type.',
};

/** How a reply reached the user. */
export type SentRequest = { readonly sent: 'passive' } | { readonly sent: 'customer_message'; readonly callId: string };

/** A push that can be replied to, and the account that it concerns. */
export interface RepliedPush {
  readonly id: string;
  readonly component: string;
  readonly appid: string | null;
  readonly record: ReplyRecord | undefined;
}

export interface ReplyRequestsParts {
  /** Fail-fast. */
  readonly redis: RedisClient;
  readonly seals: Seals;
  readonly components: readonly string[];
  readonly pushes: Pick<PushStore, 'findIn'>;
  readonly deliveries: Pick<DeliveryStore, 'ofPushes' | 'settleReply'>;
  readonly late: Pick<LateReplies, 'send'>;
}

/** Replies that business programs send by a request of their own: passive while WeChat waits, late afterwards. */
export class ReplyRequests {
  readonly #parts: ReplyRequestsParts;
  readonly #records: ReplyRecords;

  constructor(parts: ReplyRequestsParts) {
    this.#parts = parts;
    this.#records = new ReplyRecords(parts.redis);
  }

  /** Throws Failure `unknown_push`. */
  async find(id: string): Promise<RepliedPush> {
    if (!isPushId(id)) throw unknownPush();
    const record = await this.#records.read(id);
    // Redis may have lost what the record says about its push.
    if (record?.component) return { id, component: record.component, appid: record.appid, record };
    const push = await this.#parts.pushes.findIn(this.#parts.components, id);
    if (push === undefined) throw unknownPush();
    return { id, component: push.component, appid: push.appid, record };
  }

  /** Throws ReplyNotPossibleFailure, Failure `unknown_push`, and what `Calls.submit` throws. */
  async reply(replied: RepliedPush, reply: Reply): Promise<SentRequest> {
    const { record } = replied;
    if (record?.state === 'answered' && record.reply !== '') throw new ReplyNotPossibleFailure('already_replied');
    if (record?.state === 'open' && faultOf(reply, record.passive) === undefined) {
      const isPassive = await this.#storePassive(replied.id, record, reply);
      if (isPassive) return { sent: 'passive' };
    }
    return this.#sendLate(replied, reply);
  }

  /** False: WeChat no longer waits. */
  async #storePassive(id: string, { component, appid, subscription }: ReplyRecord, reply: Reply): Promise<boolean> {
    const { seals } = this.#parts;
    const outcome: AskedOutcome = { at: Date.now(), attempt: null, reply: { state: 'passive', reason: null } };
    const place = outcomePlace(component, id, subscription);
    const sealed = seals.sealBytes(Buffer.from(JSON.stringify(outcome)), place);
    const entry = entryFields({ kind: 'outcome', component, appid, push: id, subscription, sealed });
    const stored = await this.#records.store(id, { by: 'request' }, keptReplies(seals).seal(id, reply), entry);
    if (stored.outcome === 'answered' && stored.reply !== '') throw new ReplyNotPossibleFailure('already_replied');
    return stored.outcome === 'stored';
  }

  async #sendLate(replied: RepliedPush, reply: Reply): Promise<SentRequest> {
    const { deliveries, late } = this.#parts;
    const push = await this.#journaled(replied);
    const sent = await late.send(push, reply, { isRepeated: false });
    if ('refused' in sent) throw new ReplyNotPossibleFailure(refusalOf(sent.refused));
    const { callId } = sent;
    const to = await deliveries.ofPushes([push]);
    await deliveries.settleReply(
      push.id,
      to.map(({ subscription }) => subscription),
      { state: 'customer_message', reason: null, callId },
    );
    return { sent: 'customer_message', callId };
  }

  async #journaled({ id, component, record }: RepliedPush): Promise<SealedPush> {
    const until = performance.now() + (record === undefined ? 0 : UNJOURNALED_WAIT_MS);
    for (;;) {
      const push = await this.#parts.pushes.findIn([component], id);
      if (push !== undefined) return push;
      if (performance.now() >= until) throw unknownPush();
      await new Promise((resolve) => setTimeout(resolve, READ_INTERVAL_MS));
    }
  }
}

function refusalOf(refused: LateRefusal): ReplyRefusal {
  return refused === 'type_not_allowed' ? 'not_allowed' : refused;
}
