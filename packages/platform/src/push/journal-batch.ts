import { setImmediate as breathe } from 'node:timers/promises';
import type { ReportingWriter } from '../database/bulk.ts';
import type { DeliveryRow } from '../database/schema.ts';
import type { AskedOutcome } from '../delivery/asked-outcome.ts';
import type { AskedOutcomes, JournaledOutcome } from '../delivery/asked-outcomes.ts';
import { deliveryRow, insertDeliveries } from '../delivery/delivery-rows.ts';
import type { DueSubscriptions } from '../delivery/due-subscriptions.ts';
import type { Events } from '../events.ts';
import type { FollowerStore } from '../follower/follower-store.ts';
import type { Persons } from '../journal/person.ts';
import { insertPushes } from '../journal/push-row.ts';
import { type OutcomeEntry, outcomePlace, type ReadEntry, type StreamEntry } from '../journal/stream-entry.ts';
import { type ReceivedStep, readStep } from '../release-check/step-report.ts';
import type { SubscriptionSnapshot } from '../subscription/subscription-snapshot.ts';
import {
  type ComposedPush,
  type ComposeParts,
  composeNotice,
  composePush,
  type FollowerStatus,
} from './compose-entry.ts';
import type { KnownAccounts } from './known-accounts.ts';

/** Opening and sealing are synchronous; the event loop runs between the slices. */
const SLICE = 50;

export interface JournalBatchParts extends ComposeParts {
  readonly persons: Persons;
  readonly accounts: Pick<KnownAccounts, 'read'>;
  readonly snapshot: Pick<SubscriptionSnapshot, 'refresh' | 'matching' | 'find'>;
  readonly writer: ReportingWriter;
  readonly due: Pick<DueSubscriptions, 'mark' | 'wake'>;
  readonly outcomes: Pick<AskedOutcomes, 'steps'>;
  /** Safe to repeat. */
  readonly recordSteps: (steps: readonly ReceivedStep[]) => Promise<void>;
  readonly followers: Pick<FollowerStore, 'recordStatus'>;
  readonly events: Events;
}

/** An entry that this version can read, with what it contributes to the batch. */
export type Composed =
  | { readonly kind: 'push'; readonly entry: ReadEntry; readonly push: ComposedPush }
  | { readonly kind: 'outcome'; readonly entry: ReadEntry; readonly outcome: JournaledOutcome | undefined }
  | { readonly kind: 'step'; readonly entry: ReadEntry; readonly step: ReceivedStep };

export interface Composition {
  readonly composed: readonly Composed[];
  readonly failed: readonly { readonly entry: ReadEntry; readonly error: unknown }[];
}

/** Turns entries of the stream into rows, and does what follows from them. Everything is safe to repeat. */
export class JournalBatch {
  readonly #parts: JournalBatchParts;

  constructor(parts: JournalBatchParts) {
    this.#parts = parts;
  }

