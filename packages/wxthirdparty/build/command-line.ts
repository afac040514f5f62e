import { globSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '@wxthirdparty/sdk/build';
import { build, type Plugin } from 'esbuild';

const packagesFolder = fileURLToPath(new URL('../..', import.meta.url));

/** The packages of the workspace that the command line consists of. */
const BUNDLED = ['cli', 'gateway', 'worker', 'telemetry', 'platform', 'wechat', 'simulator'];

/** The scripts that a process starts with, by the names of the built files. */
const PROGRAMS = {
  'run-installed': 'cli/bootstrap/run-installed.mjs',
  main: 'cli/src/main.ts',
  simulator: 'simulator/src/main.ts',
};

/** A script beside the file, for a thread of its own. */
const THREAD_SCRIPT = /new URL\('(\.\/[\w-]+)\.ts', import\.meta\.url\)/g;

/** Writes the command line as scripts that share their code; packages of the registry stay imports. */
export async function bundleCommandLine(folder: string): Promise<void> {
  const programs = Object.entries(PROGRAMS).map(([name, path]) => [name, join(packagesFolder, path)]);
  await build({
    entryPoints: Object.fromEntries([...programs, ...threadScripts().map((path) => [nameOf(path), path])]),
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    // `using` is lowered: Node 22 does not have it.
    target: 'node22.19',
    external: Object.keys(thirdPartyDependencies()),
    plugins: [threadScriptsBesideEachOther],
    logLevel: 'warning',
  });
}

/** What the bundled packages need of the registry, with their exact versions. */
export function thirdPartyDependencies(): Record<string, string> {
  const dependencies: Record<string, string> = {};
  for (const name of BUNDLED) {
    const manifest = JSON.parse(readFileSync(join(packagesFolder, name, 'package.json'), 'utf8')) as Manifest;
    for (const [dependency, version] of Object.entries(manifest.dependencies ?? {})) {
      if (version.startsWith('workspace:')) continue;
      const other = dependencies[dependency];
      if (other !== undefined && other !== version)
        throw new Error(`two versions of ${dependency}: ${other}, ${version}`);
      dependencies[dependency] = version;
    }
  }
  return Object.fromEntries(Object.entries(dependencies).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function threadScripts(): string[] {
  const sources = BUNDLED.flatMap((name) => globSync(join(packagesFolder, name, 'src/**/*.ts')));
  return sources
    .filter((path) => !path.endsWith('.test.ts'))
    .flatMap((path) =>
      [...readFileSync(path, 'utf8').matchAll(THREAD_SCRIPT)].map(([, script]) => join(dirname(path), `${script}.ts`)),
    );
}

function nameOf(path: string): string {
  return basename(path, '.ts');
}

/** All built files are in one folder, so a script is beside any file that names it. */
const threadScriptsBesideEachOther: Plugin = {
  name: 'thread scripts',
  setup({ onLoad }) {
    onLoad({ filter: /\/src\/.*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      return { loader: 'ts', contents: text.replaceAll(THREAD_SCRIPT, "new URL('$1.js', import.meta.url)") };
    });
  },
};
