import type { Alarm } from '@wxthirdparty/sdk';

export interface AlarmGroup {
  readonly severity: Alarm['severity'];
  /** null: they concern the whole deployment. */
  readonly component: string | null;
  readonly alarms: readonly Alarm[];
}

export interface ShownAlarms {
  readonly groups: readonly AlarmGroup[];
  /** How many more are open. */
  readonly more: number;
}

/**
 * The most urgent alarms, by severity and component: what must be seen at once is first, and of that what concerns the whole
 * deployment. One cause opens several alarms, so that most operators need only the first ones.
 */
export function shownAlarms(alarms: readonly Alarm[], max: number): ShownAlarms {
  const shown = alarms.toSorted((a, b) => rankOf(a) - rankOf(b)).slice(0, max);
  const groups = Map.groupBy(shown, ({ severity, component }) => `${severity} ${component}`);
  return {
    groups: [...groups.values()].map((group) => {
      const { severity, component } = group[0]!;
      return { severity, component, alarms: group };
    }),
    more: alarms.length - shown.length,
  };
}

function rankOf({ severity, component }: Alarm): number {
  return (severity === 'page' ? 0 : 2) + (component === null ? 0 : 1);
}
