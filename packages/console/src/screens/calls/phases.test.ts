import type { TimelineEvent } from '@wxthirdparty/sdk';
import { expect, it } from 'vitest';
import { phasesOf } from './phases.ts';

const START = Date.parse('2026-11-28T06:03:19.000Z');
const events = (...named: readonly (readonly [sinceMs: number, event: TimelineEvent['event']])[]) =>
  named.map(([sinceMs, event]) => ({ at: new Date(START + sinceMs).toISOString(), event }) as TimelineEvent);

it('the time of a call is divided by what it waited for', () => {
  const timeline = events(
    ...([
      [0, 'received'],
      [0, 'queued'],
      [7, 'token_waited'],
      [31, 'sent'],
      [113, 'answered'],
    ] as const),
    ...([
      [113, 'retried'],
      [613, 'sent'],
      [620, 'answered'],
      [625, 'settled'],
      [700, 'callback'],
    ] as const),
  );
  expect(phasesOf(timeline).map(({ name, ms }) => `${name} ${ms}`)).toEqual([
    ...['waiting 7', 'token 24', 'wechat 82', 'pause 500', 'wechat 7', 'storing 5'],
  ]);
});

it('a call that is not settled has no division', () => {
  expect(phasesOf(events([0, 'received'], [3, 'sent']))).toEqual([]);
});