  /**
   * To be called after the entries were read: whatever subscription was created before them is then known. Throws what Redis
   * and the database throw; an entry that cannot be opened is `failed`.
   */
  async compose(entries: readonly (ReadEntry & { readonly content: StreamEntry })[]): Promise<Composition> {
    const { snapshot } = this.#parts;
    await snapshot.refresh();
    const accounts = await this.#accountsOf(entries);
    const composed: Composed[] = [];
    const failed: { entry: ReadEntry; error: unknown }[] = [];
    for (const [i, entry] of entries.entries()) {
      if (i > 0 && i % SLICE === 0) await breathe();
      try {
        composed.push(this.#composeOne(entry, accounts));
      } catch (error) {
        failed.push({ entry, error });
      }
    }
    return { composed, failed };
  }

  /** Stores them in one transaction, then does what follows. */
  async write(composed: readonly Composed[]): Promise<void> {
    const { snapshot, persons, writer, due, outcomes, recordSteps } = this.#parts;
    const pushes = composed.flatMap((one) => (one.kind === 'push' ? [one.push] : []));
    const deliveries: DeliveryRow[] = [];
    const pushOf: number[] = [];
    const now = new Date();
    for (const [i, { row, matchable, asked }] of pushes.entries()) {
      for (const subscription of matchable ? snapshot.matching(matchable) : []) {
        deliveries.push(deliveryRow({ subscription, push: row, asked: subscription.id === asked }, now));
        pushOf.push(i);
      }
    }
    const touched = [...new Set(deliveries.map(({ subscription }) => subscription))];
    const settling = outcomes.steps(
      composed.flatMap((one) => (one.kind === 'outcome' && one.outcome ? [one.outcome] : [])),
    );
    // First, so that a crash after the commit loses no wake-up.
    await due.mark(touched);
    const rows = pushes.map(({ row }) => row);
    const { changes } = await writer.apply([
      insertPushes(rows, persons),
      // A push whose row existed before creates no delivery.
      { ...insertDeliveries(deliveries), onlyWith: { step: 0, rows: pushOf } },
      ...settling.steps,
    ]);
    await this.#recordStatuses(pushes.flatMap(({ status }) => status ?? []));
    await recordSteps(composed.flatMap((one) => (one.kind === 'step' ? [one.step] : [])));
    await settling.committed();
    // They are marked, so a wake-up that fails only makes them late.
    await due.wake(touched).catch(() => {});
    this.#publish(pushes, changes[0] ?? []);
  }

  #composeOne(
    { streamId, content }: ReadEntry & { readonly content: StreamEntry },
    accounts: ReadonlyMap<string, Awaited<ReturnType<KnownAccounts['read']>>>,
  ): Composed {
    const entry = { streamId, content };
    switch (content.kind) {
      case 'push':
        return { kind: 'push', entry, push: composePush(streamId, content, accounts.get(keyOf(content)), this.#parts) };
      case 'notice':
        return {
          kind: 'push',
          entry,
          push: composeNotice(streamId, content, accounts.get(keyOf(content)), this.#parts),
        };
      case 'outcome':
        return { kind: 'outcome', entry, outcome: this.#outcomeOf(content) };
      case 'step':
        return { kind: 'step', entry, step: readStep(streamId, content) };
      default:
        return content satisfies never;
    }
  }

  /** Undefined: its subscription was deleted. */
  #outcomeOf({ component, push, subscription: id, sealed }: OutcomeEntry): JournaledOutcome | undefined {
    const { seals, snapshot } = this.#parts;
    const subscription = snapshot.find(id);
    if (!subscription) return undefined;
    const opened = seals.openBytes(sealed, outcomePlace(component, push, id));
    return { subscription, component, push, outcome: JSON.parse(opened.toString('utf8')) as AskedOutcome };
  }

  async #accountsOf(entries: readonly (ReadEntry & { readonly content: StreamEntry })[]) {
    const { accounts } = this.#parts;
    const named = new Map<string, { readonly component: string; readonly appid: string }>();
    for (const { content } of entries) {
      if ((content.kind !== 'push' && content.kind !== 'notice') || content.appid === undefined) continue;
      named.set(keyOf(content), { component: content.component, appid: content.appid });
    }
    const found = await Promise.all(
      [...named].map(async ([key, { component, appid }]) => [key, await accounts.read(component, appid)] as const),
    );
    return new Map(found);
  }

  /** Those of one user one after the other: of two in one second, the later one counts. */
  async #recordStatuses(statuses: readonly FollowerStatus[]): Promise<void> {
    const { followers } = this.#parts;
    const ofUsers = Map.groupBy(statuses, ({ component, appid, openid }) => `${component}/${appid}/${openid}`);
    await Promise.all(
      [...ofUsers.values()].map(async (own) => {
        for (const { component, appid, openid, subscribed, at } of own) {
          await followers.recordStatus({ component, appid }, openid, subscribed, at);
        }
      }),
    );
  }

  #publish(pushes: readonly ComposedPush[], isNew: readonly boolean[]): void {
    for (const [i, { row, url, name, outcome }] of pushes.entries()) {
      if (!isNew[i]) continue;
      const { component, appid, id, receivedAt } = row;
      const ms = Date.now() - receivedAt.getTime();
      const lagMs = Math.max(0, ms);
      const report = { component, appid: appid ?? undefined, url, id, job: undefined, push: name, outcome };
      const times = { receivedAt: receivedAt.toISOString(), ms, lagMs };
      this.#parts.events.publish('push', { ...report, result: 'handled', ...times });
    }
  }
}

function keyOf({ component, appid }: { readonly component: string; readonly appid: string | undefined }): string {
  return `${component}/${appid}`;
}
