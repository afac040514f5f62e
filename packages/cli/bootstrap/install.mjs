import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withInstallLock } from './install-lock.mjs';
import { Sentence } from './sentence.mjs';

const PNPM = 'pnpm@12.21.0';
export const INSTALLED_STAMP = 'node_modules/.wxthirdparty-installed';
const DETERMINED_BY = ['pnpm-lock.yaml', 'package.json', 'pnpm-workspace.yaml'];

/**
 * Installs the packages unless the installed ones belong to this lockfile.
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 */
export async function ensurePackages(root, env) {
  if (installed(root)) return;
  await withInstallLock(join(root, '.installing'), async () => {
    // Another bootstrap may have installed them in the meantime.
    if (installed(root)) return;
    console.error('Installing packages …');
    await install(root, env);
    mkdirSync(join(root, 'node_modules'), { recursive: true });
    writeFileSync(join(root, INSTALLED_STAMP), stamp(root));
  });
}

/**
 * Identifies lockfile, workspace, and the machine for which the packages were chosen.
 * @param {string} root
 */
export function stamp(root) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const file of DETERMINED_BY) hash.update('\0').update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

/** @param {string} root */
function installed(root) {
  try {
    return readFileSync(join(root, INSTALLED_STAMP), 'utf8') === stamp(root);
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * @param {string} root
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<void>}
 */
function install(root, env) {
  return new Promise((resolve, reject) => {
    // `-y`: an npmrc may contain yes=false, and npx would wait for an answer; its standard input is closed.
    const child = spawn('npx', ['-y', PNPM, 'install', '--frozen-lockfile'], {
      cwd: root,
      // The whole environment, because proxies, registries and certificates are configured there. But the tools that
      // `npm test` needs are development dependencies, which pnpm omits in production; CI keeps it from asking; and
      // after `npm --silent` it would not report its errors.
      env: { ...env, NODE_ENV: 'development', CI: 'true', npm_config_loglevel: 'error' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      output += chunk;
    });
    child.once('error', (cause) => {
      reject(
        new Sentence(
          `npx could not be started (${cause.message}). It comes with Node's npm: install npm and try again.`,
        ),
      );
    });
    child.once('close', (code) => {
      if (code === 0) return resolve();
      console.error(output.trimEnd());
      reject(new Sentence(explainInstallFailure(output)));
    });
  });
}

/** @param {string} output of npx and pnpm */
export function explainInstallFailure(output) {
  const unreachable =
    /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|ERR_SOCKET_TIMEOUT|ERR_PNPM_META_FETCH_FAIL|network|certificate/i;
  if (/ENOSPC/.test(output)) return 'The packages could not be installed: the disk is full.';
  if (/ERR_PNPM_OUTDATED_LOCKFILE/.test(output)) {
    return `The packages could not be installed: pnpm-lock.yaml does not belong to the package.json files. Run "npx -y ${PNPM} install" and try again.`;
  }
  if (unreachable.test(output)) {
    return 'The packages could not be installed: the npm registry did not answer (see above). Check the network, or name a proxy (HTTPS_PROXY) or another registry (npm config set registry URL), and try again.';
  }
  return 'The packages could not be installed: pnpm says above what stopped it.';
}
