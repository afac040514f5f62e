import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const consoleFolder = fileURLToPath(new URL('../../console', import.meta.url));

/** Builds the operator console into the folder, where the gateway of the npm package reads it. */
export async function buildConsole(folder: string): Promise<void> {
  const args = ['node_modules/vite/bin/vite.js', 'build', '--outDir', folder, '--emptyOutDir', '--logLevel', 'warn'];
  await run(process.execPath, args, { cwd: consoleFolder, env: { ...process.env, NODE_ENV: 'production' } });
}
