import { checkNames, keyScopes } from '@wxthirdparty/platform';
import { describe, expect, it } from 'vitest';
import { commands, findCommand } from './commands.ts';
import { typed } from './installation.ts';
import { overview, usageOf } from './usage.ts';

describe('the commands', () => {
  it('are all listed by help, each in one line', () => {
    const lines = overview(commands).split('\n');
    for (const [name, { summary }] of Object.entries(commands)) {
      expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^  ${name} +\\S`)));
      expect(summary).toMatch(/^[a-z].*[^.]$/);
    }
  });

  it.each(Object.entries(commands))('include %s, which has a usage and can be loaded', async (name, entry) => {
    expect(usageOf(name, entry)).toContain(typed(name));
    expect(await entry.load()).toBeTypeOf('function');
  });

  it('include keys, whose usage names every scope', () => {
    for (const scope of keyScopes) expect(usageOf('keys', commands.keys!)).toContain(scope);
  });

  it('include doctor, whose usage names every check', () => {
    for (const name of checkNames)
      expect(usageOf('doctor', commands.doctor!)).toMatch(new RegExp(`[ ,]${name}(?:,|\\n)`));
  });

  it('are found by name and by their former name', () => {
    expect(findCommand('rotate-secrets')?.name).toBe('rotate-secrets');
    expect(findCommand('reseal')?.name).toBe('rotate-secrets');
    expect(findCommand('constructor')).toBeUndefined();
  });
});
