import { expect, it } from 'vitest';
import { consoleLines, stepLines } from './print-check.ts';

const step = {
  name: 'ticket',
  state: 'ok',
  code: null,
  detail: { en: 'It works.' },
  ms: 12,
  expected: 'success',
  got: 'success',
} as const;

it('prints one line of a step that is ok or was skipped', () => {
  expect(stepLines(step)).toEqual(['ok      ticket        It works. (12 ms)']);
  expect(stepLines({ ...step, state: 'skipped', ms: null })).toEqual(['skipped ticket        It works.']);
});

it('prints of a failed step its code, what to do, and what came', () => {
  const failed = {
    ...step,
    state: 'failed',
    code: 'not_success',
    detail: { en: 'Ask the proxy.' },
    got: 'HTTP 502',
  } as const;
  expect(stepLines(failed)).toEqual([
    'failed  ticket        not_success (12 ms)',
    '                      Ask the proxy.',
    '                      expected: success',
    '                      got: HTTP 502',
  ]);
});

it('prints the settings of the console, those without a value by their description', () => {
  const [, ...lines] = consoleLines([
    { name: 'token', value: 'abc', detail: { en: 'the Token' } },
    { name: 'ip_list', value: null, detail: { en: 'all addresses' } },
  ]);
  expect(lines).toEqual(['  token    abc\n           the Token', '  ip_list  all addresses']);
  expect(consoleLines()).toEqual([]);
});
