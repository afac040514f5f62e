import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { lateWindowMs, pushTypes, repliesTo } from './push-types.ts';

const protocol = readFileSync(new URL('../../../../docs/wechat-protocol.md', import.meta.url), 'utf8');
const section = (from: string, to: string) => protocol.slice(protocol.indexOf(from), protocol.indexOf(to));
/** The names in the first column of a table's rows. */
const firstColumn = (text: string) =>
  [...text.matchAll(/^\| (`.*?) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([\w/]+)`/g)].map(([, name]) => name!),
  );
const known = Object.keys(pushTypes);

it('has every message, event and InfoType of the documented protocol', () => {
  const messages = section('| MsgType | extra fields |', '| Event | extra fields |');
  const events = section('| Event | extra fields |', '#### Passive reply');
  const infoTypes = section('#### other InfoTypes', '### 1.5');
  const expected = [
    ...firstColumn(messages)
      .filter((name) => name !== 'event')
      .map((name) => `message.${name}`),
    // `a_success/fail` are two events.
    ...firstColumn(events).flatMap((name) => {
      const [first = '', last] = name.toLowerCase().split('/');
      return last ? [`event.${first}`, `event.${first.replace(/[a-z]+$/, last)}`] : [`event.${first}`];
    }),
    ...firstColumn(infoTypes).map((name) => `component.${name}`),
    'component.notify_third_fasteregister',
  ];
  expect(expected.length).toBeGreaterThan(45);
  expect(expected.filter((type) => !known.includes(type))).toEqual([]);
});

it('has a text in both languages for each', () => {
  for (const { description } of Object.values(pushTypes)) {
    expect(description.zh).toMatch(/\p{Script=Han}/u);
    expect(description.en).toMatch(/^[A-Z]/);
  }
});

it('permits replies to messages of any type, and to the events that a user causes', () => {
  expect(repliesTo('message.text')).toContain('news');
  expect(repliesTo('message.of_next_year')).toContain('text');
  expect(repliesTo('event.subscribe')).toContain('text');
  expect(repliesTo('event.user_enter_tempsession')).toEqual(['transfer']);
  for (const type of ['event.templatesendjobfinish', 'event.of_next_year', 'unreadable', 'toString']) {
    expect(repliesTo(type)).toEqual([]);
    expect(lateWindowMs(type)).toBeNull();
  }
  expect(lateWindowMs('message.of_next_year')).toBe(48 * 3_600_000);
  expect(lateWindowMs('event.click')).toBe(60_000);
  expect(lateWindowMs('event.location')).toBeNull();
});
