import { type CheckResult, failing, text } from '@wxthirdparty/platform';
import { expect, it } from 'vitest';
import { resultLines } from './print-results.ts';

const nothing = { code: null, cause: null, remedy: null, command: null, found: null, also: [], ms: 1 };
const also = failing({ code: 'b', cause: text('Second.', '二'), remedy: text('Do that.', '做'), command: 'run b' });

it('prints one line for each check, what to do below it, and the numbers at the end', () => {
  const results: CheckResult[] = [
    { ...nothing, name: 'redis', status: 'ok', found: 'standalone 127.0.0.1:6379' },
    {
      ...{ ...nothing, name: 'redis-settings', status: 'fail', code: 'a', found: 'allkeys-lru', command: 'run a' },
      ...{ cause: text('First.', '一'), remedy: text('Do this.', '做'), also: [also] },
    },
    { ...nothing, name: 'ticket', status: 'skipped', cause: text('No Redis.', '没有'), remedy: null },
  ];
  expect(resultLines(results)).toEqual([
    'ok       redis           standalone 127.0.0.1:6379',
    'fail     redis-settings  First.',
    '         → Do this.',
    '           run a',
    '         also (fail): Second.',
    '         → Do that.',
    '           run b',
    '         found: allkeys-lru',
    'skipped  ticket          No Redis.',
    '1 ok, 0 with a warning, 1 failed, 1 skipped.',
  ]);
});
