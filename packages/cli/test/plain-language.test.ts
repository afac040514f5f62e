import { globSync, readFileSync } from 'node:fs';
import { glob } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from '../src/root.ts';

/** The areas that are checked, and the folders of each that hold code: sources, scripts and tests. */
const AREAS = [
  ...globSync('packages/*/', { cwd: root }).map(
    (path) => [path, ['src', 'bootstrap', 'generate', 'build', 'bin', 'test']] as const,
  ),
  ['e2e', ['.']] as const,
  ['examples', ['.']] as const,
];
/** The list of banned words itself. */
const THIS_FILE = 'packages/cli/test/plain-language.test.ts';

/** Words that standard English does not use for programs, and names that do not say what they are. */
const BANNED: readonly { readonly pattern: RegExp; readonly instead: string }[] = [
  { pattern: /\b(?:whoever|nobody|somebody|everybody|anybody)\b/gi, instead: 'the noun: the caller, the process, …' },
  { pattern: /\banew\b/gi, instead: 'again, restart' },
  { pattern: /\bdossier\b/gi, instead: 'protocol §n' },
  { pattern: /\b(?:MOST|LONGEST)_[A-Z]\w*/g, instead: 'MAX_…' },
  { pattern: /\b[A-Z]\w*_WITHIN_MS\b/g, instead: '…_TIMEOUT_MS' },
  { pattern: /\b[A-Z]\w*_KEPT_MS\b/g, instead: '…_TTL_MS' },
  { pattern: /\bLOOK_AGAIN_MS\b/g, instead: 'POLL_INTERVAL_MS' },
];

/** `file:line: word → replacement` for each banned word in the text. */
function bannedWords(file: string, text: string): string[] {
  return text
    .split('\n')
    .flatMap((line, index) =>
      BANNED.flatMap(({ pattern, instead }) =>
        [...line.matchAll(pattern)].map(([word]) => `${file}:${index + 1}: "${word}" → ${instead}`),
      ),
    );
}

describe('the language of names, comments and messages', () => {
  it('is checked for whole words in any case', () => {
    expect(bannedWords('a.ts', 'ok\n// Nobody waits; const MOST_TRIES = 3;\nwxnobody, MAX_TRIES, mostly')).toEqual([
      'a.ts:2: "Nobody" → the noun: the caller, the process, …',
      'a.ts:2: "MOST_TRIES" → MAX_…',
    ]);
  });

  it.each(AREAS)('is free of banned words in %s', async (area, folders) => {
    const found: string[] = [];
    let files = 0;
    const patterns = folders.map((folder) => join(area, folder, '**/*.{ts,tsx,mjs}'));
    const paths = glob(patterns, { cwd: root, exclude: (path) => path.includes('node_modules') });
    for await (const path of paths) {
      if (path === THIS_FILE) continue;
      files++;
      found.push(...bannedWords(path, readFileSync(join(root, path), 'utf8')));
    }
    expect(found).toEqual([]);
    expect(files).toBeGreaterThan(0);
  });

  it('is checked in every package, and in e2e', () => {
    expect(AREAS.map(([area]) => area)).toEqual(expect.arrayContaining(['packages/cli', 'packages/sdk', 'e2e']));
  });
});
