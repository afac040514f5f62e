import { withDeadline } from '@wxthirdparty/platform';
import { DirectAlarms } from './direct-alarms.ts';
import { evaluate } from './evaluate.ts';
import { EventMemory } from './event-memory.ts';
import { type AlarmPlatform, AlarmReader, type AlarmSettings } from './read-all.ts';

const CLOSE_TIMEOUT_MS = 500;

/** Evaluates the rules every ten seconds, and reports what they find, until it is closed. */
export function startAlarms(platform: AlarmPlatform, settings: AlarmSettings): { close(): Promise<void> } {
  const { events, alarms } = platform;
  const reader = new AlarmReader(platform, new EventMemory(events), settings);
  const direct = new DirectAlarms(events, alarms, settings.publicUrl);
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let round: Promise<void> = Promise.resolve();
  const evaluateAll = async () => alarms.report(evaluate(await reader.read(), settings.publicUrl));
  const later = () => {
    if (isClosed) return;
    timer = setTimeout(() => {
      // Redis is unavailable, or another deployment's: then only what is sent directly counts.
      round = evaluateAll()
        .catch(() => {})
        .finally(later);
    }, alarms.times.roundMs);
    timer.unref();
  };
  later();
  return {
    close() {
      isClosed = true;
      clearTimeout(timer);
      direct.close();
      // It writes nothing that the next process would not write.
      return withDeadline(round, CLOSE_TIMEOUT_MS, () => new Error('no answer in time')).catch(() => {});
    },
  };
}
