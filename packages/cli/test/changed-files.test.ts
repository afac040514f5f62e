import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { changedFiles, testsOf } from '../bootstrap/changed-files.mjs';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wx-changed-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function git(...args: string[]) {
  const identity = ['-c', 'user.name=a', '-c', 'user.email=a@example.com', '-c', 'commit.gpgsign=false'];
  execFileSync('git', [...identity, ...args], { cwd: folder, stdio: 'ignore' });
}
function write(path: string, text = '') {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}
function commit() {
  git('add', '-A');
  git('commit', '-m', 'one', '--allow-empty');
}

describe('the changed files', () => {
  it('are those committed since main, those not committed, and new ones', () => {
    git('init', '-b', 'main');
    for (const path of ['same.ts', 'committed.ts', 'edited.ts', 'deleted.ts', 'ignored/a.ts']) write(path);
    write('.gitignore', 'ignored\n');
    commit();
    git('switch', '-c', 'feature');
    write('committed.ts', '1');
    commit();
    write('edited.ts', '1');
    write('new file.ts');
    rmSync(join(folder, 'deleted.ts'));
    expect(changedFiles(folder)).toEqual(['committed.ts', 'edited.ts', 'new file.ts']);
  });

  it('do not include what main has got since', () => {
    git('init', '-b', 'main');
    commit();
    git('branch', 'feature');
    write('theirs.ts');
    commit();
    git('switch', 'feature');
    expect(changedFiles(folder)).toEqual([]);
  });

  it('are those not committed where there is no main', () => {
    git('init', '-b', 'trunk');
    write('a.ts');
    commit();
    write('a.ts', '1');
    expect(changedFiles(folder)).toEqual(['a.ts']);
  });

  it('cannot be found without git, which is reported', () => {
    expect(() => changedFiles(folder)).toThrow(/without git/);
  });
});

describe('the tests of changed files', () => {
  it('are the tests among them and beside them', () => {
    const [a, b] = ['packages/x/src/a.test.ts', 'packages/x/src/b.test.ts'];
    write(a);
    write(b);
    const changed = ['packages/x/src/a.ts', a, b, 'packages/x/src/untested.ts', 'README.md', 'packages/x/package.json'];
    expect(testsOf(folder, changed)).toEqual([a, b]);
  });

  it('do not include stories', () => {
    write('e2e/a.story.test.ts');
    expect(testsOf(folder, ['e2e/a.story.test.ts'])).toEqual([]);
  });
});
