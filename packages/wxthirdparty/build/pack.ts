import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stageSdk } from '@wxthirdparty/sdk/build';
import { stageWxthirdparty } from './stage.ts';

const run = promisify(execFile);
const dist = fileURLToPath(new URL('../../../dist', import.meta.url));

export interface Tarball {
  readonly path: string;
  readonly bytes: number;
}

/** Builds every published package and packs it into the folder, `dist/` of the root unless another one is named. */
export async function packAll(folder = dist): Promise<Tarball[]> {
  await mkdir(folder, { recursive: true });
  const packed = await Promise.all([stageSdk, stageWxthirdparty].map((stage) => packOne(stage, folder)));
  return Promise.all(packed.map(async (path) => ({ path, bytes: (await stat(path)).size })));
}

async function packOne(stage: (folder: string) => Promise<void>, folder: string): Promise<string> {
  const staged = await mkdtemp(join(tmpdir(), 'wxthirdparty-pack-'));
  try {
    await stage(staged);
    const { stdout } = await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], {
      cwd: staged,
    });
    return join(folder, stdout.trim().split('\n').at(-1)!);
  } finally {
    await rm(staged, { recursive: true, force: true });
  }
}
