import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withInstallLock } from './install-lock.mjs';

const PACKAGE = 'packages/console';
const STAMP = join(PACKAGE, 'dist/.stamp');
/** Files and folders that the built console follows from, besides the lockfile. */
const DETERMINED_BY = ['build', 'src', 'index.html', 'package.json', 'vite.config.ts'];
const VITE = 'node_modules/vite/bin/vite.js';

/** The commands whose processes may serve the console. */
const SERVING = ['start', 'node', 'gateway'];

/** @param {string | undefined} command */
export function servesConsole(command) {
  return command !== undefined && SERVING.includes(command);
}

/**
 * Builds the console unless the built one belongs to these sources. A failure is printed, and the gateway runs without the
 * console.
 * @param {string} root
 * @param {string} node the Node that runs the build
 * @returns {Promise<boolean>} whether the console is there
 */
export async function ensureConsole(root, node) {
  if (isBuilt(root)) return true;
  // An image contains the built console and not the tools that build it.
  if (!existsSync(join(root, PACKAGE, VITE))) return existsSync(join(root, PACKAGE, 'dist/index.html'));
  return withInstallLock(join(root, PACKAGE, '.building'), async () => {
    // Another bootstrap may have built it in the meantime.
    if (isBuilt(root)) return true;
    console.error('Building the console …');
    const stamp = consoleStamp(root);
    rmSync(join(root, STAMP), { force: true });
    const { code, output } = await build(root, node);
    if (code !== 0) {
      console.error(`${output.trimEnd()}\nThe console could not be built: see above. The gateway runs without it.`);
      return false;
    }
    writeFileSync(join(root, STAMP), stamp);
    return true;
  });
}

/**
 * Identifies all that the built console follows from.
 * @param {string} root
 */
export function consoleStamp(root) {
  const hash = createHash('sha256').update(readFileSync(join(root, 'pnpm-lock.yaml')));
  for (const path of DETERMINED_BY.flatMap((name) => filesIn(root, join(PACKAGE, name))).toSorted()) {
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  }
  return hash.digest('hex');
}

/** @param {string} root */
function isBuilt(root) {
  return existsSync(join(root, STAMP)) && readFileSync(join(root, STAMP), 'utf8') === consoleStamp(root);
}

/**
 * @param {string} root
 * @param {string} path of a file or a folder
 * @returns {string[]}
 */
function filesIn(root, path) {
  try {
    return readdirSync(join(root, path), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !/\.test\.tsx?$/.test(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(join(root, '/').length));
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOTDIR') return [path];
    throw error;
  }
}

/**
 * @param {string} root
 * @param {string} node
 * @returns {Promise<{ code: number | null, output: string }>}
 */
function build(root, node) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, [VITE, 'build', '--logLevel', 'warn'], {
      cwd: join(root, PACKAGE),
      env: { ...process.env, NODE_ENV: 'production' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk) => {
        output += chunk;
      });
    }
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, output }));
  });
}
