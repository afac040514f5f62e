import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stageSdk } from '@wxthirdparty/sdk/build';
import { stageWxthirdparty } from './stage.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../../..', import.meta.url)).replace(/\/$/, '');

export interface Tarball {
  /** Its path, relative to the root. */
  readonly file: string;
  readonly bytes: number;
}

/** Builds every published package and packs it into the folder, `dist/` of the root unless another one is named. */
export async function packAll(folder: string = join(root, 'dist')): Promise<Tarball[]> {
  await mkdir(folder, { recursive: true });
  const packed = await Promise.all([stageSdk, stageWxthirdparty].map((stage) => packOne(stage, folder)));
  return Promise.all(packed.map(async (file) => ({ file: relative(root, file), bytes: (await stat(file)).size })));
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
