import { installDebianPackage } from './debian-package.mjs';
import { findProgram } from './program.mjs';
import { Sentence } from './sentence.mjs';

const PROGRAMS = ['redis-server', 'valkey-server'];
const MANUAL = 'Install it manually, or set REDIS_URL to a running Redis.';

/**
 * The Redis server of this machine; where there is none, root on Debian and Ubuntu installs it.
 * @returns {Promise<string>} its absolute path
 */
export async function ensureRedisServer() {
  const found =
    findRedisServer() ?? (installDebianPackage('redis-server', 'redis-server', MANUAL) ? findRedisServer() : undefined);
  if (!found) throw new Sentence(howToGetRedis());
  return found;
}

/** @param {string[]} [folders] to search */
export function findRedisServer(folders) {
  return findProgram(PROGRAMS, folders);
}

/** What to type, in one sentence, on the systems that people have. */
export function howToGetRedis() {
  return `No redis-server was found. Install one – Debian or Ubuntu: "sudo apt-get install redis-server"; Fedora: "sudo dnf install valkey"; Alpine: "apk add redis"; macOS: "brew install redis" – or set REDIS_URL to a Redis that runs already, or use "docker compose up".`;
}
