import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Command } from '../command.ts';
import { simulatorScript } from '../installation.ts';

/** Runs the simulator in a child process, with this terminal and `.env`. */
export const simulator: Command = async ({ env, envWithoutFile, shutdown }) => {
  const child = spawn(process.execPath, [simulatorScript], {
    // In `.env` these two belong to the gateway.
    env: { ...env, PORT: envWithoutFile.PORT, HOST: envWithoutFile.HOST },
    // The channel breaks if this process is killed; the simulator then ends.
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  shutdown.received.then(() => child.kill('SIGTERM'));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(signal ? 128 + constants.signals[signal] : (code ?? 1)));
  });
};
