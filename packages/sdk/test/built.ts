import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { stageSdk } from '../build/stage.ts';

export const run = promisify(execFile);
export const packageFolder = fileURLToPath(new URL('..', import.meta.url));

export interface Built {
  readonly folder: string;
  remove(): Promise<void>;
}

/** The package as it would be published, in a folder of its own: tests that build at the same time do not interfere. */
export async function build(): Promise<Built> {
  const folder = await mkdtemp(join(tmpdir(), 'wxthirdparty-sdk-'));
  await stageSdk(folder);
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) };
}
