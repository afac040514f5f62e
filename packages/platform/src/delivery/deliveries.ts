import { Failure } from '@wxthirdparty/wechat';
import { type AccountName, accountKey, nameless } from '../authorizer/account-name.ts';
import type { AuthorizerStore } from '../authorizer/authorizer-store.ts';
import type { Components } from '../component/components.ts';
import type { BulkWriter } from '../database/bulk.ts';
import { repeat } from '../database/repeat.ts';
import type { SealedPush } from '../journal/journaled-push.ts';
import type { PushStore } from '../journal/push-store.ts';
import { unknownPush } from '../journal/unknown-push.ts';
import type { Page, PageRequest } from '../paging.ts';
import type { Subscription } from '../subscription/subscription.ts';
import type { SubscriptionSnapshot } from '../subscription/subscription-snapshot.ts';
import type { Delivery, DeliveryState, FailedAttempt } from './delivery.ts';
import { insertDeliveries, replayedRow } from './delivery-rows.ts';
import type { Account, Backlog, DeliveryStore } from './delivery-store.ts';
import type { DueSubscriptions } from './due-subscriptions.ts';
import { matchableOf } from './matchable.ts';
import { nextAttemptAt, waits } from './next-attempt.ts';
import { hastenStep, reopenSteps } from './reopen-steps.ts';
import { SINGLE_REPLAY } from './replay.ts';

export interface DeliveryListInput extends PageRequest {
  /** One of these is required. */
  readonly subscription?: string | undefined;
  readonly appid?: string | undefined;
  readonly handle?: string | undefined;
  readonly state?: DeliveryState | undefined;
  /** Only of these accounts; empty: of all. */
  readonly own: readonly string[];
}

/** A delivery as the API shows it, with the current names of its account. */
export interface DeliveryView extends Delivery, AccountName {}

export interface DeliveriesParts {
  readonly store: DeliveryStore;
  readonly pushes: Pick<PushStore, 'findIn' | 'open'>;
  readonly snapshot: Pick<SubscriptionSnapshot, 'refresh' | 'matching'>;
  readonly writer: Pick<BulkWriter, 'write'>;
  readonly due: Pick<DueSubscriptions, 'wake'>;
  readonly components: Components;
  readonly authorizers: Pick<AuthorizerStore, 'find' | 'findByHandle' | 'names'>;
}

/** What owners of subscriptions do with deliveries. */
export class Deliveries {
  readonly #parts: DeliveriesParts;

  constructor(parts: DeliveriesParts) {
    this.#parts = parts;
  }

  backlog(subscription: string): Promise<Backlog> {
    return this.#parts.store.backlog(subscription);
  }

  /** When a subscription that is failing, or whose receiver asked for silence, is tried next; null: nothing keeps it waiting. */
  async nextAttemptAt(subscription: Subscription): Promise<Date | null> {
    if (!waits(subscription, new Date())) return null;
    const dueAt = await this.#parts.store.nextDueAt(subscription.id);
    return dueAt && nextAttemptAt(subscription, dueAt);
  }

  /** The newest first; a filtered page may hold fewer than `limit`. Throws Failure `invalid_request`. */
  async list(input: DeliveryListInput): Promise<Page<DeliveryView>> {
    const { subscription, state, limit, cursor } = input;
    const accounts = await this.#accountsOf(input);
    if (subscription === undefined && accounts === undefined) {
      throw new Failure('invalid_request', 'fix-request', 'One of subscription, appid and handle is required.');
    }
    const { items, next } = await this.#parts.store.list({ subscription, accounts, state, limit, cursor });
    return { items: await this.#views(items), next };
  }

  /** `failures`: the last ten failed attempts, the oldest first. Throws Failure `unknown_delivery`. */
  async find(
    subscription: string,
    push: string,
  ): Promise<{ readonly delivery: DeliveryView; readonly failures: readonly FailedAttempt[] }> {
    const found = await this.#parts.store.find(subscription, push);
    if (!found) throw unknownDelivery();
    const [delivery] = await this.#views([found.delivery]);
    return { delivery: delivery!, failures: found.failures };
  }

  /** Makes a delivery due now; a settled one is reopened. */
  async retry({ subscription, push }: Delivery): Promise<void> {
    const now = new Date();
    const steps = [hastenStep(subscription, push, now), ...reopenSteps(subscription, [push], null, now)];
    await repeat(() => this.#parts.writer.write(steps));
    await this.#wake([subscription]);
  }

  /** Throws Failure `unknown_push`. */
  async findPush(id: string): Promise<SealedPush> {
    const components = this.#parts.components.all().map(({ appid }) => appid);
    const push = await this.#parts.pushes.findIn(components, id);
    if (!push) throw unknownPush();
    return push;
  }

  /** The subscriptions that receive such a push now. */
  async matching(push: SealedPush): Promise<readonly Subscription[]> {
    const { snapshot, pushes, authorizers } = this.#parts;
    // What cannot be of the account that its URL names is never delivered by itself.
    if (push.note === 'wrong_account') return [];
    await snapshot.refresh();
    const { component, appid, type } = push;
    const account = appid === null ? undefined : await authorizers.find(component, appid);
    const known = { component, appid, type, handle: account?.handle ?? null };
    const payload = pushes.open(push);
    return snapshot.matching(payload ? matchableOf({ ...known, payload }) : known);
  }

  /** Sends a push again to these subscriptions, whatever their filters. Pending deliveries are not touched. */
  async replayPush(push: SealedPush, subscriptions: readonly Pick<Subscription, 'id'>[]): Promise<void> {
    const now = new Date();
    const ids = subscriptions.map(({ id }) => id);
    const steps = [
      ...ids.flatMap((id) => reopenSteps(id, [push.id], SINGLE_REPLAY, now)),
      insertDeliveries(ids.map((id) => replayedRow(id, push, SINGLE_REPLAY, now))),
    ];
    await repeat(() => this.#parts.writer.write(steps));
    await this.#wake(ids);
  }

  /** What is stored is found by maintenance, too. */
  #wake(subscriptions: readonly string[]): Promise<void> {
    return this.#parts.due.wake(subscriptions).catch(() => {});
  }

  /** Undefined: all. */
  async #accountsOf({ appid, handle, own }: DeliveryListInput): Promise<Account[] | undefined> {
    const isOwn = (one: string) => own.length === 0 || own.includes(one);
    if (handle !== undefined) {
      const found = await this.#parts.authorizers.findByHandle(handle);
      return found
        .filter((one) => isOwn(one.appid) && (appid === undefined || appid === one.appid))
        .map((one) => ({ component: one.component, appid: one.appid }));
    }
    const appids = appid !== undefined ? [appid].filter(isOwn) : own.length > 0 ? own : undefined;
    return appids?.flatMap((one) =>
      this.#parts.components.all().map(({ appid: component }) => ({ component, appid: one })),
    );
  }

  async #views(deliveries: readonly Delivery[]): Promise<DeliveryView[]> {
    const names = await this.#parts.authorizers.names(deliveries);
    return deliveries.map((delivery) => ({ ...delivery, ...(names.get(accountKey(delivery)) ?? nameless) }));
  }
}

function unknownDelivery(): Failure {
  return new Failure(
    'unknown_delivery',
    'fix-request',
    'The subscription has no delivery of this push, or it is older than PUSH_DAYS.',
  );
}
