import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { ask } from './ask.ts';

function terminal(isTTY: boolean) {
  const written: string[] = [];
  const output = new PassThrough().on('data', (text) => written.push(String(text)));
  return { input: Object.assign(new PassThrough(), { isTTY }), output, written };
}

it.each([
  ['yes', true],
  [' YES ', true],
  ['y', false],
  ['', false],
])('the answer "%s" counts as %s', async (line, expected) => {
  const { input, output, written } = terminal(true);
  const answer = ask('Really?', { input, output });
  input.write(`${line}\n`);
  expect(await answer).toBe(expected);
  expect(written.join('')).toContain('Really? Type "yes": ');
});

it('without a terminal there is no answer, and nothing is printed', async () => {
  const { input, output, written } = terminal(false);
  expect(await ask('Really?', { input, output })).toBeUndefined();
  expect(written).toEqual([]);
});

it('input that ends is no yes', async () => {
  const { input, output } = terminal(true);
  const answer = ask('Really?', { input, output });
  input.end();
  expect(await answer).toBe(false);
});
