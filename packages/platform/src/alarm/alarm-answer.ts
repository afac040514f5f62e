import type { Alarm } from './alarm.ts';

/** An alarm in lists and in messages to webhooks; JSON renders its times as ISO 8601. */
export function alarmAnswer(alarm: Alarm): Alarm {
  const { id, rule, severity, component, processes, openedAt, closedAt, cause, remedy, link } = alarm;
  return { id, rule, severity, component, processes, openedAt, closedAt, cause, remedy, link };
}
