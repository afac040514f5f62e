import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { Sentence } from './sentence.mjs';

const PROGRAMS = ['redis-server', 'valkey-server'];
/** Where a server may lie although a plain user's PATH does not say so. */
const USUAL_PLACES = ['/usr/bin', '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
const POLICY = '/usr/sbin/policy-rc.d';

/**
 * The Redis server of this machine; where there is none, root on Debian and Ubuntu installs it.
 * @returns {Promise<string>} its absolute path
 */
export async function ensureRedisServer() {
  const found = findRedisServer();
  if (found) return found;
  if (process.getuid?.() === 0 && findProgram(['apt-get'])) {
    console.error('Installing redis-server …');
    installByApt();
    const installed = findRedisServer();
    if (installed) return installed;
  }
  throw new Sentence(howToGetRedis());
}

/** @param {string[]} [folders] where to look */
export function findRedisServer(folders) {
  return findProgram(PROGRAMS, folders);
}

/** @param {string[]} names */
function findProgram(names, folders = [...(process.env.PATH ?? '').split(delimiter).filter(Boolean), ...USUAL_PLACES]) {
  return names.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What to type, in one sentence, on the systems that people have. */
export function howToGetRedis() {
  return `No redis-server was found. Install one – Debian or Ubuntu: "sudo apt-get install redis-server"; Fedora: "sudo dnf install valkey"; Alpine: "apk add redis"; macOS: "brew install redis" – or set REDIS_URL to a Redis that runs already, or use "docker compose up".`;
}

function installByApt() {
  // Debian starts a service right after installing it. This file forbids it; it is the documented way (invoke-rc.d).
  const forbidding = !existsSync(POLICY);
  if (forbidding) {
    writeFileSync(POLICY, '#!/bin/sh\nexit 101\n');
    chmodSync(POLICY, 0o755);
  }
  try {
    const install = ['install', '-y', '--no-install-recommends', 'redis-server'];
    // With fresh package lists the first attempt succeeds; a machine that has none, or old ones, needs an update first.
    if (apt(install).status !== 0) {
      apt(['update']);
      const second = apt(install);
      if (second.status !== 0) {
        console.error(`${second.stdout}${second.stderr}`.trimEnd());
        throw new Sentence(
          'redis-server could not be installed: apt-get says above what stopped it. Install it by hand, or set REDIS_URL to a Redis that runs already.',
        );
      }
    }
    // Not at the next boot either: this machine got a program, not a service.
    if (existsSync('/run/systemd/system')) spawnSync('systemctl', ['disable', 'redis-server'], { stdio: 'ignore' });
  } finally {
    if (forbidding) rmSync(POLICY, { force: true });
  }
}

/** @param {string[]} args */
function apt(args) {
  return spawnSync('apt-get', args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}
