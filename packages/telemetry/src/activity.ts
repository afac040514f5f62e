import type { Events, MinuteCounts, PushCount, PushRefusal } from '@wxthirdparty/platform';

const FLUSH_INTERVAL_MS = 10_000;
const MINUTE_MS = 60_000;
/** While Redis is unavailable; older counts are lost. */
const MAX_KEPT_MINUTES = 10;

export interface ActivityWriter {
  add(counted: readonly MinuteCounts[], refusals: ReadonlyMap<string, PushRefusal>): Promise<void>;
}

type Counts = Partial<Record<PushCount, number>>;

/** Counts what this process publishes, and adds it to the counts of all processes every ten seconds, and when it is closed. */
export function countActivity(events: Events, writer: ActivityWriter): { close(): Promise<void> } {
  /** By minute, then by component. */
  let counted = new Map<number, Map<string, Counts>>();
  let refusals = new Map<string, PushRefusal>();

  const count = (component: string, what: PushCount, times = 1, minute = Math.floor(Date.now() / MINUTE_MS)) => {
    const ofMinute = counted.get(minute) ?? new Map<string, Counts>();
    counted.set(minute, ofMinute);
    const counts = ofMinute.get(component) ?? {};
    ofMinute.set(component, counts);
    counts[what] = (counts[what] ?? 0) + times;
  };

  const flush = async () => {
    if (counted.size === 0 && refusals.size === 0) return;
    const sent = { counted, refusals };
    counted = new Map();
    refusals = new Map();
    const list = [...sent.counted].flatMap(([minute, ofMinute]) =>
      [...ofMinute].map(([component, counts]) => ({ component, minute, counts })),
    );
    try {
      await writer.add(list, sent.refusals);
    } catch {
      // Only display and rates depend on them; the next flush tries again.
      const oldest = Math.floor(Date.now() / MINUTE_MS) - MAX_KEPT_MINUTES;
      for (const { component, minute, counts } of list) {
        if (minute < oldest) continue;
        for (const [what, times] of Object.entries(counts)) count(component, what as PushCount, times, minute);
      }
      refusals = new Map([...sent.refusals, ...refusals]);
    }
  };

  events.subscribe('push-received', ({ component, url, result, refusal }) => {
    count(component, result);
    if (refusal) refusals.set(component, { at: new Date(), url, ...refusal });
  });
  events.subscribe('push', ({ component, outcome }) => {
    if (outcome === 'wrong_account') count(component, 'wrongAccount');
  });
  const timer = setInterval(() => void flush(), FLUSH_INTERVAL_MS).unref();
  return {
    close() {
      clearInterval(timer);
      return flush();
    },
  };
}
