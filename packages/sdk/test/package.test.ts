import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Built, build, packageFolder, run } from './built.ts';

let built: Built;

beforeAll(async () => {
  built = await build();
});
afterAll(() => built?.remove());

describe('the package', () => {
  it('satisfies publint', async () => {
    const { messages, pkg } = await publint({ pkgDir: built.folder, pack: false, strict: true });
    expect(messages.map((message) => formatMessage(message, pkg))).toEqual([]);
  });

  it('has types that every resolver finds, for ES modules and for CommonJS', async () => {
    const attw = join(packageFolder, 'node_modules/@arethetypeswrong/cli/dist/index.js');
    const asked = run(process.execPath, [attw, '--pack', built.folder, '--profile', 'node16', '--no-color']);
    // It exits with 1 where it found errors, and prints them.
    const { stdout } = await asked.catch((error: { stdout: string }) => {
      throw new Error(error.stdout);
    });
    expect(stdout).toMatch(/node16 \(from CJS\).*🟢/);
    expect(stdout).toMatch(/node16 \(from ESM\).*🟢/);
  });

  it('has no dependencies', async () => {
    const manifest = JSON.parse(await readFile(join(built.folder, 'package.json'), 'utf8')) as Record<string, unknown>;
    expect([manifest.dependencies, manifest.peerDependencies]).toEqual([undefined, undefined]);
    const files = await readdir(join(built.folder, 'dist'), { recursive: true });
    for (const file of files.filter((it) => /\.(?:js|d\.ts)$/.test(it))) {
      const text = await readFile(join(built.folder, 'dist', file), 'utf8');
      const imported = [...text.matchAll(/\bfrom '([^']+)'/g)].map(([, name]) => name!);
      // Neither packages of the project nor modules of Node, which browsers do not have.
      expect([file, imported.filter((name) => !/^\.\.?\/.*\.(?:js|ts)$/.test(name))]).toEqual([file, []]);
    }
  });

  it('uses nothing that only Node has, so that it runs in browsers', async () => {
    const onlyNodes =
      /\bnode:|\brequire\(|\bimport\(|^import ['"]|\bprocess\b|\bBuffer\b|\bglobal\.|\b__dirname\b|\bsetImmediate\b/m;
    const files = await readdir(join(built.folder, 'dist'), { recursive: true });
    const scripts = files.filter((it) => it.endsWith('.js'));
    expect(scripts.length).toBeGreaterThan(10);
    for (const file of scripts) {
      const text = await readFile(join(built.folder, 'dist', file), 'utf8');
      const code = text.replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '');
      expect([file, onlyNodes.exec(code)?.[0]]).toEqual([file, undefined]);
    }
  });

  it('runs on the oldest Node that it names', async () => {
    const manifest = JSON.parse(await readFile(join(built.folder, 'package.json'), 'utf8')) as {
      engines: { node: string };
    };
    expect(manifest.engines.node).toBe('>=20');
    // Names that are newer than Node 20 and the browsers of its time.
    const late =
      /Promise\.(?:withResolvers|try)|Object\.groupBy|\bAsyncDisposable|Iterator\.from|\bawait using\b|RegExp\.escape/;
    const files = await readdir(join(built.folder, 'dist'), { recursive: true });
    for (const file of files.filter((it) => it.endsWith('.js'))) {
      expect([file, late.exec(await readFile(join(built.folder, 'dist', file), 'utf8'))]).toEqual([file, null]);
    }
  });
});
