import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from './built.ts';

const rootFolder = fileURLToPath(new URL('../../..', import.meta.url));

export interface Example {
  /** A project of its own with the example and the SDK as it is published. */
  readonly project: string;
  /** Starts it; resolves with the address that it prints. */
  start(env: Readonly<Record<string, string>>): Promise<string>;
  remove(): Promise<void>;
}

export function exampleFile(name: string): string {
  return join(rootFolder, 'examples', name);
}

/** A program of `examples`, as in a project of its own. The first of the files is started. */
export async function installExample(...files: readonly [string, ...string[]]): Promise<Example> {
  const sdk = await build();
  const project = await mkdtemp(join(tmpdir(), 'wxthirdparty-example-'));
  await mkdir(join(project, 'node_modules/@wxthirdparty'), { recursive: true });
  await symlink(sdk.folder, join(project, 'node_modules/@wxthirdparty/sdk'));
  await symlink(join(rootFolder, 'node_modules/@types'), join(project, 'node_modules/@types'));
  for (const file of files) await cp(exampleFile(file), join(project, file));
  const started: { kill(): void }[] = [];
  return {
    project,
    async start(env) {
      const program = spawn(process.execPath, [files[0]], {
        cwd: project,
        env: { PATH: process.env.PATH, ...env },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      started.push(program);
      const [line] = (await once(createInterface(program.stdout), 'line')) as [string];
      return /http:\S+/.exec(line)![0];
    },
    async remove() {
      for (const program of started) program.kill();
      await Promise.all([sdk.remove(), rm(project, { recursive: true, force: true })]);
    },
  };
}
