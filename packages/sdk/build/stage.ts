import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleCommonJs, compile } from './compile.ts';
import { type Manifest, publishedManifest } from './published-manifest.ts';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));

/** Writes the SDK into an existing folder as it is published. */
export async function stageSdk(folder: string): Promise<void> {
  await compile(packageFolder, join(folder, 'dist'));
  await bundleCommonJs(join(packageFolder, 'src/index.ts'), join(folder, 'dist'), []);
  await stageManifest(packageFolder, folder, publishedManifest(await readManifest(packageFolder)));
  await cp(join(packageFolder, 'openapi.json'), join(folder, 'openapi.json'));
}

/** The manifest in the workspace. */
export async function readManifest(packageFolder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as Manifest;
}

/** Writes the manifest, and the files that every package has. */
export async function stageManifest(packageFolder: string, folder: string, manifest: Manifest): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(manifest, undefined, 2)}\n`);
  for (const name of ['README.md', 'LICENSE']) await cp(join(packageFolder, name), join(folder, name));
}
