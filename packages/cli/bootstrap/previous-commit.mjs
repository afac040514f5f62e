import { spawnSync } from 'node:child_process';
import { Sentence } from './sentence.mjs';

/**
 * The commit whose processes run beside those of this one: the named one, else the newest tag before this commit, else the commit before
 * it. Undefined without git history.
 * @param {string} root
 * @param {string | undefined} named
 */
export function previousCommit(root, named) {
  if (named !== undefined) {
    const commit = commitOf(root, named);
    if (commit === undefined) throw new Sentence(`There is no commit ${named} in this checkout.`);
    return commit;
  }
  const tag = git(root, ['describe', '--tags', '--abbrev=0', 'HEAD~1']);
  return commitOf(root, tag ?? 'HEAD~1');
}

/**
 * Takes `--commit=NAME` out of the arguments.
 * @param {readonly string[]} args
 */
export function takeCommit(args) {
  const option = '--commit=';
  const commit = args.findLast((arg) => arg.startsWith(option))?.slice(option.length);
  return { commit, others: args.filter((arg) => !arg.startsWith(option)) };
}

/**
 * @param {string} root
 * @param {string} name
 */
function commitOf(root, name) {
  return git(root, ['rev-parse', '--verify', '--quiet', `${name}^{commit}`]);
}

/**
 * @param {string} root
 * @param {string[]} args
 */
function git(root, args) {
  const { status, stdout } = spawnSync('git', args, {
    cwd: root,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.trim() : undefined;
}
