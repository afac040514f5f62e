import { execFile } from 'node:child_process';
import { globSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'esbuild';

const run = promisify(execFile);
const tsc = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));

/** Writes what the tsconfig.json of the package asks for: declarations, and ES modules unless it says otherwise. */
export async function compile(packageFolder: string, outFolder: string): Promise<void> {
  await run(process.execPath, [tsc, '-p', packageFolder, '--outDir', outFolder]);
}

export interface Bundle {
  readonly entry: string;
  readonly outFile: string;
  readonly format: 'esm' | 'cjs';
  /** Packages that stay imports, because users install them; all others become part of the file. */
  readonly external: readonly string[];
}

/** Writes one file, for Node 20 and newer and the browsers of its time. */
export async function bundle({ entry, outFile, format, external }: Bundle): Promise<void> {
  await build({
    entryPoints: [entry],
    outfile: outFile,
    format,
    bundle: true,
    target: 'es2022',
    platform: 'neutral',
    external: ['node:*', ...external],
    logLevel: 'warning',
  });
}

/**
 * Writes the package as CommonJS into `outFolder/cjs`, with a copy of the declarations in `outFolder`: TypeScript reads the
 * kind of a module from the package.json nearest to its declaration.
 */
export async function bundleCommonJs(entry: string, outFolder: string, external: readonly string[]): Promise<void> {
  const folder = join(outFolder, 'cjs');
  await bundle({ entry, outFile: join(folder, 'index.js'), format: 'cjs', external });
  for (const declaration of globSync('**/*.d.ts', { cwd: outFolder })) {
    await cp(join(outFolder, declaration), join(folder, declaration));
  }
  await writeFile(join(folder, 'package.json'), '{ "type": "commonjs" }\n');
}
