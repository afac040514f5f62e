import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { previousCommit, takeCommit } from '../bootstrap/previous-commit.mjs';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wxthirdparty-git-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=t', '-c', 'user.email=t@example.com', ...args], {
    cwd: dir,
    encoding: 'utf8',
  }).trim();
const commit = (message: string) => {
  git('commit', '--quiet', '--allow-empty', '--message', message);
  return git('rev-parse', 'HEAD');
};

it('the newest tag before this commit is the previous version; without one, the commit before it', () => {
  git('init', '--quiet');
  const first = commit('first');
  const second = commit('second');
  commit('third');
  expect(previousCommit(dir, undefined)).toBe(second);
  git('tag', 'v1', first);
  expect(previousCommit(dir, undefined)).toBe(first);
  // The tag of this commit is that of this version.
  git('tag', 'v2');
  expect(previousCommit(dir, undefined)).toBe(first);
  expect(previousCommit(dir, 'v2')).toBe(git('rev-parse', 'HEAD'));
  expect(() => previousCommit(dir, 'v3')).toThrow('no commit v3');
});

it('without git history there is none', () => {
  expect(previousCommit(dir, undefined)).toBeUndefined();
  git('init', '--quiet');
  commit('first');
  expect(previousCommit(dir, undefined)).toBeUndefined();
});

it('--commit is taken out of the arguments', () => {
  expect(takeCommit(['--bail=1', '--commit=v1'])).toEqual({ commit: 'v1', others: ['--bail=1'] });
  expect(takeCommit([])).toEqual({ commit: undefined, others: [] });
});
