import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  bundle,
  bundleCommonJs,
  compile,
  publishedManifest,
  readManifest,
  stageManifest,
} from '@wxthirdparty/sdk/build';
import { bundleCommandLine, thirdPartyDependencies } from './command-line.ts';
import { buildConsole } from './console.ts';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));

/** Writes the package into an existing folder as it is published. Whatever is not code is copied here. */
export async function stageWxthirdparty(folder: string): Promise<void> {
  const manifest = await readManifest(packageFolder);
  const dependencies = { ...manifest.dependencies, ...thirdPartyDependencies() };
  await stageInterface(join(folder, 'dist'), Object.keys(dependencies));
  await bundleCommandLine(join(folder, 'dist/command-line'));
  await buildConsole(join(folder, 'dist/command-line/console'));
  await stageManifest(packageFolder, folder, publishedManifest(manifest, dependencies));
  await cp(join(packageFolder, 'bin'), join(folder, 'bin'), { recursive: true });
}

/**
 * Writes the interface of 2015. The SDK is part of its files: the tarball can be installed by itself, and the declarations
 * do not mention the SDK.
 */
async function stageInterface(dist: string, external: readonly string[]): Promise<void> {
  const entry = join(packageFolder, 'src/index.ts');
  await compile(packageFolder, dist);
  await bundle({ entry, outFile: join(dist, 'index.js'), format: 'esm', external });
  await bundleCommonJs(entry, dist, external);
}
