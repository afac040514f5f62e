import type { Alarm } from '@wxthirdparty/sdk';
import { expect, it } from 'vitest';
import { shownAlarms } from './alarm-groups.ts';

function alarm(id: string, severity: Alarm['severity'], component: string | null): Alarm {
  return { id, severity, component } as Alarm;
}

const idsOf = (alarms: readonly Alarm[], max = 5) =>
  shownAlarms(alarms, max).groups.map((group) => [
    group.severity,
    group.component,
    group.alarms.map(({ id }) => id).join(' '),
  ]);

it('groups the open alarms by severity and component, the most urgent first', () => {
  const alarms = [
    alarm('1', 'warn', 'wxa'),
    alarm('2', 'page', 'wxb'),
    alarm('3', 'warn', null),
    alarm('4', 'page', null),
    alarm('5', 'page', 'wxb'),
  ];
  expect(idsOf(alarms)).toEqual([
    ['page', null, '4'],
    ['page', 'wxb', '2 5'],
    ['warn', null, '3'],
    ['warn', 'wxa', '1'],
  ]);
});

it('keeps the order of the gateway in a group, and counts what is not shown', () => {
  const alarms = ['1', '2', '3', '4'].map((id) => alarm(id, 'warn', null));
  expect(idsOf(alarms, 3)).toEqual([['warn', null, '1 2 3']]);
  expect(shownAlarms(alarms, 3).more).toBe(1);
  expect(shownAlarms(alarms, 4).more).toBe(0);
  expect(shownAlarms([], 4)).toEqual({ groups: [], more: 0 });
});
