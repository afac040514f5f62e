import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Names the folder with the bundles of this run (bundle-program.ts); without it the sources run. */
export const PROGRAM_FOLDER = 'STORIES_PROGRAM_FOLDER';

const folder = process.env[PROGRAM_FOLDER];

/** The entry file of the command line. */
export const MAIN = folder ? join(folder, 'main.mjs') : source('cli/src/main.ts');

/** The entry file of the simulator. */
export const SIMULATOR_MAIN = folder ? join(folder, 'simulator.mjs') : source('simulator/src/main.ts');

export function source(path: string): string {
  return fileURLToPath(new URL(`../../packages/${path}`, import.meta.url));
}
