import { execFileSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Repository } from './publication.ts';

/** Reads what `publicationFaults` judges. */
export function readRepository(root: string): Repository {
  const manifests = globSync(['package.json', '{e2e,examples}/package.json', 'packages/*/package.json'], { cwd: root });
  const versionOf = (path: string) =>
    (JSON.parse(readFileSync(join(root, path), 'utf8')) as { version: string }).version;
  return {
    versions: new Map(manifests.map((path) => [path, versionOf(path)])),
    changelog: readFileSync(join(root, 'CHANGELOG.md'), 'utf8'),
    uncommitted: git(root, 'status', '--porcelain').map((line) => line.slice(3)),
    tags: git(root, 'tag', '--points-at', 'HEAD'),
  };
}

function git(root: string, ...args: string[]): string[] {
  const output = execFileSync('git', args, { cwd: root, encoding: 'utf8' });
  return output.split('\n').filter((line) => line !== '');
}
