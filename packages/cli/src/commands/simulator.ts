import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import type { Command } from '../command.ts';
import { root } from '../root.ts';

/** The simulator shares no code with us, so it is a process of its own; this one lends it the terminal and `.env`. */
export const simulator: Command = async ({ env, envWithoutFile, leaving }) => {
  const child = spawn(process.execPath, [join(root, 'packages/simulator/src/main.ts')], {
    // In `.env` these two are the gateway's.
    env: { ...env, PORT: envWithoutFile.PORT, HOST: envWithoutFile.HOST },
    // The channel breaks when we are killed, and it goes, too.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  leaving.asked.then(() => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)));
  });
};
