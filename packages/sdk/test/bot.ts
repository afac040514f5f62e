import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from './built.ts';

const rootFolder = fileURLToPath(new URL('../../..', import.meta.url));
export const botFile = join(rootFolder, 'examples/bot.mjs');

export interface Bot {
  /** A project of its own with the bot and the SDK as it is published. */
  readonly project: string;
  /** Starts it; resolves with its address. */
  start(env: Readonly<Record<string, string>>): Promise<string>;
  remove(): Promise<void>;
}

/** The bot of `examples`, as in a project of its own. */
export async function installBot(): Promise<Bot> {
  const sdk = await build();
  const project = await mkdtemp(join(tmpdir(), 'wxthirdparty-bot-'));
  await mkdir(join(project, 'node_modules/@wxthirdparty'), { recursive: true });
  await symlink(sdk.folder, join(project, 'node_modules/@wxthirdparty/sdk'));
  await symlink(join(rootFolder, 'node_modules/@types'), join(project, 'node_modules/@types'));
  await cp(botFile, join(project, 'bot.mjs'));
  const started: { kill(): void }[] = [];
  return {
    project,
    async start(env) {
      const bot = spawn(process.execPath, ['bot.mjs'], {
        cwd: project,
        env: { PATH: process.env.PATH, ...env },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      started.push(bot);
      const [line] = (await once(createInterface(bot.stdout), 'line')) as [string];
      return /http:\S+/.exec(line)![0];
    },
    async remove() {
      for (const bot of started) bot.kill();
      await Promise.all([sdk.remove(), rm(project, { recursive: true, force: true })]);
    },
  };
}
