import { mkdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const BEAT_MS = 1_000;
/** A holder that gave no sign of life for so long is dead, or was stopped; pnpm itself runs beside our timer. */
const STALE_MS = 15_000;
const LOOK_AGAIN_MS = 100;

/**
 * Runs the work while no other bootstrap of this folder does: two installs at once would tear node_modules apart.
 * The lock is a folder, because making one either succeeds or finds it made; its owner touches it every second.
 * @template T
 * @param {string} folder
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withInstallLock(folder, work) {
  while (!take(folder)) {
    if (isStale(folder)) clear(folder);
    else await sleep(LOOK_AGAIN_MS);
  }
  const heart = setInterval(() => touch(folder), BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(heart);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param {string} folder */
function take(folder) {
  try {
    mkdirSync(folder);
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(folder, 'owner'), JSON.stringify({ pid: process.pid, host: hostname() }));
  return true;
}

/** @param {string} folder */
function touch(folder) {
  const now = new Date();
  try {
    utimesSync(folder, now, now);
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') throw error;
  }
}

/** @param {string} folder */
function isStale(folder) {
  try {
    if (Date.now() - statSync(folder).mtimeMs > STALE_MS) return true;
    const { pid, host } = JSON.parse(readFileSync(join(folder, 'owner'), 'utf8'));
    return host === hostname() && !lives(pid);
  } catch {
    // The owner is just making it, or just leaving.
    return false;
  }
}

/**
 * Of several that find the same dead lock, one clears it; and it looks again first, because meanwhile the lock may
 * have been cleared and taken anew.
 * @param {string} folder
 */
function clear(folder) {
  const clearing = `${folder}.clearing`;
  try {
    mkdirSync(clearing);
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    if (isOld(clearing)) rmSync(clearing, { recursive: true, force: true });
    return;
  }
  try {
    if (isStale(folder)) rmSync(folder, { recursive: true, force: true });
  } finally {
    rmSync(clearing, { recursive: true, force: true });
  }
}

/** @param {string} folder */
function isOld(folder) {
  try {
    return Date.now() - statSync(folder).mtimeMs > STALE_MS;
  } catch {
    return false;
  }
}

/** @param {number} pid */
function lives(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return codeOf(error) === 'EPERM';
  }
}

/** @param {unknown} error */
function codeOf(error) {
  return /** @type {NodeJS.ErrnoException} */ (error).code;
}
