import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Sentence } from './sentence.mjs';

/** Each is a moment at which a mistake about days, zones or seasons shows, and the zone of the machine. */
export const CLOCKS = [
  // The last minutes of a day and a month in Beijing.
  { name: 'month-end', at: '2027-01-31T23:50:00+08:00', zone: 'Asia/Shanghai' },
  // A leap day that has just started in Beijing and has not started elsewhere; an offset of half an hour.
  { name: 'leap-day', at: '2028-02-29T00:02:00+08:00', zone: 'America/St_Johns' },
  // Morning in Beijing, shortly before midnight UTC.
  { name: 'morning', at: '2026-12-31T07:59:00+08:00', zone: 'UTC' },
  // The local day has 23 hours, and its missing hour is over.
  { name: 'summer-time', at: '2027-03-14T15:30:00+08:00', zone: 'America/St_Johns' },
];

const CLOCKS_OPTION = '--clocks=';

/**
 * Takes `--clocks=NAME,NAME…` out of the arguments: the clocks that it names, or all.
 * @param {readonly string[]} args
 */
export function takeClocks(args) {
  const option = args.find((arg) => arg.startsWith(CLOCKS_OPTION));
  const others = args.filter((arg) => arg !== option);
  if (option === undefined) return { clocks: CLOCKS, others };
  const clocks = option
    .slice(CLOCKS_OPTION.length)
    .split(',')
    .map((name) => {
      const clock = CLOCKS.find((one) => one.name === name);
      if (clock) return clock;
      throw new Sentence(`There is no clock "${name}"; there are ${CLOCKS.map((one) => one.name).join(', ')}.`);
    });
  return { clocks, others };
}

/** What a test names if its result may depend on the time of day, the day or the zone. */
const READS_THE_DATE =
  /[Bb]eijing|[Ss]hanghai|\bUTC\b|getUTC|timeZone|\bDAY_MS\b|nextAt|closedUntil|exhaustedAt|get(Hours|Date|Day|Month|FullYear)\(|24 \* (60|3_?600|HOUR)/;

/**
 * The tests of the packages that read the date, by their text. Stories are left to `npm run test:clock -- PATH`, since
 * they take minutes.
 * @param {string} root
 */
export function clockTests(root) {
  return readdirSync(join(root, 'packages'), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.ts') && !path.includes('node_modules'))
    .map((path) => join('packages', path))
    .filter((path) => READS_THE_DATE.test(readFileSync(join(root, path), 'utf8')))
    .toSorted();
}
