import { type LostProcess, lostProcesses } from './deployment/process-list.ts';
import type { Foundation } from './open-foundation.ts';
import type { Services, Shared } from './open-services.ts';
import { type AccountCount, LimitedAccounts } from './quota/limited-accounts.ts';
import { readEarlyRefusals } from './token/early-refusals.ts';

/** What only the rules of alarms read. Each rejects while what it is read from is unreachable. */
export interface AlarmSources {
  lostProcesses(): Promise<readonly LostProcess[]>;
  /** Accounts of the component that have used four fifths, or all, of a quota today. */
  limitedAccounts(component: string): Promise<{ readonly warned: AccountCount; readonly closed: AccountCount }>;
  hasReconciliationFailed(component: string): Promise<boolean>;
  /** How many component tokens WeChat refused early, in 24 hours. */
  earlyRefusals(component: string): Promise<number>;
  /** Undefined: subscriptions were not read yet. */
  pausedSubscriptions(): number | undefined;
}

export function openAlarmSources(
  { events, failFastRedis }: Foundation,
  { subscriptionSnapshot }: Shared,
  { reconciliationStore }: Services,
): AlarmSources {
  const limited = new LimitedAccounts(failFastRedis);
  events.subscribe('quota', (event) => {
    // Without Redis no quota is counted either.
    limited.note(event).catch(() => {});
  });
  return {
    lostProcesses: () => lostProcesses(failFastRedis),
    limitedAccounts: (component) => limited.counts(component),
    hasReconciliationFailed: (component) => reconciliationStore.hasFailedLast(component),
    earlyRefusals: async (component) => (await readEarlyRefusals(failFastRedis, component)).count,
    pausedSubscriptions: () => (subscriptionSnapshot.isLoaded ? subscriptionSnapshot.pausedByThemselves : undefined),
  };
}
