import type { Activity, ActivityCount, Events, MinuteCounts, PushRefusal } from '@wxthirdparty/platform';

const FLUSH_INTERVAL_MS = 10_000;
const MINUTE_MS = 60_000;
/** While Redis is unavailable; older counts are lost. */
const MAX_KEPT_MINUTES = 10;
/** WeChat waits for five seconds (protocol §1.3). */
const SLOW_ANSWER_MS = 3_000;
/** The token is not the current one (protocol §3.12). */
const TOKEN_REFUSED = 40001;

export interface ActivityWriter {
  /** Returns what could not be added. */
  add(activity: Activity): Promise<Activity>;
}

/** Counts what this process publishes, and adds it to the counts of all processes every ten seconds, and when it is closed. */
export function countActivity(
  events: Events,
  writer: ActivityWriter,
  now: () => number = Date.now,
): { close(): Promise<void> } {
  const counts = new MinuteTable();
  let refusals = new Map<string, PushRefusal>();
  let flushing = Promise.resolve();

  const count = (component: string, what: ActivityCount) => counts.add(component, minuteOf(now()), what, 1);

  const flush = async () => {
    const counted = counts.take(minuteOf(now()) - MAX_KEPT_MINUTES);
    const taken = refusals;
    if (counted.length === 0 && taken.size === 0) return;
    refusals = new Map();
    const activity = { counted, refusals: taken };
    // Only display and rates depend on them; the next flush tries again.
    const rest = await writer.add(activity).catch(() => activity);
    for (const one of rest.counted) counts.putBack(one);
    refusals = new Map([...rest.refusals, ...refusals]);
  };
  // One after the other, so that the last one has what another could not add.
  const flushNext = () => {
    flushing = flushing.then(flush);
    return flushing;
  };

  events.subscribe('push-received', ({ component, url, result, refusal, ms }) => {
    count(component, result);
    if (ms > SLOW_ANSWER_MS) count(component, 'answeredSlowly');
    if (refusal) refusals.set(component, { at: new Date(now()), url, ...refusal });
  });
  events.subscribe('push', ({ component, outcome }) => {
    if (outcome === 'wrong_account') count(component, 'wrongAccount');
  });
  events.subscribe('call', ({ component, outcome, errcode, corrected }) => {
    // The outcome that it replaces was counted; a cancelled call was never sent, since its caller no longer waits.
    if (corrected || outcome === 'cancelled') return;
    count(component, outcome === 'completed' && !errcode ? 'callsCompleted' : 'callsFailed');
    if (outcome === 'outcome_unknown') count(component, 'callsOutcomeUnknown');
  });
  events.subscribe('wechat', ({ component, errcode }) => {
    if (errcode === TOKEN_REFUSED) count(component, 'callsTokenRefused');
  });
  events.subscribe('refresh', ({ component, outcome }) => {
    if (outcome === 'stored') count(component, 'refreshesStored');
    else if (outcome === 'failed') count(component, 'refreshesFailed');
  });
  events.subscribe('delivery', ({ component, result }) => {
    count(component, result === 'delivered' ? 'deliveriesDelivered' : 'deliveriesFailed');
  });
  const timer = setInterval(() => void flushNext(), FLUSH_INTERVAL_MS).unref();
  return {
    close() {
      clearInterval(timer);
      return flushNext();
    },
  };
}

function minuteOf(time: number): number {
  return Math.floor(time / MINUTE_MS);
}

type Counts = Partial<Record<ActivityCount, number>>;

/** Counts by minute and component. */
class MinuteTable {
  #minutes = new Map<number, Map<string, Counts>>();

  add(component: string, minute: number, what: ActivityCount, times: number): void {
    const counts = this.#countsOf(component, minute);
    counts[what] = (counts[what] ?? 0) + times;
  }

  /** All, and forgets them. Those before `oldestMinute` are lost. */
  take(oldestMinute: number): MinuteCounts[] {
    const taken = this.#minutes;
    this.#minutes = new Map();
    return [...taken]
      .filter(([minute]) => minute >= oldestMinute)
      .flatMap(([minute, byComponent]) =>
        [...byComponent].map(([component, counts]) => ({ component, minute, counts })),
      );
  }

  putBack({ component, minute, counts }: MinuteCounts): void {
    for (const name in counts) {
      const what = name as ActivityCount;
      this.add(component, minute, what, counts[what]!);
    }
  }

  #countsOf(component: string, minute: number): Counts {
    const byComponent = this.#minutes.get(minute) ?? new Map<string, Counts>();
    this.#minutes.set(minute, byComponent);
    const counts = byComponent.get(component) ?? {};
    byComponent.set(component, counts);
    return counts;
  }
}
