import { expect, it } from 'vitest';
import { openLog } from './log.ts';

function logged(...line: [object, string]): Record<string, unknown> {
  const lines: string[] = [];
  openLog('info', { write: (written) => lines.push(written) }).info(...line);
  return JSON.parse(lines.join('')) as Record<string, unknown>;
}

it('hides secrets down to the third level, and leaves the given objects alone', () => {
  const line = { token: 't-1', a: { appsecret: 't-2', b: { openids: ['t-3'], list: 1 } }, items: [{ ticket: 't-4' }] };
  const text = JSON.stringify(logged(line, 'told'));
  expect(text).not.toMatch(/t-\d/);
  expect(JSON.parse(text)).toMatchObject({ token: '[secret]', a: { b: { list: 1 } }, items: [{ ticket: '[secret]' }] });
  expect(line.a.b.openids).toEqual(['t-3']);
});

it('hides what an error carries along, and shows the error', () => {
  const error = Object.assign(new Error('it failed'), { code: 'broken', config: { authorization: 'Bearer t-1' } });
  const { err } = logged({ err: error }, 'told');
  expect(JSON.stringify(err)).not.toContain('t-1');
  expect(err).toMatchObject({
    type: 'Error',
    message: 'it failed',
    code: 'broken',
    stack: expect.stringContaining('at'),
  });
});

it('leaves everything else as it is', () => {
  expect(logged({ call: 'c', ms: 3, at: new Date(0), none: null, gone: undefined }, 'call')).toMatchObject({
    ...{ call: 'c', ms: 3, at: '1970-01-01T00:00:00.000Z', none: null, msg: 'call' },
  });
});
