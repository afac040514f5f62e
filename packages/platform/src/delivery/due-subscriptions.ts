import type { OpenQueue } from '../queue/queues.ts';
import type { RedisClient } from '../redis/connect.ts';
import { DueSet } from '../redis/due-set.ts';
import type { DeliveryBatchPayload } from './delivery-job.ts';

/** A subscription whose wake-up is lost is found after this time. */
const MARKED_MS = 5_000;
/** A claimed subscription is found again after this time, if its job was lost. */
const CLAIMED_MS = 10_000;
/** Of the wake-ups of one subscription in this time, the first and the last add a job. */
const MIN_WAKE_INTERVAL_MS = 20;
const MAX_WOKEN_AT_ONCE = 500;

/** When each subscription has its next batch. One that waits has no job. */
export class DueSubscriptions {
  readonly #queue: OpenQueue<DeliveryBatchPayload>;
  readonly #due: DueSet;
  /** Subscriptions that were woken in the last moments; true: another job follows. */
  readonly #woken = new Map<string, boolean>();

  constructor(redis: RedisClient, queue: OpenQueue<DeliveryBatchPayload>) {
    this.#queue = queue;
    this.#due = new DueSet(redis, redis.keyspace.deliveriesDue, CLAIMED_MS);
  }

  /** Before deliveries are stored, so that they are found even if this process dies before it wakes their subscriptions. */
  async mark(subscriptions: readonly string[]): Promise<void> {
    if (subscriptions.length === 0) return;
    await this.#due.scheduleEarlier(subscriptions.map((subscription) => [subscription, MARKED_MS] as const));
  }

  /** Requests a batch of each; if one is running, another one follows it. A lost request is found by its mark. */
  async wake(subscriptions: readonly string[]): Promise<void> {
    await Promise.all(subscriptions.map((subscription) => this.#wake(subscription)));
  }

  /** The next batch of the subscription; null: nothing is pending. */
  async schedule(subscription: string, at: Date | null): Promise<void> {
    if (at === null) await this.#due.remove(subscription);
    else await this.#due.schedule(subscription, Math.max(0, at.getTime() - Date.now()));
  }

  /** For maintenance: only if it is earlier than what is known. */
  async restore(due: readonly (readonly [subscription: string, at: Date])[]): Promise<void> {
    if (due.length === 0) return;
    const now = Date.now();
    await this.#due.scheduleEarlier(due.map(([id, at]) => [id, Math.max(0, at.getTime() - now)] as const));
  }

  /** For maintenance: wakes the subscriptions whose time has come. */
  async wakeDue(): Promise<void> {
    const due = await this.#due.claim(MAX_WOKEN_AT_ONCE);
    await Promise.all(due.map((subscription) => this.#queue.add({ subscription })));
  }

  async #wake(subscription: string): Promise<void> {
    if (this.#woken.has(subscription)) {
      this.#woken.set(subscription, true);
      return;
    }
    this.#woken.set(subscription, false);
    setTimeout(() => {
      const isAgain = this.#woken.get(subscription);
      this.#woken.delete(subscription);
      if (isAgain) this.#wake(subscription).catch(() => {});
    }, MIN_WAKE_INTERVAL_MS);
    await this.#queue.add({ subscription });
  }
}
