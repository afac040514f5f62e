import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle, bundleCommonJs, compile, type Manifest, stageManifest } from '@wxthirdparty/sdk/build';

const packageFolder = fileURLToPath(new URL('..', import.meta.url));

/**
 * Writes the package into an existing folder as it is published. The SDK is part of its files: the tarball can be installed
 * by itself, and the declarations do not mention the SDK.
 */
export async function stageWxthirdparty(folder: string): Promise<void> {
  const { dependencies = {} } = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')) as Manifest;
  const [entry, dist, external] = [
    join(packageFolder, 'src/index.ts'),
    join(folder, 'dist'),
    Object.keys(dependencies),
  ];
  await compile(packageFolder, dist);
  await bundle({ entry, outFile: join(dist, 'index.js'), format: 'esm', external });
  await bundleCommonJs(entry, dist, external);
  await stageManifest(packageFolder, folder);
  await cp(join(packageFolder, 'bin'), join(folder, 'bin'), { recursive: true });
}
