import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { publicationFaults, type Repository } from '../build/publication.ts';
import { readRepository } from '../build/read-repository.ts';

const ready: Repository = {
  versions: new Map([
    ['package.json', '1.2.0'],
    ['packages/sdk/package.json', '1.2.0'],
  ]),
  changelog: '# Changes\n\n## 1.2.0 (2027-01-01)\n',
  uncommitted: [],
  tags: ['v1.2.0'],
};

describe('a publication', () => {
  it('is possible with equal versions, an entry in the changelog, everything committed, and the tag', () => {
    expect(publicationFaults(ready)).toEqual([]);
  });

  it('is refused for each of these that is missing', () => {
    const versions = new Map([...ready.versions, ['packages/cli/package.json', '1.1.0']]);
    expect(
      publicationFaults({ versions, changelog: '## 1.2.01\n## Unreleased\n', uncommitted: ['a.ts'], tags: ['v1.1.0'] }),
    ).toEqual([
      'packages/cli/package.json has the version 1.1.0, and package.json has 1.2.0.',
      'CHANGELOG.md has no heading "## 1.2.0".',
      'These files are not committed: a.ts.',
      'The last commit does not have the tag v1.2.0.',
    ]);
  });
});

describe('the state of a repository', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'wxthirdparty-publication-'));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('is read from its manifests, its changelog and git', () => {
    mkdirSync(join(folder, 'packages/sdk'), { recursive: true });
    for (const path of ['package.json', 'packages/sdk/package.json']) {
      writeFileSync(join(folder, path), '{ "version": "1.2.0" }');
    }
    writeFileSync(join(folder, 'CHANGELOG.md'), ready.changelog);
    const author = ['-c', 'user.name=A', '-c', 'user.email=a@example.org'];
    for (const args of [
      ['init', '-q'],
      ['add', '.'],
      [...author, 'commit', '-q', '-m', 'first'],
      ['tag', 'v1.2.0'],
    ]) {
      execFileSync('git', args, { cwd: folder });
    }
    expect(readRepository(folder)).toEqual(ready);
    writeFileSync(join(folder, 'new.ts'), '');
    expect(readRepository(folder).uncommitted).toEqual(['new.ts']);
  });

  it('has one version in all packages of this repository', () => {
    const { versions } = readRepository(fileURLToPath(new URL('../../..', import.meta.url)));
    expect(versions.size).toBeGreaterThan(10);
    expect(new Set(versions.values()).size).toBe(1);
  });
});
