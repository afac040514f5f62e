import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Sentence } from './sentence.mjs';

/**
 * The files that differ from the branch `main`, or from the last commit where there is no such branch. Files that git does
 * not know yet are among them; deleted ones are not.
 * @param {string} root
 */
export function changedFiles(root) {
  const base = git(root, ['merge-base', 'HEAD', 'main'])?.trim() || 'HEAD';
  const known = git(root, ['diff', '--name-only', '-z', base]);
  const unknown = git(root, ['ls-files', '--others', '--exclude-standard', '-z']);
  if (known === undefined || unknown === undefined) {
    throw new Sentence(
      'The changed files cannot be found without git; name the tests, or run "npm run check" without "--quick".',
    );
  }
  const paths = `${known}${unknown}`.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
  return [...new Set(paths)].toSorted();
}

/**
 * The tests among these files, and those that are beside one of them. Stories are left out, since they take minutes.
 * @param {string} root
 * @param {readonly string[]} files
 */
export function testsOf(root, files) {
  const tests = files
    .filter((file) => file.startsWith('packages/') && file.endsWith('.ts'))
    .map((file) => (file.endsWith('.test.ts') ? file : file.replace(/\.ts$/, '.test.ts')))
    .filter((test) => existsSync(join(root, test)));
  return [...new Set(tests)];
}

/**
 * @param {string} root
 * @param {string[]} args
 */
function git(root, args) {
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout : undefined;
}
