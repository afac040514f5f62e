import { describe, expect, it } from 'vitest';
import { readArguments, UsageError } from './read-arguments.ts';

describe('arguments', () => {
  const options = { component: { type: 'string' }, yes: { type: 'boolean', default: false } } as const;

  it.each([[['wx1', '--component', 'wx2']], [['--component=wx2', 'wx1']], [['--component', 'wx2', '--', 'wx1']]])(
    'are read from %j',
    (args) => {
      const { values, positionals } = readArguments(args, options, 1);
      expect({ ...values, positionals }).toEqual({ component: 'wx2', yes: false, positionals: ['wx1'] });
    },
  );

  it.each([
    [[], 'An argument is missing.'],
    [['wx1', 'wx2'], 'Unexpected argument "wx2".'],
    [['wx1', '--no-such'], "Unknown option '--no-such'."],
    [['wx1', '--component'], "Option '--component <value>' argument missing."],
    [['wx1', '--yes=1'], "Option '--yes' does not take an argument."],
  ])('%j are refused: %s', (args, message) => {
    expect(() => readArguments(args, options, 1)).toThrow(new UsageError(message));
  });
});
