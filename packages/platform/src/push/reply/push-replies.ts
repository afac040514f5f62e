import type { Push } from '@wxthirdparty/wechat';
import { pushTypeOf } from '../../journal/push-type.ts';
import { repliesTo } from '../../journal/push-types.ts';
import { type ReplyLimits, replyLimitsOf } from '../../reply/reply-limits.ts';
import type { ReplyTerms, Subscription } from '../../subscription/subscription.ts';
import type { SubscriptionSnapshot } from '../../subscription/subscription-snapshot.ts';
import type { KnownAccount, KnownAccounts } from '../known-accounts.ts';
import { AskSlots } from './ask-slots.ts';
import type { AskedPush, PassiveAnswer } from './asked-push.ts';
import { fallbackOf } from './asked-push.ts';
import type { Asking } from './asking.ts';
import type { ReplyRecord } from './reply-record.ts';

/** WeChat closes the connection after five seconds (protocol §1.3); the answer needs its way, too. */
const ANSWER_TIMEOUT_MS = 4_500;

/** A readable push of the message URL. */
export interface RepliablePush {
  readonly id: string;
  readonly component: string;
  readonly appid: string;
  readonly push: Extract<Push, { type: 'message' }>;
  readonly bytes: Buffer;
  readonly receivedAt: Date;
  /** When its first byte arrived, on the clock of `performance.now()`. */
  readonly startedAt: number;
}

/** How a push is answered at its first delivery. */
export interface ReplyPlan {
  /** The subscription that is asked. */
  readonly subscription: string;
  /** Names this gateway in the push's record. */
  readonly owner: string;
  /** What WeChat accepts at once. */
  readonly passive: ReplyLimits;
  /** After the push was accepted. `seq`: its place in the order of acceptance. */
  ask(seq: number): Promise<PassiveAnswer>;
  /** Nothing is asked: the push was accepted before, or not at all. */
  drop(): void;
}

/**
 * Decides who is asked for the reply to a push, by what this process has in memory: WeChat does not wait for SQL. Of the
 * subscriptions that receive the push and may reply, the oldest is asked.
 */
export class PushReplies {
  readonly #snapshot: Pick<SubscriptionSnapshot, 'matching' | 'find'>;
  readonly #accounts: Pick<KnownAccounts, 'get'>;
  readonly #asking: Asking;
  readonly #slots = new AskSlots();

  constructor(parts: {
    readonly snapshot: Pick<SubscriptionSnapshot, 'matching' | 'find'>;
    readonly accounts: Pick<KnownAccounts, 'get'>;
    readonly asking: Asking;
  }) {
    this.#snapshot = parts.snapshot;
    this.#accounts = parts.accounts;
    this.#asking = parts.asking;
  }

  /**
   * Undefined: WeChat gets `success`. `fallback`: the endpoint is not asked, since it is failing or has too many requests, so
   * that the push is an ordinary delivery.
   */
  plan(received: RepliablePush): ReplyPlan | { readonly fallback: PassiveAnswer } | undefined {
    const { type, limits } = typeOf(received.push);
    if (limits.types.length === 0) return undefined;
    const account = this.#accounts.get(received.component, received.appid);
    // The appid is in the URL, which is not signed; the user name is sealed.
    if (account?.userName && account.userName !== received.push.toUserName) return undefined;
    const subscription = this.#replierOf(received, type, account);
    if (subscription === undefined) return undefined;
    const asked = this.#askedPush(received, subscription, account, 0);
    const release =
      subscription.state === 'active' ? this.#slots.enter(subscription.id, subscription.reply.maxInFlight) : undefined;
    if (release === undefined) return { fallback: fallbackOf(asked) };
    return {
      subscription: subscription.id,
      owner: this.#asking.owner,
      passive: asked.passive,
      ask: (seq) => this.#asking.ask(this.#askedPush(received, subscription, account, seq), release),
      drop: release,
    };
  }

  /** What WeChat gets for a push that it delivers again. `record`: how it is answered. */
  async redelivered(received: RepliablePush, record: ReplyRecord | undefined): Promise<PassiveAnswer> {
    const { type, limits } = typeOf(received.push);
    if (limits.types.length === 0) return undefined;
    const account = this.#accounts.get(received.component, received.appid);
    const named = record?.subscription ? withReply(this.#snapshot.find(record.subscription)) : undefined;
    const subscription = named ?? this.#replierOf(received, type, account);
    if (subscription === undefined) {
      return record?.state === 'answered' ? this.#asking.keptAnswer(received.id, record) : undefined;
    }
    const asked = this.#askedPush(received, subscription, account, record?.seq ?? 0);
    return this.#asking.redelivered(asked, record, () =>
      this.#slots.enter(subscription.id, subscription.reply.maxInFlight),
    );
  }

  #replierOf(
    { component, appid, push }: RepliablePush,
    type: string,
    account: KnownAccount | undefined,
  ): Replier | undefined {
    const { fields, fromUserName: openid } = push;
    const handle = account?.handle ?? null;
    for (const one of this.#snapshot.matching({ type, component, appid, handle, openid, fields })) {
      const replier = withReply(one);
      if (replier) return replier;
    }
    return undefined;
  }

  #askedPush(
    { id, component, appid, push, bytes, receivedAt, startedAt }: RepliablePush,
    subscription: Replier,
    account: KnownAccount | undefined,
    seq: number,
  ): AskedPush {
    const { type, limits } = typeOf(push);
    const accounts = this.#accounts;
    return {
      push: {
        id,
        seq,
        component,
        appid,
        handle: account?.handle ?? null,
        type,
        createTime: new Date(push.createTime * 1_000),
        receivedAt,
        payload: bytes,
      },
      subscription,
      limits,
      // When the receiver has answered, an account that was not known at first has been read.
      get passive() {
        return passiveLimits(limits, account ?? accounts.get(component, appid));
      },
      answerBy: startedAt + ANSWER_TIMEOUT_MS,
    };
  }
}

type Replier = Subscription & { readonly reply: ReplyTerms };

function withReply(subscription: Subscription | undefined): Replier | undefined {
  return subscription?.reply ? { ...subscription, reply: subscription.reply } : undefined;
}

function typeOf(push: RepliablePush['push']): { readonly type: string; readonly limits: ReplyLimits } {
  const type = pushTypeOf(push) ?? '';
  return { type, limits: replyLimitsOf(type, repliesTo(type)) };
}

/** Mini programs take nothing at once but a transfer (protocol §1.5). */
function passiveLimits(limits: ReplyLimits, account: KnownAccount | undefined): ReplyLimits {
  const kind = account?.kind ?? null;
  switch (kind) {
    case 'official-account':
      return limits;
    case 'mini-program':
      return { ...limits, types: limits.types.filter((type) => type === 'transfer') };
    case null:
      return { ...limits, types: [] };
    default:
      return kind satisfies never;
  }
}
