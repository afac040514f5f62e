import { Failure } from '@wxthirdparty/wechat';
import type { Actor } from '../key/audit.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { RedisClient } from '../redis/connect.ts';
import type { OutboundSender } from '../webhook/outbound-sender.ts';
import { announceSubscriptionChange } from './announce-change.ts';
import { checkChange, type InputBounds, newSubscriptionOf, type SubscriptionInput } from './check-input.ts';
import { rotated } from './secrets.ts';
import type { Subscription, SubscriptionSecrets, SubscriptionState } from './subscription.ts';
import type { SubscriptionChange, SubscriptionStore } from './subscription-store.ts';

export interface SubscriptionsParts extends InputBounds {
  readonly redis: RedisClient;
  readonly store: SubscriptionStore;
  readonly sender: Pick<OutboundSender, 'check'>;
  /** Has sent what is due for the subscription. */
  readonly wake: (subscription: string) => Promise<void>;
  /** Whether a process is live whose version delivers nothing. */
  readonly isOlderLive: () => Promise<boolean>;
}

/** What owners do with their subscriptions. */
export class Subscriptions {
  readonly #parts: SubscriptionsParts;

  constructor(parts: SubscriptionsParts) {
    this.#parts = parts;
  }

  /**
   * Every push that is accepted after this returns is matched against it. Throws Failure `invalid_request`,
   * `address_not_allowed`, `address_unresolved`, `too_many_subscriptions`; `unavailable` while an older process is live.
   */
  async create(input: SubscriptionInput, by: Actor): Promise<Subscription> {
    const { store, sender } = this.#parts;
    const checked = newSubscriptionOf(input, this.#parts);
    if (await this.#parts.isOlderLive()) throw olderIsLive();
    await sender.check(checked.url);
    if (checked.messageUrl !== null) await sender.check(checked.messageUrl);
    const subscription = await store.create(checked, by);
    await this.#announce();
    // Its first ticket. A lost wake-up is restored from the database.
    if (subscription.ticketAt !== null) await this.#parts.wake(subscription.id).catch(() => {});
    return subscription;
  }

  /** Throws Failure `unknown_subscription`. */
  async find(id: string): Promise<Subscription> {
    return this.#parts.store.find(id).then(known(id));
  }

  /** The newest first. Throws Failure `invalid_request` for an invalid cursor. */
  list(page: PageRequest & { readonly state?: SubscriptionState | undefined }): Promise<Page<Subscription>> {
    return this.#parts.store.list(page);
  }

  /** Throws what `create` throws, and Failure `unknown_subscription`. */
  async change(id: string, change: SubscriptionChange, by: Actor): Promise<Subscription> {
    const { store, sender } = this.#parts;
    checkChange(change, (await this.find(id)).format, this.#parts);
    if (change.url !== undefined) await sender.check(change.url);
    if (typeof change.messageUrl === 'string') await sender.check(change.messageUrl);
    const changed = await store.change(id, change, by).then(known(id));
    await this.#announce();
    return changed;
  }

  /** Throws Failure `unknown_subscription`. */
  async delete(id: string, by: Actor): Promise<void> {
    if ((await this.#parts.store.delete(id, by)) === 'unknown') throw unknownSubscription(id);
    await this.#announce();
  }

  /** The new secrets; the signing secret before it stays valid for `overlapMs`. Throws Failure `unknown_subscription`. */
  async rotateSecrets(id: string, overlapMs: number, by: Actor): Promise<SubscriptionSecrets> {
    const { store } = this.#parts;
    const secrets = await store
      .changeSecrets(id, (present) => rotated(present, overlapMs, Date.now()), by)
      .then(known(id));
    await this.#announce();
    return secrets;
  }

  /** The change is stored; without Redis, where nothing is accepted either, copies get it within seconds. */
  #announce(): Promise<void> {
    return announceSubscriptionChange(this.#parts.redis).catch(() => {});
  }
}

/** Also for a deleted one. */
export function unknownSubscription(id: string): Failure {
  return new Failure('unknown_subscription', 'fix-request', `There is no subscription ${id.slice(0, 64)}.`);
}

function known(id: string) {
  return <T>(found: T | undefined): T => {
    if (found === undefined) throw unknownSubscription(id);
    return found;
  };
}

function olderIsLive(): Failure {
  return new Failure(
    'unavailable',
    'retry',
    'A process of an older version is live, and pushes that it takes are not delivered. Repeat this when it has ended.',
  );
}
