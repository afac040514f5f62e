import { BoundedCache } from '../bounded-cache.ts';
import type { ActivityCounts } from './activity-counts.ts';
import { ACTIVITY_STEP_MS, type ActivityStore, sumOf } from './activity-store.ts';
import type { Components } from './components.ts';

const HOUR_MS = 60 * 60_000;
const CACHE_TTL_MS = 30_000;
const MAX_CACHED = 100;

/** Counts of every five minutes, the current ones last. */
export interface ActivityHistory {
  /** When the first five minutes began. */
  readonly from: Date;
  readonly stepMs: number;
  readonly calls: { readonly completed: readonly number[]; readonly failed: readonly number[] };
  readonly pushes: { readonly accepted: readonly number[]; readonly failed: readonly number[] };
  readonly deliveries: { readonly delivered: readonly number[]; readonly failed: readonly number[] };
}

export interface ActivityPeriod {
  /** 1 to 48. */
  readonly hours: number;
  /** Undefined: all of them. */
  readonly component?: string | undefined;
}

/** What all processes did in the last hours; each answer is kept for 30 s, since every open console asks for it. */
export class ActivityHistories {
  readonly #store: Pick<ActivityStore, 'lastSteps'>;
  readonly #components: Components;
  readonly #cached = new BoundedCache<string, { readonly until: number; readonly history: Promise<ActivityHistory> }>(
    MAX_CACHED,
  );

  constructor(store: Pick<ActivityStore, 'lastSteps'>, components: Components) {
    this.#store = store;
    this.#components = components;
  }

  /** Throws Failure `unknown_component`. */
  async read({ hours, component }: ActivityPeriod, now = Date.now()): Promise<ActivityHistory> {
    const appids = component === undefined ? this.#components.all().map(({ appid }) => appid) : [component];
    if (component !== undefined) this.#components.get(component);
    const key = `${hours} ${component ?? ''}`;
    const cached = this.#cached.get(key);
    if (cached && cached.until > now) return cached.history;
    const history = this.#read(appids, hours, now);
    this.#cached.set(key, { until: now + CACHE_TTL_MS, history });
    history.catch(() => {
      if (this.#cached.get(key)?.history === history) this.#cached.delete(key);
    });
    return history;
  }

  async #read(components: readonly string[], hours: number, now: number): Promise<ActivityHistory> {
    const steps = (hours * HOUR_MS) / ACTIVITY_STEP_MS;
    const each = await Promise.all(components.map((component) => this.#store.lastSteps(component, steps, now)));
    const counts = Array.from({ length: steps }, (_, step) => sumOf(each.map((ofComponent) => ofComponent[step]!)));
    const line = (value: (one: ActivityCounts) => number) => counts.map(value);
    return {
      from: new Date((Math.floor(now / ACTIVITY_STEP_MS) - steps + 1) * ACTIVITY_STEP_MS),
      stepMs: ACTIVITY_STEP_MS,
      calls: { completed: line((one) => one.callsCompleted), failed: line((one) => one.callsFailed) },
      pushes: { accepted: line((one) => one.accepted), failed: line(failedPushes) },
      deliveries: { delivered: line((one) => one.deliveriesDelivered), failed: line((one) => one.deliveriesFailed) },
    };
  }
}

/** A duplicate is neither: WeChat delivered a push that was accepted before. */
function failedPushes(one: ActivityCounts): number {
  return one.unreadable + one.wrongAccount + one.tooOld + one.refused + one.unavailable;
}
