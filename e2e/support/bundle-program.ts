import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';
import type { TestProject } from 'vitest/node';
import { PROGRAM_FOLDER, source } from './program.ts';

const FOLDER = fileURLToPath(new URL('../../node_modules/.cache/stories', import.meta.url));
const UNUSED_TTL_MS = 24 * 3_600_000;

/** They search files beside their own, so they stay where they are. */
const UNBUNDLED = /^(@bull-board\/|pino$|pino-pretty$|msgpackr-extract$)/;

/**
 * The stories start hundreds of processes. A process that reads a few files instead of 2,000 starts in half of the CPU time.
 * STORIES_FROM_SOURCES=1 runs the sources themselves, whose lines a debugger and a stack trace name.
 */
export default async function setup(project: TestProject): Promise<void> {
  if (process.env.STORIES_FROM_SOURCES) return;
  await useBundle();
  project.onTestsRerun(bundle);
}

/** From now on new processes, and what they import of `program.ts`, use the bundle of the present sources. */
export async function useBundle(): Promise<void> {
  await bundle();
  process.env[PROGRAM_FOLDER] = FOLDER;
}

async function bundle(): Promise<void> {
  const { outputFiles } = await build({
    entryPoints: { main: source('cli/src/main.ts'), simulator: source('simulator/src/main.ts') },
    outdir: FOLDER,
    outExtension: { '.js': '.mjs' },
    // A part's name follows from its content: a process that starts meanwhile finds the parts of one and the same bundle.
    chunkNames: 'part-[hash]',
    format: 'esm',
    platform: 'node',
    target: 'node24',
    bundle: true,
    splitting: true,
    write: false,
    logLevel: 'error',
    banner: {
      js: "import { createRequire as requireOfBundle } from 'node:module'; const require = requireOfBundle(import.meta.url);",
    },
    plugins: [unbundled, inPlace],
  });
  await mkdir(FOLDER, { recursive: true });
  // The entries, which name the parts, come last.
  const files = outputFiles.toSorted((a, b) => Number(isPart(b.path)) - Number(isPart(a.path)));
  for (const { path, contents } of files) {
    const partial = `${path}.${process.pid}`;
    await writeFile(partial, contents);
    await rename(partial, path);
  }
  await removeUnused(new Set(files.map(({ path }) => basename(path))));
}

const unbundled: Plugin = {
  name: 'unbundled',
  setup({ onResolve, resolve }) {
    onResolve({ filter: UNBUNDLED }, async ({ path, kind, resolveDir, pluginData }) => {
      if (pluginData === unbundled) return undefined;
      const found = await resolve(path, { kind, resolveDir, pluginData: unbundled });
      if (found.errors.length > 0) return found;
      return { path: kind === 'require-call' ? found.path : pathToFileURL(found.path).href, external: true };
    });
  },
};

/** What a source file finds relative to itself (the root, a script of a thread), it also finds from the bundle. */
const inPlace: Plugin = {
  name: 'in-place',
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]packages[\\/][^\\/]+[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
      const text = await readFile(path, 'utf8');
      const contents = text.replaceAll('import.meta.url', JSON.stringify(pathToFileURL(path).href));
      return { contents, loader: 'ts' };
    });
  },
};

function isPart(path: string): boolean {
  return basename(path).startsWith('part-');
}

async function removeUnused(used: ReadonlySet<string>): Promise<void> {
  for (const name of await readdir(FOLDER)) {
    const path = join(FOLDER, name);
    const modifiedAt = (await stat(path).catch(() => undefined))?.mtimeMs ?? 0;
    if (!used.has(name) && Date.now() - modifiedAt > UNUSED_TTL_MS) await rm(path, { force: true });
  }
}
